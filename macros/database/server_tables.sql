{% macro server_tables() %}
    {#- A query for the claim service's tables, by the names that they are mapped to; those that do
        not exist are left out. By the catalogs, because to_regclass is an error to a reader who may
        not use the tables' schema. -#}
select
    names.source,
    quote_ident(pg_namespace.nspname) || '.' || quote_ident(pg_class.relname) as relation,
    pg_class.oid::regclass as table_id
from (
    values
    {%- for name in [
        'purchase_claims', 'user_wallet_balances', 'audit_purchases', 'function_metrics'
    ] %}
    {%- set table = claim_reconciliation.service_table(name) %}
    ('{{ name }}', '{{ table.schema }}', '{{ table.identifier }}'){{ ',' if not loop.last }}
    {%- endfor %}
) as names (source, schema_name, table_name)
inner join pg_catalog.pg_namespace on names.schema_name = pg_namespace.nspname
inner join pg_catalog.pg_class
    on pg_namespace.oid = pg_class.relnamespace and names.table_name = pg_class.relname
where pg_class.relkind in ('r', 'p')
{%- endmacro %}


{% macro service_table_names() %}
    {#- The names of the service's tables, as they are mapped, without their schemas. -#}
    {%- set names = [] -%}
    {%- for name in [
        'purchase_claims', 'user_wallet_balances', 'audit_purchases', 'function_metrics',
        'store_config', 'wallet_adjustments', 'queued_purchases',
    ] -%}
        {%- do names.append(
            claim_reconciliation.map_var('claim_service_tables').get(name, name).split('.')[-1]
        ) -%}
    {%- endfor -%}
    {{- return(names) -}}
{% endmacro %}
