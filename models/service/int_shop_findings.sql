{{ config(
    materialized='retained_table' if var('as_of', none) else 'incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    full_refresh=false,
    pre_hook="{{ 'delete from ' ~ this if is_incremental() else 'select 1' }}",
) }}
-- Grain: one row an alert about what a build found wrong of purchases and wallets, as of the build:
-- how many, since when, and the sentence that says so. Emptied and filled again in one transaction,
-- as int_shop_minutes.
with

shop as (
    select * from {{ ref('int_shop_minutes') }}
),

unclaimed as (
    select
        tx_id,
        user_id,
        unit_price * units as price,
        purchased_at,
        built_at
    from {{ ref('fct_purchase_discrepancies') }}
    where discrepancy_type = 'missing_claim' and is_recoverable and is_settled
),

-- Who goes on claiming is never inactive for a day,
-- and what the first build found is as old as the last activity.
old_discrepancies as (
    select
        probable_cause,
        least(first_found_at, last_activity_at) as wrong_since
    from {{ ref('fct_discrepancy_history') }}
    where
        ended_at is null
        and is_settled
        and not is_accepted
        and least(first_found_at, last_activity_at)
        < {{ claim_reconciliation.hours_after(
            'last_found_at', '-' ~ var('alert_discrepancy_hours')
        ) }}
),

share_of_hour as (
    {{ claim_reconciliation.unclaimed_share_of_hour('shop', 'unclaimed') | indent(4) }}
),

final as (
    select
        'unclaimed_purchases' as alert,
        count(*) as value,
        min(purchased_at) as since,
        count(*) || ' purchases, worth ' || coalesce(sum(price), 0)
        || ', were paid and have no claim though the'
        || ' store retries no more; of those of the last settled hour '
        || coalesce((select share_of_hour.share from share_of_hour), 'none') || '.' as description
    from unclaimed
    union all
    select
        'old_discrepancies' as alert,
        count(*) as value,
        min(wrong_since) as since,
        count(*)
        || ' settled balances are wrong since more than {{ var("alert_discrepancy_hours") }} hours'
        || coalesce(', the most by the cause ' || mode() within group (order by probable_cause), '')
        || '.'
            as description
    from old_discrepancies
)

select * from final
