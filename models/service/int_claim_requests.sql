{{ config(materialized='replaced_view') }}
-- Grain: one row a request to one of the functions in claim_functions, with what its answer means.
select
    requested_at,
    duration_ms,
    coalesce(status_code between 200 and 299, false) as is_success,
    {{ claim_reconciliation.is_conflict('status_code', 'error_code') }} as is_conflict,
    coalesce(status_code between 400 and 499, false)
    and not {{ claim_reconciliation.is_conflict('status_code', 'error_code') }} as is_client_error,
    -- Nobody knows of an answer without a status that it was one.
    coalesce(status_code >= 500, true) as is_error
from {{ ref('stg_claim_service__function_metrics') }}
where function_name in {{ claim_reconciliation.quoted_list(var('claim_functions')) }}
