-- Grain: one row a user with a claim, an adjustment or a wallet; columns generated for each item of `wallet_items`.
-- The only model that reads claims and wallets: each once, in one statement, hence at one snapshot. Whatever is judged
-- by the time is judged by this row's built_at.
{{ config(materialized='retained_table') }}

with

claims as (
    select * from {{ ref('stg_claim_service__purchase_claims') }}
),

wallets as (
    {{ claim_reconciliation.one_wallet_a_user(ref('stg_claim_service__user_wallet_balances')) | indent(4) }}
),

sku_catalog as (
    select * from {{ ref(var('sku_catalog_model')) }}
),

ledger as (
    {%- set adjustments = ref('stg_claim_service__wallet_adjustments') %}
    {{ claim_reconciliation.ledger_by_user('claims', adjustments, 'sku_catalog') | indent(4) }}
),

balances as (
    {{ claim_reconciliation.wallet_balances('ledger', 'wallets', claim_reconciliation.current_time()) | indent(4) }}
),

final as (
    select
        *,
        {{ claim_reconciliation.is_settled('last_activity_at', 'built_at') }} as is_settled
    from balances
)

select * from final
