{% macro catalog_rows(sku_catalog) %}
    {#- The catalogue with the time in which each row is in force, from valid_from until before valid_to; without these
        columns, or where they are empty, always. `distinct` fences it off, so that this is worked out once a row and not once
        a claim, and what reads the claims beside it is still parallel. -#}
select distinct
    sku,
    item,
    quantity,
    duration_hours,
    weekly_cap,
    monthly_cap,
    unit_price,
    coalesce((to_jsonb(stored) ->> 'valid_from')::timestamptz, '-infinity') as valid_from,
    coalesce((to_jsonb(stored) ->> 'valid_to')::timestamptz, 'infinity') as valid_to
from {{ sku_catalog }} as stored
{%- endmacro %}


{% macro is_in_force(catalog, moment) %}
    {#- Whether a row of catalog_rows is in force at a moment; at an unknown one the row is that has no end. -#}
    (
        {{ catalog }}.valid_from <= coalesce({{ moment }}, 'infinity')
        and ({{ moment }} < {{ catalog }}.valid_to or {{ catalog }}.valid_to = 'infinity')
    )
{%- endmacro %}
