-- Grain: one row a user and item with claims.
{{ config(materialized='view') }}

with

balances_by_item as (
    {{ claim_reconciliation.wallet_balances_by_item(ref('int_wallet_balances')) | indent(4) }}
),

final as (
    select
        user_id,
        item,
        claims::bigint as claims,
        quantity_claimed::bigint as quantity_claimed,
        first_claimed_at,
        last_claimed_at
    from balances_by_item
    where claims > 0
)

select * from final
