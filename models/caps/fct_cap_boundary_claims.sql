{{ config(materialized='parallel_table') }}
-- Grain: one row a claim of a capped SKU and window type that falls in another week or month by
-- local_timezone than by cap_timezone: what a service with a time zone bug would count in the wrong
-- window. Zones are asked only about claims near a midnight on which a week or month starts.
{%- set local_time = claim_reconciliation.wall_time('claims.claimed_at', var('local_timezone')) %}
{%- set cap_time = claim_reconciliation.wall_time('claims.claimed_at', var('cap_timezone')) %}
with

claims as (
    select * from {{ ref('stg_claim_service__purchase_claims') }}
),

sku_catalog as (
    {{ claim_reconciliation.catalog_rows(ref(var('sku_catalog_model'))) | indent(4) }}
),

edges as (
    {{ claim_reconciliation.near_window_edges([var('local_timezone'), var('cap_timezone')])
        | indent(4) }}
),

windows as (
    select
        claims.*,
        found.window_type,
        found.window_start_local,
        found.window_start_utc
    from claims
    inner join sku_catalog
        on
            claims.sku = sku_catalog.sku
            and {{ claim_reconciliation.is_in_force(
                'sku_catalog', 'claims.claimed_at'
            ) | indent(12) }}
    cross join
        lateral (
            {%- for window in claim_reconciliation.cap_windows() %}
                select
                    '{{ window.type }}' as window_type,
                    {{ claim_reconciliation.cap_window_start(
                        window, 'claims.claimed_at', var('local_timezone')
                    ) }} as window_start_local,
                    {{ claim_reconciliation.cap_window_start(
                        window, 'claims.claimed_at', var('cap_timezone')
                    ) }} as window_start_utc
                where
                    sku_catalog.{{ window.cap }} is not null
                    and date_trunc('{{ window.type }}', {{ local_time }})
                    <> date_trunc('{{ window.type }}', {{ cap_time }})
                {{ 'union all' if not loop.last }}
            {%- endfor %}
        ) as found
    where
        {{ claim_reconciliation.lies_near('claims.claimed_at', 'edges') }}
        and coalesce(sku_catalog.weekly_cap, sku_catalog.monthly_cap) is not null
),

final as (
    select
        tx_id,
        user_id,
        sku,
        claimed_at,
        window_type,
        window_start_local,
        window_start_utc
    from windows
)

select * from final
