-- Grain: one row a claim of one user and a status of its purchase, latest first; a claim without a purchase has a row too,
-- which the runbook's join leaves out. dbt compile --vars '{user: ...}'; claimctl explain USER shows more.
with

claims as (
    select * from {{ ref('stg_claim_service__purchase_claims') }}
    where user_id::text = '{{ var("user", "00000000-0000-0000-0000-000000000000") }}'
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
        audit.user_id is distinct from claims.user_id and audit.tx_id is not null as names_another_user
    from claims
    left join audit on claims.tx_id = audit.tx_id
)

select * from final
order by claimed_at desc, tx_id, purchased_at
