-- Grain: one row a claim of a capped SKU and window type that falls in another week or month by local_timezone than by
-- cap_timezone: what a service with a time zone bug would count in the wrong window. Most claims have one date by both
-- clocks, which is cheap to see.
{%- set local_time = claim_reconciliation.wall_time('claims.claimed_at', var('local_timezone')) %}
{%- set cap_time = claim_reconciliation.wall_time('claims.claimed_at', var('cap_timezone')) %}
with

claims as (
    select * from {{ ref('stg_claim_service__purchase_claims') }}
),

sku_catalog as (
    select * from {{ ref(var('sku_catalog_model')) }}
),

windows as (
    select
        claims.*,
        found.window_type,
        found.window_start_local,
        found.window_start_utc
    from claims
    inner join sku_catalog on claims.sku = sku_catalog.sku
    cross join
        lateral (
            {%- for window in claim_reconciliation.cap_windows() %}
                select
                    '{{ window.type }}' as window_type,
                    {{ claim_reconciliation.cap_window_start(window, 'claims.claimed_at', var('local_timezone')) }}
                        as window_start_local,
                    {{ claim_reconciliation.cap_window_start(window, 'claims.claimed_at', var('cap_timezone')) }}
                        as window_start_utc
                where
                    sku_catalog.{{ window.cap }} is not null
                    and date_trunc('{{ window.type }}', {{ local_time }})
                    <> date_trunc('{{ window.type }}', {{ cap_time }})
                {{ 'union all' if not loop.last }}
            {%- endfor %}
        ) as found
    where {{ local_time }}::date <> {{ cap_time }}::date
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
