-- Grain: one row a pattern and subject of the last 30 days. `even_gaps`: a user whose five or more
-- claims follow each other at gaps that differ by less than a tenth, as no human's do.
-- `many_accounts`: a minute in which ten or more users made the first claim of their lives.
with

claims as (
    select * from {{ ref('stg_claim_service__purchase_claims') }}
    where user_id is not null
),

gaps as (
    select
        *,
        {{ claim_reconciliation.seconds_between(
            'lag(claimed_at) over (partition by user_id order by claimed_at)', 'claimed_at'
        ) }} as gap_seconds,
        min(claimed_at) over (partition by user_id) as first_claimed_at
    from claims
),

recent as (
    select * from gaps
    where claimed_at > {{ claim_reconciliation.hours_after(
        claim_reconciliation.current_time(), -720
    ) }}
),

even_gaps as (
    select
        'even_gaps' as pattern,
        user_id::text as subject,
        count(*) as claims,
        min(claimed_at) as first_claimed_at,
        max(claimed_at) as last_claimed_at
    from recent
    group by user_id
    having count(gap_seconds) >= 4 and max(gap_seconds) <= 1.1 * min(gap_seconds)
),

many_accounts as (
    select
        'many_accounts' as pattern,
        date_trunc('minute', claimed_at)::text as subject,
        count(*) as claims,
        min(claimed_at) as first_claimed_at,
        max(claimed_at) as last_claimed_at
    from recent
    where claimed_at = first_claimed_at
    group by date_trunc('minute', claimed_at)
    having count(distinct user_id) >= 10
),

final as (
    select * from even_gaps
    union all
    select * from many_accounts
)

select * from final
order by claims desc, pattern asc, subject asc
