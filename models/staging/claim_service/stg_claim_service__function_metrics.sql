{{ config(materialized='replaced_view') }}
{%- set requested_at = claim_reconciliation.service_value('function_metrics', 'timestamp') %}
-- Grain: one row a request. The service's column "timestamp" becomes requested_at. One plain
-- select, so that a range of times is read by its index.
{{ 'select distinct' if var('deduplicate_metrics') else 'select' }}
    {{ requested_at }} as requested_at,
    {{ claim_reconciliation.service_column('function_metrics', 'function_name') }},
    {{ claim_reconciliation.service_column('function_metrics', 'status_code') }},
    {{ claim_reconciliation.service_column('function_metrics', 'duration_ms') }},
    {{ claim_reconciliation.service_column('function_metrics', 'error_code') }}
from {{ claim_reconciliation.service_table('function_metrics') }}
where {{ claim_reconciliation.up_to_as_of(requested_at) }}
