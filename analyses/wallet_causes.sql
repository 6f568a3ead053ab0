-- Grain: one row a cause, type and item: what the wallets that are wrong have in common, and the chapter of the runbook
-- that goes on. `restored backup`: nine in ten of the wallets whose last claim is of that hour are older than it, and
-- 10 or more in all; fewer are `lost update`. `spend`, `grant`: the wallet changed long after any claim, or holds more
-- than retries of a claim could give. `retry`: the wallet changed within settle_minutes of a claim. `time zone`: a
-- booster is off by whole half hours, at most 14 hours. Sizes are wallet minus expected, in units or hours.
{%- set settle = var('settle_minutes') %}
with

wrong as (
    select
        discrepancies.*,
        coalesce(discrepancies.quantity_discrepancy, discrepancies.expiry_discrepancy_seconds / 3600.0) as size,
        discrepancies.expected_quantity is not null as is_quantity
    from {{ ref('fct_wallet_discrepancies') }} as discrepancies
    where not discrepancies.is_accepted
),

claims as (
    select
        claims.*,
        sku_catalog.item,
        sku_catalog.quantity
    from {{ ref('stg_claim_service__purchase_claims') }} as claims
    left join {{ ref(var('sku_catalog_model')) }} as sku_catalog on claims.sku = sku_catalog.sku
    where claims.user_id in (select wrong.user_id from wrong)
),

-- What each wrong balance has to do with the user's claims: of any item, of this one, and before the wallet's change.
claims_beside as (
    select
        wrong.user_id,
        wrong.item,
        max(claims.claimed_at) as last_claimed_at_of_any_item,
        sum(claims.quantity) filter (where claims.item = wrong.item) as quantity_claimed,
        bool_or(
            claims.item = wrong.item and wrong.wallet_updated_at between
            {{ claim_reconciliation.minutes_after('claims.claimed_at', -1) }}
            and {{ claim_reconciliation.minutes_after('claims.claimed_at', settle) }}
        ) as is_beside_a_claim,
        (array_agg(claims.sku order by claims.claimed_at desc) filter (
            where claims.claimed_at <= {{ claim_reconciliation.minutes_after('wrong.wallet_updated_at', 1) }}
        ))[1] as sku_before_change
    from wrong
    left join claims on wrong.user_id = claims.user_id
    group by wrong.user_id, wrong.item
),

-- Of everybody whose last claim of the item is of that hour: how many wallets are older than it.
hours_of_claims as (
    select
        totals.item,
        date_trunc('hour', totals.last_claimed_at) as hour,
        count(*) as users,
        count(*) filter (
            where wallets.updated_at < {{ claim_reconciliation.minutes_after('totals.last_claimed_at', -1) }}
        ) as older_wallets
    from {{ ref('fct_claim_totals') }} as totals
    inner join {{ ref('stg_claim_service__user_wallet_balances') }} as wallets on totals.user_id = wallets.user_id
    where totals.last_claimed_at >= (select date_trunc('hour', min(wrong.last_claimed_at)) from wrong)
    group by totals.item, date_trunc('hour', totals.last_claimed_at)
    having count(*) filter (
        where wallets.updated_at < {{ claim_reconciliation.minutes_after('totals.last_claimed_at', -1) }}
    ) >= 3
),

emptied_hours as (
    select
        item,
        hour
    from (
        select
            *,
            sum(older_wallets) over (partition by item) as wallets_of_item
        from hours_of_claims
        where older_wallets >= 0.9 * users
    ) as hours
    where wallets_of_item >= 10
),

unclaimed as (
    select distinct
        purchases.user_id,
        sku_catalog.item
    from {{ ref('fct_purchase_discrepancies') }} as purchases
    inner join {{ ref(var('sku_catalog_model')) }} as sku_catalog on purchases.sku = sku_catalog.sku
    where purchases.discrepancy_type = 'missing_claim' and purchases.is_recoverable
),

explained as (
    select
        wrong.*,
        beside.sku_before_change,
        case
            when wrong.expected_quantity < 0 then 'negative ledger'
            when wrong.discrepancy_type = 'missing_wallet' then 'no wallet'
            when wrong.discrepancy_type = 'excess' and unclaimed.user_id is not null then 'unclaimed purchase'
            when
                wrong.wallet_updated_at
                < {{ claim_reconciliation.minutes_after('beside.last_claimed_at_of_any_item', -1) }}
                then case
                    when emptied_hours.hour is not null or wrong.discrepancy_type = 'excess' then 'restored backup'
                    else 'lost update'
                end
            when
                not wrong.is_quantity and abs(wrong.size) between 0.4 and 14.1
                and abs(wrong.size * 2 - round(wrong.size * 2)) * 1800 <= {{ var('booster_tolerance_seconds') }}
                then 'time zone'
            when
                wrong.discrepancy_type = 'short' and wrong.wallet_updated_at
                > {{ claim_reconciliation.minutes_after('beside.last_claimed_at_of_any_item', settle) }} then 'spend'
            when wrong.discrepancy_type = 'short' then 'lost update'
            when not wrong.is_quantity and beside.is_beside_a_claim then 'stacked by another rule'
            when beside.is_beside_a_claim and wrong.size <= 5 * beside.quantity_claimed then 'retry'
            else 'grant'
        end as cause
    from wrong
    inner join claims_beside as beside on wrong.user_id = beside.user_id and wrong.item = beside.item
    left join unclaimed on wrong.user_id = unclaimed.user_id and wrong.item = unclaimed.item
    left join emptied_hours
        on wrong.item = emptied_hours.item and date_trunc('hour', wrong.last_claimed_at) = emptied_hours.hour
),

hours_of_changes as (
    select
        cause,
        discrepancy_type,
        item,
        string_agg(hour || ' (' || balances || ')', ', ' order by balances desc, hour desc) as hours
    from (
        select
            cause,
            discrepancy_type,
            item,
            balances,
            to_char({{ claim_reconciliation.in_time_zone('hour', 'UTC') }}, 'YYYY-MM-DD HH24:00') as hour,
            row_number() over (partition by cause, discrepancy_type, item order by balances desc, hour desc) as rank
        from (
            select
                cause,
                discrepancy_type,
                item,
                date_trunc('hour', wallet_updated_at) as hour,
                count(*) as balances
            from explained
            where wallet_updated_at is not null
            group by cause, discrepancy_type, item, date_trunc('hour', wallet_updated_at)
        ) as counted
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
        min(hours_of_changes.hours) as busiest_hours_of_change,
        mode() within group (order by explained.sku_before_change) as last_sku_before_change,
        array_to_string(
            (array_agg(explained.user_id::text order by explained.wallet_updated_at desc nulls last))[:3], ' '
        )
            as three_users,
        case
            when explained.cause in ('spend', 'grant') then 'The app began to spend, or support to give'
            when explained.cause = 'restored backup' then 'A backup was restored'
            when explained.cause = 'unclaimed purchase' then 'Purchases are paid for and were never claimed'
            when explained.cause in ('time zone', 'stacked by another rule') then 'Boosters end too early or too late'
            else 'Wallets are wrong'
        end as chapter_of_the_runbook
    from explained
    left join hours_of_changes
        on
            explained.cause = hours_of_changes.cause
            and explained.discrepancy_type = hours_of_changes.discrepancy_type
            and explained.item = hours_of_changes.item
    group by explained.cause, explained.discrepancy_type, explained.item
)

select * from final
order by users desc, cause asc, discrepancy_type asc, item asc
