{% macro last_loaded_at(table, column) %}
    {#- A query for the time of a source's latest row, by the names, zones and filters of the vars,
        for `dbt source freshness`. -#}
select max({{ claim_reconciliation.service_value(table, column) }})
from {{ claim_reconciliation.service_table(table) }}
{{ claim_reconciliation.where_counts(table) }}
{% endmacro %}
