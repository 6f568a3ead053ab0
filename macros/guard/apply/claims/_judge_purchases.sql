{% macro claim_ops__judge_purchases() %}
create function claim_ops._judge_purchases(p_kind text, p_items claim_ops.plan_lines[])
returns table (line_no integer, verdict text)
language sql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
    with planned as (
        select item.line_no, item.user_id, claim.tx_id, claim.sku, coalesce(claim.units, 1) as units
        from unnest(p_items) as item
        cross join lateral jsonb_to_recordset(item.details -> 'claims') as claim (
            tx_id text, sku text, units integer
        )
    )

    -- The trail goes on after the approval: what was refunded meanwhile would be given all the
    -- same.
    select planned.line_no, min(coalesce(
        purchases.reason,
        case
            when purchases.tx_id is null then 'no_purchase'
            when purchases.user_id is distinct from planned.user_id then 'conflicting_users'
            when purchases.sku is distinct from planned.sku then 'conflicting_skus'
            when purchases.units is distinct from planned.units then 'conflicting_units'
        end
    ))
    from planned
    left join claim_ops._purchases(p_kind, array(select planned.tx_id from planned)) as purchases
        on planned.tx_id = purchases.tx_id
    group by planned.line_no
$function$;
comment on function claim_ops._judge_purchases is
$$Looks a second time at the purchases of these lines: null where each is still what was planned,
else why not, such as refunded.$$;
{{ claim_reconciliation.guard_hand_over('_judge_purchases') }}
{% endmacro %}
