{% macro server_tables() %}
    {#- A query for the claim service's tables, by the names that they are mapped to; those that do not exist are left
        out. -#}
select
    source,
    relation,
    to_regclass(relation) as table_id
from (
    values
    {%- for name in ['purchase_claims', 'user_wallet_balances', 'audit_purchases', 'function_metrics'] %}
    {%- set table = claim_reconciliation.service_table(name) %}
    ('{{ name }}', quote_ident('{{ table.schema }}') || '.' || quote_ident('{{ table.identifier }}')){{ ',' if not loop.last }}
    {%- endfor %}
) as tables (source, relation)
where to_regclass(relation) is not null
{%- endmacro %}


{% macro service_table_names() %}
    {#- The names of the service's tables, as they are mapped, without their schemas. -#}
    {%- set names = [] -%}
    {%- for name in [
        'purchase_claims', 'user_wallet_balances', 'audit_purchases', 'function_metrics', 'store_config',
        'wallet_adjustments', 'queued_purchases',
    ] -%}
        {%- do names.append(var('claim_service_tables').get(name, name).split('.')[-1]) -%}
    {%- endfor -%}
    {{- return(names) -}}
{% endmacro %}
