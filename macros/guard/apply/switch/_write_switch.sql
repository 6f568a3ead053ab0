{% macro claim_ops__write_switch() %}
{%- set key = adapter.quote(claim_reconciliation.mapped_column('store_config', 'key')) -%}
{%- set value = adapter.quote(claim_reconciliation.mapped_column('store_config', 'value')) -%}
create function claim_ops._write_switch(p_before jsonb, p_after jsonb)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $function$
declare
    v_skus constant text[] := array(select jsonb_object_keys(p_before || p_after));
    v_present jsonb;
    v_wanted jsonb;
    v_written jsonb;
begin
    -- Locked: a key that the service adds between read and write would be lost.
    select {{ claim_reconciliation.switch_read('store_config') }} into v_present
    from {{ claim_reconciliation.guard_relation('store_config') }} as store_config
    where store_config.{{ key }} = 'sku_enabled'
    for update;
    -- What || makes of a text or a list, the service could not read.
    if jsonb_typeof(v_present) is distinct from 'object' then
        return 'changed';
    end if;
    -- Of the SKUs that the line names, the switch says what it said, or says as little.
    if v_present - array(select jsonb_object_keys(v_present - v_skus)) <> p_before then
        return 'changed';
    end if;
    v_wanted := (v_present - v_skus) || p_after;
    update {{ claim_reconciliation.guard_relation('store_config') }} as store_config
    set {{ value }} = {{ claim_reconciliation.switch_written('v_wanted') }}
    where store_config.{{ key }} = 'sku_enabled'
    returning {{ claim_reconciliation.switch_read('store_config') }} into v_written;
    -- A trigger may leave a SKU on sale that the plan reports as switched off.
    return case when v_written is distinct from v_wanted then 'not_written' end;
end
$function$;
comment on function claim_ops._write_switch is
$$Sets the SKUs of the switch to p_after and leaves its other keys; waits for its row. Returns null,
or why it did not: changed where the SKUs no longer say p_before, not_written where something else
came back. It runs as a role without any right on plans and journal.$$;
{{ claim_reconciliation.guard_hand_over('_write_switch', owner='claim_writer') }}
{% endmacro %}
