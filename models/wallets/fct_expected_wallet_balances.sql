-- Grain: one row a user with claims, adjustments or a wallet, and item;
-- every such user has every item.
{{ config(materialized='replaced_view') }}

with

balances_by_item as (
    {{ claim_reconciliation.wallet_balances_by_item(ref('int_wallet_balances')) | indent(4) }}
),

final as (
    select
        user_id,
        item,
        expected_quantity,
        expected_expires_at,
        last_claimed_at,
        last_activity_at,
        is_settled,
        built_at
    from balances_by_item
)

select * from final
