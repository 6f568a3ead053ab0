{{ config(materialized='parallel_table') }}
-- Grain: one row a user and item whose wallet is wrong.
with

balances_by_item as (
    {{ claim_reconciliation.wallet_balances_by_item(ref('int_wallet_balances')) | indent(4) }}
),

final as (
    select
        user_id,
        item,
        discrepancy_type,
        wallet_quantity,
        expected_quantity,
        (wallet_quantity - expected_quantity)::bigint as quantity_discrepancy,
        wallet_expires_at,
        expected_expires_at,
        {{ claim_reconciliation.seconds_between('expected_expires_at', 'wallet_expires_at') }}
            as expiry_discrepancy_seconds,
        last_claimed_at,
        wallet_updated_at,
        last_activity_at,
        is_settled,
        built_at
    from balances_by_item
    where discrepancy_type is not null
)

select * from final
