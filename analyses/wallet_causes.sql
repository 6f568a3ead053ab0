-- Grain: one row a cause, type and item: what the wallets that are wrong have in common, how many
-- are in flight, and the chapter of the runbook that goes on. Causes are those of
-- fct_discrepancy_causes. Sizes are wallet minus expected, in units or hours.
with

claims as (
    select * from {{ ref('stg_claim_service__purchase_claims') }}
),

causes as (
    select
        causes.probable_cause as cause,
        wrong.*,
        coalesce(wrong.quantity_discrepancy, wrong.expiry_discrepancy_seconds / 3600.0) as size
    from {{ ref('fct_discrepancy_causes') }} as causes
    inner join {{ ref('fct_wallet_discrepancies') }} as wrong
        on causes.user_id = wrong.user_id and causes.item = wrong.item
    where wrong.excused_because is null
),

explained as (
    select
        causes.*,
        (
            select claims.sku
            from claims
            where
                claims.user_id = causes.user_id
                and claims.claimed_at
                <= {{ claim_reconciliation.minutes_after('causes.wallet_updated_at', 1) }}
            order by claims.claimed_at desc, claims.tx_id desc
            limit 1
        ) as sku_before_change
    from causes
),

hours as (
    select
        cause,
        discrepancy_type,
        item,
        to_char(
            {{ claim_reconciliation.in_time_zone('wallet_updated_at', 'UTC') }},
            'YYYY-MM-DD HH24:00'
        ) as hour,
        count(*) as balances
    from explained
    where wallet_updated_at is not null
    group by cause, discrepancy_type, item, hour
),

busiest_hours as (
    select
        cause,
        discrepancy_type,
        item,
        string_agg(hour || ' (' || balances || ')', ', ' order by balances desc, hour desc) as hours
    from (
        select
            *,
            row_number() over (
                partition by cause, discrepancy_type, item order by balances desc, hour desc
            ) as rank
        from hours
    ) as ranked
    where rank <= 3
    group by cause, discrepancy_type, item
),

final as (
    select
        explained.cause,
        explained.discrepancy_type,
        explained.item,
        count(*) as users,
        count(*) filter (where not explained.is_settled) as in_flight,
        round(min(explained.size)::numeric, 1) as least,
        round((percentile_disc(0.5) within group (order by explained.size))::numeric, 1) as median,
        round(max(explained.size)::numeric, 1) as most,
        min(busiest_hours.hours) as busiest_hours_of_change,
        mode() within group (order by explained.sku_before_change) as last_sku_before_change,
        array_to_string((
            array_agg(explained.user_id::text order by explained.wallet_updated_at desc nulls last)
        )[:3], ' ') as three_users,
        case
            when explained.cause = 'doubled_update' then 'Too much: a retry storm'
            when explained.cause in ('spend', 'hand_edit', 'bulk_write', 'unknown')
                then 'The app began to spend, or support to give'
            when explained.cause = 'restored_backup' then 'A backup was restored'
            when explained.cause = 'unclaimed_purchase'
                then 'Purchases are paid for and were never claimed'
            when explained.cause in ('time_zone', 'stacking_policy')
                then 'Boosters end too early or too late'
            else 'Wallets are wrong'
        end as chapter_of_the_runbook
    from explained
    left join busiest_hours
        on
            explained.cause = busiest_hours.cause
            and explained.discrepancy_type = busiest_hours.discrepancy_type
            and explained.item = busiest_hours.item
    group by explained.cause, explained.discrepancy_type, explained.item
)

select * from final
order by users desc, cause asc, discrepancy_type asc, item asc
