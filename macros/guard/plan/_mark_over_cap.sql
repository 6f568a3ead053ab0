{% macro claim_ops__mark_over_cap() %}
create function claim_ops._mark_over_cap(
    p_purchases claim_ops.judged_purchase[], p_claimed_at timestamptz
)
returns claim_ops.judged_purchase[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
-- From the sixth round on, the plan that knows none of the arrays' sizes would be taken, and read
-- the claims once a purchase.
set plan_cache_mode = force_custom_plan
as $function$
declare
    v_judged claim_ops.judged_purchase[] := p_purchases;
    v_over integer[];
begin
    loop
        with planned as (
            select purchase.tx_id, purchase.user_id, purchase.sku, purchase.number, purchase.units,
                coalesce(p_claimed_at, purchase.purchased_at) as claimed_at
            from unnest(v_judged) as purchase
            where purchase.reason is null
        ),
        claims as (
            select
                planned.tx_id, planned.user_id, planned.sku, planned.claimed_at, planned.units,
                planned.number
            from planned
            union all
            select
                stored.tx_id::text, stored.user_id, stored.sku::text, stored.claimed_at,
                stored.units, null
            from (
                {{ claim_reconciliation.guard_rows_of(
                    'purchase_claims', ['tx_id', 'user_id', 'sku', 'claimed_at', 'units'],
                    'array(select purchase.user_id from unnest(v_judged) as purchase'
                    ' where purchase.reason is null)'
                ) | indent(12) }}
            ) as stored
        ),
        numbered as (
            {{ claim_reconciliation.claim_numbers('claims', 'claim_ops.sku_catalog') | indent(12) }}
        ),
        exceeding as materialized (
            select
                planned.number, planned.user_id, planned.sku, planned.claimed_at, planned.tx_id,
                planned.units, numbered.window_start, numbered.claim_number, numbered.cap
            from numbered
            join planned on numbered.tx_id = planned.tx_id
            where numbered.claim_number > numbered.cap
        ),
        candidates as materialized (
            select distinct
                exceeding.number, exceeding.user_id, exceeding.sku, exceeding.claimed_at,
                exceeding.tx_id, exceeding.units
            from exceeding
        ),
        -- Even without all the earlier candidates of its window; the first one has none.
        over_cap as (
            select exceeding.number
            from exceeding
            left join candidates
                on exceeding.user_id = candidates.user_id and exceeding.sku = candidates.sku
                and candidates.claimed_at >= exceeding.window_start
                and (candidates.claimed_at, candidates.tx_id)
                    < (exceeding.claimed_at, exceeding.tx_id)
            group by exceeding.number, exceeding.window_start, exceeding.claim_number, exceeding.cap
            having exceeding.claim_number - coalesce(sum(candidates.units), 0) > exceeding.cap
        )
        select array_agg(distinct over_cap.number) into v_over from over_cap;
        exit when v_over is null;
        -- Not all that exceed at once: without an earlier one, a later one may be within its cap.
        v_judged := array(
            select row(
                purchase.number, purchase.tx_id, purchase.user_id, purchase.sku,
                purchase.purchased_at,
                case when purchase.number = any(v_over) then 'over_cap' else purchase.reason end,
                purchase.units
            )::claim_ops.judged_purchase
            from unnest(v_judged) as purchase
            order by purchase.number
        );
    end loop;
    return v_judged;
end
$function$;
comment on function claim_ops._mark_over_cap is
$$Marks the purchases that would be claims beyond their caps as over_cap, each counted after the
user's claims and the earlier purchases that are within theirs; claimed at p_claimed_at, or when
they were bought.$$;
{{ claim_reconciliation.guard_hand_over('_mark_over_cap') }}
{% endmacro %}
