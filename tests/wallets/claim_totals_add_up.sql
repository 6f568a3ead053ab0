-- Σ of the totals by item = Σ of the claims by item in the layer below, and no more claims than the
-- ledger holds: claims only come, so that a claim counted twice shows as one too many.
with

totals as (
    select
        coalesce(sum(claims), 0) as claims,
        coalesce(sum(quantity_claimed), 0) as quantity_claimed
    from {{ ref('fct_claim_totals') }}
),

balances as (
    select
        coalesce(sum(claims), 0) as all_claims,
        coalesce(sum(
            0
            {%- for item in claim_reconciliation.wallet_items() %}
                + {{ item.name }}_claims
            {%- endfor %}
        ), 0) as claims,
        coalesce(sum(
            0
            {%- for item in claim_reconciliation.wallet_items() %}
                + {{ item.name }}_quantity_claimed
            {%- endfor %}
        ), 0) as quantity_claimed
    from {{ ref('int_wallet_balances') }}
),

ledger as (
    select count(*) as claims from {{ ref('stg_claim_service__purchase_claims') }}
)

select
    totals.claims,
    balances.claims as expected_claims,
    totals.quantity_claimed,
    balances.quantity_claimed as expected_quantity_claimed,
    balances.all_claims,
    ledger.claims as ledger_claims
from totals
cross join balances
cross join ledger
where
    totals.claims is distinct from balances.claims
    or totals.quantity_claimed is distinct from balances.quantity_claimed
    or balances.all_claims > ledger.claims
