-- Grain: one row a purchase that was paid for, has no claim and would exceed a cap at the time it
-- was paid, but only for a boundary or an outage: who may deserve an override (claimctl plan
-- override), and why. `boundary`: by the clocks of the user's own zone it is within its caps;
-- `possible boundary`: nobody knows the user's zone, and it is by those of local_timezone, or of
-- claimctl analyse ... --zone ZONE. `outage`: it was bought while the alert error_rate had reason
-- to fire. Of any other purchase the cap did what it is for, and so it did of one that was bought
-- beside another one that was claimed or refunded.
{%- set sku_catalog = ref(var('sku_catalog_model')) %}
{%- set zone = (var('zone', none) or var('local_timezone')) | replace("'", "''") %}
{%- set minutes = var('alert_error_rate_minutes') %}
with

purchases as (
    select * from {{ ref('fct_purchase_discrepancies') }}
    where discrepancy_type = 'missing_claim' and is_recoverable
),

alert_minutes as (
    select
        *,
        {{ claim_reconciliation.minutes_after(
            'judged_at', '-row_number() over (order by judged_at)::int'
        ) }} as first_minute
    from {{ ref('int_alert_minutes') }}
    where alert = 'error_rate' and signal = 'breach'
),

-- The alert judges the five minutes before a moment, and fires after so many such moments in a row.
outages as (
    select
        {{ claim_reconciliation.minutes_after('min(judged_at)', '-5') }} as began_at,
        max(judged_at) as ended_at,
        max(value) as worst_error_rate
    from alert_minutes
    group by first_minute
    having count(*) >= {{ minutes }}
),

-- A zone that the database does not know is none.
zones as (
    select
        wallets.user_id,
        wallets.time_zone
    from {{ ref('stg_claim_service__user_wallet_balances') }} as wallets
    inner join pg_catalog.pg_timezone_names as time_zones on wallets.time_zone = time_zones.name
),

stored_claims as (
    select
        tx_id,
        user_id,
        sku,
        claimed_at,
        units
    from {{ ref('stg_claim_service__purchase_claims') }}
    where user_id in (select purchases.user_id from purchases)
),

claims as (
    select * from stored_claims
    union all
    select
        tx_id,
        user_id,
        sku,
        purchased_at,
        units
    from purchases
),

zoned_claims as (
    select
        claims.*,
        coalesce(zones.time_zone, '{{ zone }}') as time_zone
    from claims
    left join zones on claims.user_id = zones.user_id
),

numbered as (
    {{ claim_reconciliation.claim_numbers('claims', sku_catalog) | indent(4) }}
),

numbered_locally as (
    {{ claim_reconciliation.claim_numbers('zoned_claims', sku_catalog, zone='(claims.time_zone)')
        | indent(4) }}
),

refused as (
    select
        numbered.tx_id,
        string_agg(numbered.window_type, ', ' order by numbered.window_type desc) as exceeded,
        bool_and(numbered_locally.claim_number <= numbered_locally.cap) as is_within_local_caps,
        string_agg(
            'claim ' || numbered.claim_number || ' of ' || numbered.cap || ' in the '
            || numbered.window_type || ' since ' || numbered.window_start
            || ', by the user''s clocks claim ' || numbered_locally.claim_number
            || ' since ' || numbered_locally.window_start, '; ' order by numbered.window_type desc
        ) as counts
    from numbered
    inner join numbered_locally
        on
            numbered.tx_id = numbered_locally.tx_id
            and numbered.window_type = numbered_locally.window_type
    where numbered.claim_number > numbered.cap
    group by numbered.tx_id
),

-- What these users bought besides and got, or got their money back for.
settled_purchases as (
    select
        audit.tx_id,
        audit.user_id,
        audit.sku,
        min(audit.purchased_at) as purchased_at
    from {{ ref('stg_claim_service__audit_purchases') }} as audit
    left join stored_claims on audit.tx_id = stored_claims.tx_id
    where audit.user_id in (select purchases.user_id from purchases)
    group by audit.tx_id, audit.user_id, audit.sku
    having bool_or(
        stored_claims.tx_id is not null or {{ claim_reconciliation.is_refund('audit.status') }}
    )
),

judged as (
    select
        purchases.tx_id,
        purchases.user_id,
        purchases.sku,
        purchases.purchased_at,
        refused.exceeded,
        case
            when refused.is_within_local_caps and zones.user_id is not null then 'boundary'
            when outages.began_at is not null then 'outage'
            when refused.is_within_local_caps then 'possible boundary'
        end as refused_because,
        coalesce(zones.time_zone, '{{ zone }} (nobody knows the user''s zone)') as time_zone,
        refused.counts || case
            when outages.began_at is null then ''
            else
                '; up to ' || round((100 * outages.worst_error_rate)::numeric, 1)
                || ' % of requests failed from ' || outages.began_at || ' to ' || outages.ended_at
        end as evidence
    from purchases
    inner join refused on purchases.tx_id = refused.tx_id
    left join zones on purchases.user_id = zones.user_id
    left join outages on purchases.purchased_at between outages.began_at and outages.ended_at
    where
        not exists (
            select 1
            from settled_purchases as others
            where
                others.user_id = purchases.user_id
                and others.sku = purchases.sku
                and others.tx_id <> purchases.tx_id
                and others.purchased_at between
                {{ claim_reconciliation.minutes_after(
                    'purchases.purchased_at', -var('burst_gap_minutes')
                ) }}
                and {{ claim_reconciliation.minutes_after(
                    'purchases.purchased_at', var('burst_gap_minutes')
                ) }}
        )
),

final as (
    select distinct on (tx_id) *
    from judged
    where refused_because is not null
    order by tx_id, evidence
)

select * from final
order by purchased_at, tx_id
