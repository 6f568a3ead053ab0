{% macro is_conflict(status_code, error_code) %}
    {#- Whether a cap refused the request: by the service's own reason,
        or by 409 where it gives none at all. -#}
    {%- if not claim_reconciliation.has_column('function_metrics', 'error_code') -%}
        coalesce({{ status_code }} = 409, false)
    {%- else -%}
        coalesce({{ error_code }} = 'cap_exceeded', false)
    {%- endif -%}
{% endmacro %}
