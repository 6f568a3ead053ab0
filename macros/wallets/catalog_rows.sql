{% macro catalog_rows(sku_catalog) %}
    {#- The catalogue with the time in which each row is in force, from valid_from until before
        valid_to; without these columns, or where they are empty, always. `distinct` fences it off,
        so that this is worked out once a row and not once a claim, and what reads the claims beside
        it is still parallel. -#}
select distinct
    sku,
    item,
    quantity,
    duration_hours,
    weekly_cap,
    monthly_cap,
    unit_price,
    coalesce(
        {{ claim_reconciliation.catalog_date('valid_from') }},
        {{ claim_reconciliation.infinity('-') }}
    ) as valid_from,
    coalesce(
        {{ claim_reconciliation.catalog_date('valid_to') }}, {{ claim_reconciliation.infinity() }}
    ) as valid_to
from {{ sku_catalog }} as stored
{%- endmacro %}


{% macro is_in_force(catalog, moment) %}
    {#- Whether a row of catalog_rows is in force at a moment;
        at an unknown one the row is that has no end. -#}
    (
        {{ catalog }}.valid_from <= coalesce({{ moment }}, {{ claim_reconciliation.infinity() }})
        and (
            {{ moment }} < {{ catalog }}.valid_to
            or {{ catalog }}.valid_to = {{ claim_reconciliation.infinity() }}
        )
    )
{%- endmacro %}


{% macro catalog_date(column) %}
    {#- A date of the catalogue's row `stored`, which a catalogue may do without. -#}
    {{- return(adapter.dispatch('catalog_date', 'claim_reconciliation')(column)) -}}
{% endmacro %}


{% macro default__catalog_date(column) %}
    {{- return("(to_jsonb(stored) ->> '" ~ column ~ "')::timestamptz") -}}
{% endmacro %}


{% macro spark__catalog_date(column) %}
    {%- set catalog = ref(var('sku_catalog_model')) -%}
    {%- set columns = adapter.get_columns_in_relation(catalog) | map(attribute='name') | list
        if execute else [] -%}
    {{- return(
        claim_reconciliation.typed(
            'stored.' ~ column if column in columns else 'null', 'timestamptz'
        )
    ) -}}
{% endmacro %}
