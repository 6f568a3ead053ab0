{% macro claim_ops__read_switch() %}
{%- set relation = claim_reconciliation.guard_relation('store_config') -%}
{%- set key = adapter.quote(claim_reconciliation.mapped_column('store_config', 'key')) -%}
{%- set value = adapter.quote(claim_reconciliation.mapped_column('store_config', 'value')) -%}
create function claim_ops._read_switch(p_is_for_all boolean)
returns jsonb
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set row_security = off
as $function$
declare
    v_values constant jsonb[] := array(
        select {{ claim_reconciliation.switch_read() }} from {{ relation }}
        where {{ key }} = 'sku_enabled'
    );
    v_all_on constant jsonb := (select jsonb_object_agg(sku, true) from claim_ops.sku_catalog);
begin
    if cardinality(v_values) = 0 then
        perform claim_ops._refuse(
            'CO013', 'store_config has no row sku_enabled',
            'The switch is this row, a map of SKU to true or false.',
            format(
                'As the service''s owner: insert into %s (%s, %s) values (''sku_enabled'', %L);',
                '{{ relation }}', '{{ key }}', '{{ value }}', v_all_on
            )
        );
    elsif cardinality(v_values) > 1 then
        perform claim_ops._refuse(
            'CO013', format('store_config has %s rows sku_enabled', cardinality(v_values)),
            'Which of them the service reads is unknown.', 'Delete all but the one that it reads'
        );
    elsif jsonb_typeof(v_values[1]) is distinct from 'object' then
        perform claim_ops._refuse(
            'CO013',
            format(
                'the switch is %s, no map of SKU to true or false',
                coalesce(v_values[1]::text, 'null')
            ),
            'What it means for a SKU is unknown.',
            format(
                'As the service''s owner: update {{ relation }} set {{ value }} = %L '
                'where {{ key }} = ''sku_enabled'';',
                v_all_on
            )
        );
    elsif v_values[1] = '{}' and not p_is_for_all then
        perform claim_ops._refuse(
            'CO013',
            'the switch is {}, which may mean that every SKU is on or that every SKU is off',
            'To name one SKU would decide about the others.',
            'Name them all: claimctl plan kill-switch --all'
        );
    end if;
    return v_values[1];
end
$function$;
comment on function claim_ops._read_switch is
$$Returns the switch of the SKUs; refuses where it is not there, not a map, or so empty that one
SKU's entry would decide about all.$$;
{{ claim_reconciliation.guard_hand_over('_read_switch') }}
{% endmacro %}
