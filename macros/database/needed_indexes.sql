{% macro needed_indexes() %}
    {#- A query for the indexes that the service and this package need, with their keys as PostgreSQL writes them in DDL.
        scripts/claimctl/sql/doctor/indexes.sql has the same list, because the doctor needs no models; a test compares
        the two. -#}
    {%- set needed = [
        ('purchase_claims', ['tx_id'], true, 'a retried claim may count twice'),
        ('user_wallet_balances', ['user_id'], true, 'a user may get two wallets'),
        ('purchase_claims', ['user_id', 'sku', 'claimed_at'], false, 'each cap check reads the whole table'),
        ('audit_purchases', ['tx_id'], false, 'a recovery reads the whole table for each line'),
        ('audit_purchases', ['user_id'], false, 'a repair that takes an excess reads the whole table in each batch'),
        ('function_metrics', ['timestamp'], false, 'each look at the alerts reads the whole table'),
    ] -%}
    {%- for source, columns, is_unique, reason in needed -%}
select
    '{{ source }}' as source,
    array[
        {%- for column in columns -%}
            {%- set key = "quote_ident('" ~ claim_reconciliation.mapped_column(source, column) ~ "')" -%}
            {%- if column == 'timestamp' and claim_reconciliation.is_without_zone(source, column) -%}
                '(' || {{ key }} || ' AT TIME ZONE ''{{ claim_reconciliation.source_time_zone(source) }}''::text)'
            {%- else -%}
                {{ key }}
            {%- endif -%}
            {{- ', ' if not loop.last -}}
        {%- endfor -%}
    ] as keys,
    '{{ columns | join("_") }}' as name_part,
    {{ is_unique }} as is_unique,
    '{{ reason }}' as reason
    {{ 'union all ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
