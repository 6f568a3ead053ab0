{% macro item_prices(sku_catalog) %}
    {#- What a unit of an item costs, and an hour of it: now, by the cheapest SKU that gives it. -#}
select
    item,
    min(unit_price / nullif(quantity, 0)) as unit_price,
    min(unit_price / nullif(quantity * duration_hours, 0)) as hour_price
from (
    {{ claim_reconciliation.catalog_rows(sku_catalog) | indent(4) }}
) as catalog
where {{ claim_reconciliation.is_in_force('catalog', claim_reconciliation.current_time()) }}
group by item
{%- endmacro %}


{% macro age_band(hours) %}
    {#- How long something has been wrong, in words. -#}
    case
        when {{ hours }} < 3 then 'under 3 hours'
        when {{ hours }} < 24 then 'under 1 day'
        when {{ hours }} < 168 then 'under 1 week'
        else 'older'
    end
{%- endmacro %}
