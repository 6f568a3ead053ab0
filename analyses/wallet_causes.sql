-- Grain: one row a cause, type and item: what the wallets that are wrong have in common, and the chapter of the runbook
-- that goes on. `restored backup`: nine in ten of the wallets whose last claim is of that hour are older than it, and
-- 10 or more in all; fewer are `lost update`. `spend`, `grant`: the wallet changed long after any claim, or holds more
-- than retries of a claim could give. `retry`: the wallet changed within settle_minutes of a claim. `time zone`: a
-- booster is off by whole half hours, at most 14 hours. Sizes are wallet minus expected, in units or hours.
with

{{ claim_reconciliation.explained_wallets() }},

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
