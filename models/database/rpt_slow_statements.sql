{{ config(materialized='replaced_view') }}
-- Grain: one row a statement on one of the claim service's tables. Times are means of totals.
with

statements as (
    select * from {{ ref('stg_server__statements') }}
),

final as (
    select
        statement_id,
        regexp_replace(statement, '\s+', ' ', 'g') as statement,
        calls,
        total_time_ms,
        total_time_ms / nullif(calls, 0) as mean_time_ms,
        longest_time_ms,
        returned_rows,
        measured_at
    from statements
    where statement ~* '\m({{ claim_reconciliation.service_table_names() | join("|") }})\M'
)

select * from final
