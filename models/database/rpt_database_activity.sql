{{ config(materialized='replaced_view') }}
-- Grain: one row a state of connections and what they wait for, right now.
with

connections as (
    select * from {{ ref('stg_server__connections') }}
),

final as (
    select
        coalesce(state, 'hidden') as state,
        coalesce(wait_event_type, 'none') as wait_event_type,
        count(*) as connections,
        count(*) filter (where is_blocked) as blocked_connections,
        {{ claim_reconciliation.seconds_between(
            'min(transaction_started_at)', claim_reconciliation.current_time()
        ) }} as longest_transaction_seconds,
        (
            array_agg(pid order by transaction_started_at)
            filter (where transaction_started_at is not null)
        )[1] as longest_transaction_pid,
        {{ claim_reconciliation.seconds_between(
            'min(state_changed_at)', claim_reconciliation.current_time()
        ) }} as longest_in_state_seconds
    from connections
    group by 1, 2
)

select * from final
