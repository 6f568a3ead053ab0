{% macro source_filter(name) %}
    {#- The condition of claim_service_filters by which rows of a source table count, in brackets; none where there is no
        condition. It names the table's own columns, whatever claim_service_columns calls them. -#}
    {%- set known = [
        'purchase_claims', 'user_wallet_balances', 'audit_purchases', 'wallet_adjustments', 'queued_purchases',
    ] -%}
    {%- set filters = var('claim_service_filters', {}) or {} -%}
    {%- for table in filters if table not in known -%}
        {{- exceptions.raise_compiler_error(
            'claim_service_filters names ' ~ table ~ '; it may name ' ~ known | join(', ') ~ '.'
        ) -}}
    {%- endfor -%}
    {{- return('(' ~ filters[name] ~ ')' if filters.get(name) else none) -}}
{% endmacro %}


{% macro and_counts(name) %}
    {#- ` and (condition)` where the source has one, to stand behind another condition; else nothing. -#}
    {%- set condition = claim_reconciliation.source_filter(name) -%}
    {{- ' and ' ~ condition if condition -}}
{% endmacro %}


{% macro where_counts(name) %}
    {#- `where (condition)` where the source has one; else nothing. -#}
    {%- set condition = claim_reconciliation.source_filter(name) -%}
    {{- 'where ' ~ condition if condition -}}
{% endmacro %}
