{% macro models_too_old_at(built_at) -%}
    {#- When models that were built then say nothing any more: of them nothing is planned, and
        alerts on them are stale. -#}
    {{ claim_reconciliation.hours_after(built_at, var('max_model_age_hours')) }}
{%- endmacro %}
