{% macro claim_ops_judge_purchases() %}
create function claim_ops.judge_purchases(p_user_id text)
returns table (
    tx_id text, sku text, purchased_at timestamptz, claimed_at text, verdict text,
    hours_paid numeric, hours_given numeric, window_type text, window_start timestamptz,
    used bigint, cap integer, user_zone text, user_window_start timestamptz, user_used bigint
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set row_security = off
as $function$
#variable_conflict use_column
declare
    v_user_ids {{ var('user_id_data_type') }}[];
    v_tx_ids text[];
    v_purchases claim_ops.judged_purchase[];
    v_zone text;
    v_now constant timestamptz := clock_timestamp();
begin
    {{- claim_reconciliation.as_spelled('p_user_id', 'user_id') }}
    v_user_ids := array[p_user_id::{{ var('user_id_data_type') }}];
    v_tx_ids := array(
        select distinct audit.tx_id::text
        from (
            {{ claim_reconciliation.guard_rows_of(
                'audit_purchases', ['tx_id'], 'v_user_ids'
            ) | indent(8) }}
        ) as audit
    );
    v_zone := coalesce((
        select wallets.time_zone
        from (
            {{ claim_reconciliation.guard_rows_of(
                'user_wallet_balances', ['time_zone'], 'v_user_ids'
            ) | indent(8) }}
        ) as wallets
        join pg_catalog.pg_timezone_names as zones on wallets.time_zone = zones.name
        limit 1
    ), '{{ var("local_timezone") }}');
    -- As a plan recovery of all that this user bought would see them.
    v_purchases := array(
        select row(
            numbered.number, numbered.tx_id, numbered.user_id, numbered.sku, numbered.purchased_at,
            numbered.reason, numbered.units
        )::claim_ops.judged_purchase
        from (
            select
                purchases.*,
                (row_number() over (order by purchases.purchased_at, purchases.tx_id))::integer
                    as number
            from claim_ops._purchases('claim_recovery', v_tx_ids) as purchases
            where purchases.claimed_by is null and purchases.user_id = any(v_user_ids)
        ) as numbered
        order by numbered.number
    );
    return query
    {{ claim_reconciliation.guard_judged_purchases() | indent(4) }};
end
$function$;
comment on function claim_ops.judge_purchases is
$$The purchases of a user that were paid for and have no claim, one row each, way of --claimed-at
and window of its cap: what a plan recovery would make of it (recoverable, over_cap or why not),
how much of the cap is used, in the caps' zone and in the user's, and how many of a booster's
hours it would give.$$;
{{ claim_reconciliation.guard_hand_over('judge_purchases', to=['claim_reader']) }}
{% endmacro %}


{% macro guard_judged_purchases() -%}
    {#- A query over v_purchases, v_user_ids and v_zone. What a window has used are the claims up to
        that moment, and the purchases before this one that are within it themselves. -#}
with moments as (
    {%- for claimed_at, at in [('purchase', 'null::timestamptz'), ('now', 'v_now')] %}
    select
        judged.*, '{{ claimed_at }}' as claimed_at,
        coalesce({{ at }}, judged.purchased_at) as moment
    from unnest(claim_ops._mark_over_cap(array(
        select row(
            purchase.number, purchase.tx_id, purchase.user_id, purchase.sku, purchase.purchased_at,
            coalesce(purchase.reason, case
                when {{ claim_reconciliation.guard_changed_since('purchase', at) | indent(16) }}
                    then 'catalogue_changed'
            end), purchase.units
        )::claim_ops.judged_purchase
        from unnest(v_purchases) as purchase
    ), {{ at }})) as judged
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),
counted as (
    select
        claims.tx_id::text as tx_id, claims.sku::text as sku, claims.claimed_at as moment,
        claims.units, null as way
    from (
        {{ claim_reconciliation.guard_rows_of(
            'purchase_claims', ['tx_id', 'sku', 'claimed_at', 'units'], 'v_user_ids'
        ) | indent(8) }}
    ) as claims
    union all
    select moments.tx_id, moments.sku, moments.moment, moments.units, moments.claimed_at
    from moments
    where moments.reason is null
),
windows as (
    {%- for window in claim_reconciliation.cap_windows() %}
    select
        moments.number, moments.claimed_at, '{{ window.type }}' as window_type,
        sku_catalog.{{ window.cap }} as cap,
        {{ claim_reconciliation.cap_window_start(window, 'moments.moment') }} as window_start,
        date_trunc('{{ window.type }}', moments.moment, v_zone) as user_window_start,
        coalesce(sum(coalesce(counted.units, 1)) filter (
            where {{ claim_reconciliation.is_in_cap_window(
                window, 'counted.moment', 'moments.moment'
            ) | indent(12) }}
        ), 0) as used,
        coalesce(sum(coalesce(counted.units, 1)) filter (
            where counted.moment >= date_trunc('{{ window.type }}', moments.moment, v_zone)
        ), 0) as user_used
    from moments
    join claim_ops.sku_catalog
        on moments.sku = sku_catalog.sku and sku_catalog.{{ window.cap }} is not null
        and {{ claim_reconciliation.is_in_force('sku_catalog', 'moments.moment') | indent(8) }}
    left join counted
        on moments.sku = counted.sku and (counted.way is null or counted.way = moments.claimed_at)
        and (counted.moment, counted.tx_id) < (moments.moment, moments.tx_id)
        -- A claim counts towards the cap of its time, and towards none where there was none; a
        -- plan counts alike.
        and exists (
            select 1 from claim_ops.sku_catalog as capped
            where capped.sku = counted.sku and capped.{{ window.cap }} is not null
                and {{ claim_reconciliation.is_in_force('capped', 'counted.moment') | indent(16) }}
        )
    group by moments.number, moments.claimed_at, moments.moment, sku_catalog.{{ window.cap }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)
select
    moments.tx_id, moments.sku, moments.purchased_at, moments.claimed_at,
    coalesce(moments.reason, 'recoverable'),
    (bought.duration_hours * moments.units * bought.quantity)::numeric as hours_paid,
    round(greatest(0, least(
        given.duration_hours * moments.units * given.quantity,
        extract(epoch from moments.moment - v_now) / 3600
            + given.duration_hours * moments.units * given.quantity
    ))::numeric, 1) as hours_given,
    windows.window_type, windows.window_start, windows.used::bigint, windows.cap::integer,
    case when windows.cap is not null then v_zone end, windows.user_window_start,
    windows.user_used::bigint
from moments
left join claim_ops.sku_catalog as bought
    on moments.sku = bought.sku
    and {{ claim_reconciliation.is_in_force('bought', 'moments.purchased_at') | indent(4) }}
left join claim_ops.sku_catalog as given
    on moments.sku = given.sku
    and {{ claim_reconciliation.is_in_force('given', 'moments.moment') | indent(4) }}
left join windows on moments.number = windows.number and moments.claimed_at = windows.claimed_at
where moments.reason is null or moments.reason in ('over_cap', 'in_flight', 'catalogue_changed')
order by moments.number, moments.claimed_at desc, windows.window_type desc
{%- endmacro %}
