{% macro analyze() %}
    {#- A hook of a table that nobody else analyzes in time. -#}
    {{- return(adapter.dispatch('analyze', 'claim_reconciliation')()) -}}
{% endmacro %}


{% macro default__analyze() %}
    analyze {{ this }}
{% endmacro %}


{% macro spark__analyze() %}
{% endmacro %}


{% macro delete_old_counts() %}
    {#- A hook of int_request_periods: what has no request any more and what is too old. -#}
    {{- return(adapter.dispatch('delete_old_counts', 'claim_reconciliation')()) -}}
{% endmacro %}


{% macro default__delete_old_counts() %}
    delete from {{ this }}
    where requests = 0 or started_at < {{ claim_reconciliation.metrics_kept_from() }}
{% endmacro %}


{% macro spark__delete_old_counts() %}
    {#- There each build counts all requests anew, and only what is young enough. -#}
{% endmacro %}


{% macro add_catalog_dates() %}
    {#- A table that an older version made has no dates yet,
        and dbt makes it anew only where it is told to. -#}
    {{- return(adapter.dispatch('add_catalog_dates', 'claim_reconciliation')()) -}}
{% endmacro %}


{% macro default__add_catalog_dates() %}
    alter table if exists {{ this }}
    add column if not exists valid_from timestamptz, add column if not exists valid_to timestamptz
{% endmacro %}


{% macro spark__add_catalog_dates() %}
{% endmacro %}
