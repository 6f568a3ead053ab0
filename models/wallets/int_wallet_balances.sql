-- Grain: one row a user with a claim, an adjustment or a wallet; columns generated for each item of
-- `wallet_items`. The only model that reads claims and wallets: at one snapshot, and only of users
-- whose rows changed since the last build. Whatever is judged by the time is judged by this row's
-- built_at.
{{ config(materialized='incremental_balances') }}
{%- set claims = ref('stg_claim_service__purchase_claims') %}
{%- set wallets = ref('stg_claim_service__user_wallet_balances') %}
{%- set adjustments = ref('stg_claim_service__wallet_adjustments') %}
{%- set sku_catalog = ref(var('sku_catalog_model')) %}
with

final as (
    {{ claim_reconciliation.balances_of(claims, wallets, adjustments, sku_catalog) | indent(4) }}
)

select * from final
