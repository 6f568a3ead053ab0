{% macro explained_wallets() %}
    {#- The CTE explained, with those that it needs: one row a wrong balance that nobody accepted, its cause, its size (wallet
        minus expected, in units or hours), and the SKU of the last claim before the wallet's change. -#}
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

claims_beside as (
    {{ claim_reconciliation.claims_beside_wrong() | indent(4) }}
),

emptied_hours as (
    {{ claim_reconciliation.emptied_hours() | indent(4) }}
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
        {{ claim_reconciliation.wallet_cause() | indent(4) }} as cause
    from wrong
    inner join claims_beside as beside on wrong.user_id = beside.user_id and wrong.item = beside.item
    left join unclaimed on wrong.user_id = unclaimed.user_id and wrong.item = unclaimed.item
    left join emptied_hours
        on wrong.item = emptied_hours.item and date_trunc('hour', wrong.last_claimed_at) = emptied_hours.hour
)
{%- endmacro %}


{% macro claims_beside_wrong() %}
    {#- What each wrong balance has to do with the user's claims: of any item, of its own, and before the wallet's change. -#}
select
    wrong.user_id,
    wrong.item,
    max(claims.claimed_at) as last_claimed_at_of_any_item,
    sum(claims.quantity) filter (where claims.item = wrong.item) as quantity_claimed,
    bool_or(
        claims.item = wrong.item and wrong.wallet_updated_at between
        {{ claim_reconciliation.minutes_after('claims.claimed_at', -1) }}
        and {{ claim_reconciliation.minutes_after('claims.claimed_at', var('settle_minutes')) }}
    ) as is_beside_a_claim,
    (array_agg(claims.sku order by claims.claimed_at desc) filter (
        where claims.claimed_at <= {{ claim_reconciliation.minutes_after('wrong.wallet_updated_at', 1) }}
    ))[1] as sku_before_change
from wrong
left join claims on wrong.user_id = claims.user_id
group by wrong.user_id, wrong.item
{%- endmacro %}


{% macro emptied_hours() %}
    {#- The hours whose claims a restored backup lost: of everybody whose last claim of an item is of that hour, nine in ten
        wallets are older than it, and they are 10 or more in all. Lost updates leave most wallets of an hour right. -#}
select
    item,
    hour
from (
    select
        *,
        sum(older_wallets) over (partition by item) as wallets_of_item
    from (
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
    ) as hours
    where older_wallets >= 0.9 * users
) as emptied
where wallets_of_item >= 10
{%- endmacro %}


{% macro wallet_cause() %}
    {#- What a wrong balance looks like, where wrong, beside, unclaimed and emptied_hours are in scope. A guess by what is
        usual, for people who look further: nothing is planned by it. -#}
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
        > {{ claim_reconciliation.minutes_after('beside.last_claimed_at_of_any_item', var('settle_minutes')) }} then 'spend'
    when wrong.discrepancy_type = 'short' then 'lost update'
    when not wrong.is_quantity and beside.is_beside_a_claim then 'stacked by another rule'
    when beside.is_beside_a_claim and wrong.size <= 5 * beside.quantity_claimed then 'retry'
    else 'grant'
end
{%- endmacro %}
