{{ config(materialized='parallel_table') }}
-- Grain: one row a user and item whose wallet is wrong.
{%- set accounts = ref('stg_claim_service__users') if claim_reconciliation.has_source('users') %}
with

balances_by_item as (
    {{ claim_reconciliation.wallet_balances_by_item(
        ref('int_wallet_balances'), 'is_at_rest is not true'
    ) | indent(4) }}
),

accepted as (
    {{ claim_reconciliation.accepted_balances(ref('stg_claim_service__accepted_discrepancies')
        if claim_reconciliation.has_source('accepted_discrepancies')) | indent(4) }}
),

final as (
    select
        balances.user_id,
        balances.item,
        balances.discrepancy_type,
        balances.wallet_quantity,
        balances.expected_quantity,
        (balances.wallet_quantity - balances.expected_quantity)::bigint as quantity_discrepancy,
        balances.wallet_expires_at,
        balances.expected_expires_at,
        {{ claim_reconciliation.seconds_between(
            'balances.expected_expires_at', 'balances.wallet_expires_at'
        ) }} as expiry_discrepancy_seconds,
        balances.last_claimed_at,
        balances.wallet_updated_at,
        balances.last_activity_at,
        balances.is_settled,
        balances.built_at,
        accepted.user_id is not null as is_accepted,
        accepted.reason as accepted_because,
        accepted.accepted_until,
        case
            when {{ claim_reconciliation.is_account_gone(
                'balances.user_id', accounts
            ) | indent(12) }}
                then 'account_gone'
            when accepted.user_id is not null then 'accepted'
        end as excused_because
    from balances_by_item as balances
    left join accepted on balances.user_id = accepted.user_id and balances.item = accepted.item
    where balances.discrepancy_type is not null
)

select * from final
