{% macro claim_ops__check_columns() %}
{%- set reason = claim_reconciliation.unwritable_reason('v_column', 'v_table') %}
create function claim_ops._check_columns(
    p_table text, p_written text[], p_is_inserted boolean, p_harm text
)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
    v_table constant text := p_table::regclass::text;
    v_column record;
begin
    for v_column in
        {{ claim_reconciliation.unwritable_columns(
            'p_table::regclass', 'p_written', 'p_is_inserted'
        ) | indent(8) }}
        order by column_number
    loop
        -- Without it a plan is made, approved and begun, and the database refuses
        -- each of its lines.
        perform claim_ops._refuse('CO015', {{ reason.finding }}, p_harm, {{ reason.advice }});
    end loop;
end
$function$;
comment on function claim_ops._check_columns is
$$Refuses a table of the service with a column that keeps a plan from writing to it: a computed one,
or one that nothing fills.$$;
{{ claim_reconciliation.guard_hand_over('_check_columns') }}
{% endmacro %}


{% macro guard_check_columns(names) %}
    {#- Columns that no line of a plan could be written past. A wallet that cannot be inserted is
        skipped: others can be. -#}
    {%- for name in names %}
    perform claim_ops._check_columns(
        '{{ claim_reconciliation.guard_relation(name) }}',
        array['{{ claim_reconciliation.written_columns()[name] | join("', '") }}'],
        {{ (name == 'purchase_claims') | lower }}, 'No line of the plan could be written.'
    );
    {%- endfor %}
{%- endmacro %}


{% macro written_columns() %}
    {#- The columns that the guard writes, by table, as the service's tables call them. -#}
    {%- set written = {'purchase_claims': [], 'user_wallet_balances': []} -%}
    {%- for table, columns in {
        'purchase_claims': ['tx_id', 'user_id', 'sku', 'claimed_at'],
        'user_wallet_balances': ['user_id', 'updated_at'],
    }.items() -%}
        {%- for column in columns -%}
            {%- do written[table].append(claim_reconciliation.mapped_column(table, column)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if claim_reconciliation.keeps_units(['purchase_claims']) -%}
        {%- do written['purchase_claims'].append(
            claim_reconciliation.mapped_column('purchase_claims', 'units')
        ) -%}
    {%- endif -%}
    {%- for item in claim_reconciliation.wallet_items() -%}
        {%- do written['user_wallet_balances'].append(item.column) -%}
    {%- endfor -%}
    {{- return(written) -}}
{% endmacro %}
