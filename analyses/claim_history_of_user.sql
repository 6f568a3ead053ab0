-- Grain: one row a claim of one user and a status of its purchase; a claim without a purchase,
-- which the runbook's join leaves out, has a row too. claimctl analyse claim_history_of_user --user
-- USER; claimctl explain USER shows more.
with

claims as (
    select * from {{ ref('stg_claim_service__purchase_claims') }}
    where
        user_id::text
        = '{{ var("user", "00000000-0000-0000-0000-000000000000") | replace("'", "''") }}'
),

audit as (
    select * from {{ ref('stg_claim_service__audit_purchases') }}
),

final as (
    select
        claims.tx_id,
        claims.sku,
        claims.claimed_at,
        audit.status,
        audit.purchased_at,
        (audit.tx_id is not null and audit.user_id is distinct from claims.user_id)
            as names_another_user
    from claims
    left join audit on claims.tx_id = audit.tx_id
)

select * from final
order by claimed_at desc, tx_id asc, purchased_at asc
