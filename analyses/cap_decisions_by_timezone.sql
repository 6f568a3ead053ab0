-- Grain: one row a kind and window type: how many claims, and how many purchases that were paid for
-- and refused, the clocks of cap_timezone and of another zone judge differently: local_timezone, or
-- claimctl analyse ... --zone ZONE. A service that counts in the wrong zone lets through what is
-- beyond_cap_only and refuses what would be beyond_other_cap_only; where both are few, the zone is
-- not what users complain about.
{%- set zone = var('zone', none) or var('local_timezone') %}
{%- set claims = ref('stg_claim_service__purchase_claims') %}
{%- set sku_catalog = ref(var('sku_catalog_model')) %}
with

refused as (
    select
        tx_id,
        user_id,
        sku,
        purchased_at as claimed_at,
        purchase_units as units
    from {{ ref('fct_purchase_discrepancies') }}
    where discrepancy_type = 'missing_claim' and is_recoverable
),

with_refused as (
    select
        tx_id,
        user_id,
        sku,
        claimed_at,
        units
    from {{ claims }}
    where user_id in (select refused.user_id from refused)
    union all
    select * from refused
),

{% for kind, entries in [('claims', claims), ('refused', 'with_refused')] -%}
    {{ kind }}_by_cap_zone as (
        {{ claim_reconciliation.claim_numbers(entries, sku_catalog, zone=var('cap_timezone'))
            | indent(8) }}
    ),

    {{ kind }}_by_other_zone as (
        {{ claim_reconciliation.claim_numbers(entries, sku_catalog, zone=zone) | indent(8) }}
    ),
{%- endfor %}

compared as (
    {%- for kind, name in [('claims', 'claims'), ('refused', 'refused purchases')] %}
        select
            '{{ name }}' as kind,
            by_cap_zone.window_type,
            by_cap_zone.claim_number > by_cap_zone.cap as is_beyond_cap,
            by_other_zone.claim_number > by_other_zone.cap as is_beyond_other_cap,
            date_trunc(
                by_cap_zone.window_type,
                {{ claim_reconciliation.wall_time('by_cap_zone.claimed_at', zone) }}
            )
            <> date_trunc(
                by_cap_zone.window_type,
                {{ claim_reconciliation.wall_time('by_cap_zone.claimed_at', var('cap_timezone')) }}
            ) as is_at_boundary
        from {{ kind }}_by_cap_zone as by_cap_zone
        inner join {{ kind }}_by_other_zone as by_other_zone
            on
                by_cap_zone.tx_id = by_other_zone.tx_id
                and by_cap_zone.window_type = by_other_zone.window_type
        {%- if kind == 'refused' %}
            where by_cap_zone.tx_id in (select refused.tx_id from refused)
        {%- else %}
            union all
        {%- endif %}
    {%- endfor %}
),

final as (
    select
        kind,
        window_type,
        '{{ var("cap_timezone") }}' as cap_timezone,
        '{{ zone | replace("'", "''") }}' as other_timezone,
        count(*) as judged,
        count(*) filter (where is_at_boundary) as at_boundary,
        count(*) filter (where is_beyond_cap and is_beyond_other_cap) as beyond_both,
        count(*) filter (where is_beyond_cap and not is_beyond_other_cap) as beyond_cap_only,
        count(*) filter (where is_beyond_other_cap and not is_beyond_cap) as beyond_other_cap_only
    from compared
    group by kind, window_type
)

select * from final
order by kind asc, window_type desc
