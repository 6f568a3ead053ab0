-- Grain: one row a capped SKU and window type: how much of its cap the user has used by now,
-- read live.
with

sku_catalog as (
    select sku, weekly_cap, monthly_cap
    from {sku_catalog} as stored
    where coalesce((to_jsonb(stored) ->> 'valid_from')::timestamptz, '-infinity') <= now()
        and coalesce((to_jsonb(stored) ->> 'valid_to')::timestamptz, 'infinity') > now()
),

caps as (
    select sku, 'week' as window_type, weekly_cap as cap from sku_catalog
    union all
    select sku, 'month', monthly_cap from sku_catalog
)

select
    caps.sku,
    caps.window_type,
    to_char(windows.window_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"')
        as window_start,
    coalesce(sum(coalesce(claims.units, 1)) filter (where claims.tx_id is not null), 0) as claims,
    caps.cap
from caps
inner join {models}.int_current_cap_windows as windows on caps.window_type = windows.window_type
left join {models}.stg_claim_service__purchase_claims as claims
    on caps.sku = claims.sku
    and claims.user_id = cast(%(user_id)s as {user_id_type})
    and (
        claims.claimed_at > windows.window_start
        or windows.holds_its_start and claims.claimed_at = windows.window_start
    )
where caps.cap is not null
group by caps.sku, caps.window_type, windows.window_start, caps.cap
order by caps.sku, caps.window_type desc
