{{ config(materialized='replaced_view') }}
{%- set now = claim_reconciliation.current_time() %}
{%- set silence = var('alert_silence_minutes') %}
-- Grain: one row an alert about the shop: what builds found wrong of purchases and wallets, and whether log and claims
-- go on while the rest does. Each says in its description what was found.
with

requests as (
    select requested_at from {{ ref('int_claim_requests') }}
    where requested_at >= {{ claim_reconciliation.hours_after(now, -48) }} and requested_at <= {{ now }}
),

counted as (
    select started_at from {{ ref('int_request_periods') }}
    where period = 'minute'
),

shop as (
    select * from {{ ref('int_shop_minutes') }}
),

unclaimed as (
    select
        tx_id,
        user_id,
        unit_price,
        purchased_at,
        built_at
    from {{ ref('fct_purchase_discrepancies') }}
    where discrepancy_type = 'missing_claim' and is_recoverable and is_settled
),

old_discrepancies as (
    select last_activity_at from {{ ref('fct_wallet_discrepancies') }}
    where
        is_settled
        and last_activity_at < {{ claim_reconciliation.hours_after('built_at', '-' ~ var('alert_discrepancy_hours')) }}
),

-- The last request that the log knows, and the last claim that there is.
lasts as (
    select
        coalesce((select max(requested_at) from requests), (select max(started_at) from counted)) as metric_at,
        (select max(case when claims > 0 then started_at end) from shop) as claim_at,
        (select max(built_at) from shop) as built_at
),

-- The hour whose purchases are settled by now.
settled_hour as (
    select
        {{ claim_reconciliation.minutes_after(now, -60 - var('settle_minutes')) }} as first_at,
        {{ claim_reconciliation.minutes_after(now, -var('settle_minutes')) }} as ended_at
),

paid_in_hour as (
    select sum(shop.purchases) as purchases
    from settled_hour
    inner join shop on settled_hour.first_at <= shop.started_at and settled_hour.ended_at > shop.started_at
),

unclaimed_in_hour as (
    select count(*) as purchases
    from settled_hour
    inner join unclaimed
        on settled_hour.first_at <= unclaimed.purchased_at and settled_hour.ended_at > unclaimed.purchased_at
),

share_of_hour as (
    select
        round(100.0 * least(unclaimed_in_hour.purchases, paid_in_hour.purchases) / nullif(paid_in_hour.purchases, 0))
        || ' %' as share
    from paid_in_hour
    cross join unclaimed_in_hour
),

after_last_claim as (
    select
        coalesce(sum(shop.purchases), 0) as purchases,
        coalesce(min(lasts.claim_at), min(shop.started_at)) as since,
        {{ claim_reconciliation.utc_text('min(lasts.claim_at)') }} as last_claim
    from lasts
    left join shop
        on
            coalesce(lasts.claim_at, '-infinity') < shop.started_at
            and {{ claim_reconciliation.minutes_after('lasts.built_at', -silence) }} > shop.started_at
            and shop.purchases > 0
),

after_last_metric as (
    select
        coalesce(sum(shop.claims), 0) as claims,
        min(lasts.metric_at) as since,
        {{ claim_reconciliation.utc_text('min(lasts.metric_at)') }} as last_metric
    from lasts
    left join shop
        on
            lasts.metric_at < shop.started_at
            and lasts.metric_at < {{ claim_reconciliation.minutes_after(now, -silence) }}
            and shop.claims > 0
),

found as (
    select
        'unclaimed_purchases' as alert,
        count(*) as value,
        min(purchased_at) as since,
        count(*) || ' purchases, worth ' || coalesce(sum(unit_price), 0) || ', were paid and have no claim though the'
        || ' store retries no more; of those of the last settled hour '
        || coalesce((select share_of_hour.share from share_of_hour), 'none') || '.' as description
    from unclaimed
    union all
    select
        'old_discrepancies' as alert,
        count(*) as value,
        min(last_activity_at) as since,
        count(*) || ' settled balances are wrong since more than {{ var("alert_discrepancy_hours") }} hours.'
            as description
    from old_discrepancies
    union all
    select
        'claims_stop' as alert,
        purchases as value,
        since,
        purchases || ' purchases were paid for since the last claim' || coalesce(' of ' || last_claim, '') || '.'
            as description
    from after_last_claim
    union all
    select
        'log_not_written' as alert,
        claims as value,
        since,
        'The last metric is of ' || last_metric || ', and ' || claims || ' claims came since: the log is not written.'
            as description
    from after_last_metric
),

rules as (
    {%- for rule in claim_reconciliation.shop_alert_rules() %}
        select
            '{{ rule.alert }}' as alert,
            '{{ rule.severity }}' as severity,
            {{ rule.threshold }} as threshold,
            '{{ rule.anchor }}' as anchor,
            '{{ rule.description }}' as description
        {{ 'union all' if not loop.last }}
    {%- endfor %}
),

judged as (
    select
        rules.*,
        found.value,
        found.since,
        found.description as sentence,
        case
            when found.value > rules.threshold then 'breach'
            when rules.alert = 'log_not_written' and lasts.metric_at is null then 'no_data'
            else 'ok'
        end as signal
    from rules
    inner join found on rules.alert = found.alert
    cross join lasts
),

final as (
    select
        alert,
        severity,
        case signal when 'breach' then 'firing' else signal end as state,
        case signal when 'breach' then since else {{ claim_reconciliation.period_start(now, 1) }} end as since,
        value::double precision as value,
        threshold::double precision as threshold,
        signal,
        value::bigint as requests,
        1 as for_minutes,
        case signal when 'breach' then sentence else description end as description,
        anchor,
        {{ claim_reconciliation.period_start(now, 1) }} as last_judged_at
    from judged
)

select * from final
