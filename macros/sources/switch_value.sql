{% macro switch_read(alias=none) %}
    {#- The value of store_config's row sku_enabled as jsonb, whether the column is jsonb,
        json or text. -#}
    {%- set mapped = claim_reconciliation.mapped_column('store_config', 'value') -%}
    {%- set found = claim_reconciliation.found_column('store_config', 'value') -%}
    {%- set place = alias ~ '.' if alias else '' -%}
    {%- set value = place ~ (mapped if mapped == 'value' else adapter.quote(mapped)) -%}
    {%- if not found or found.base == 'jsonb' or found.type == 'string' -%}
        {{- return(value) -}}
    {%- endif -%}
    {#- Another row's text may be no JSON. -#}
    {%- set key = place
        ~ adapter.quote(claim_reconciliation.mapped_column('store_config', 'key')) -%}
    {{- return(
        'case when ' ~ key ~ "::text = 'sku_enabled' then " ~ value ~ '::jsonb else to_jsonb('
        ~ value ~ ') end'
    ) -}}
{% endmacro %}


{% macro switch_written(skus) %}
    {#- A switch, given as jsonb, as the column stores it. -#}
    {%- set mapped = claim_reconciliation.mapped_column('store_config', 'value') -%}
    {%- set found = claim_reconciliation.found_column('store_config', 'value') -%}
    {%- if not found or found.base == 'jsonb' -%}
        {{- return(skus) -}}
    {%- endif -%}
    {{- return(skus ~ '::text' ~ ('::json' if found.base == 'json' else '')) -}}
{% endmacro %}
