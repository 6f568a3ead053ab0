{% macro claim_ops__plan_claims() %}
create function claim_ops._plan_claims(p_plan_id bigint, p_kind text, p_tx_ids text[])
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
declare
    v_limits constant jsonb := (
        select plans.limits from claim_ops.plans where plans.plan_id = p_plan_id
    );
    v_claimed_at constant timestamptz := case
        when v_limits ->> 'claimed_at' = 'now' then clock_timestamp()
    end;
    v_purchases claim_ops.judged_purchase[];
    v_unaudited integer[];
    v_over_cap integer[];
    v_refused jsonb;
begin
    perform claim_ops._check_rules(false);
    -- Without it `on conflict do nothing` protects nothing: the service's own claim
    -- would be a second one.
    {{- claim_reconciliation.guard_check_keys() }}
    {{- claim_reconciliation.guard_check_columns(['purchase_claims', 'user_wallet_balances']) }}
    select
        array_agg(row(
            numbered.number, numbered.tx_id, numbered.user_id, numbered.sku, numbered.purchased_at,
            coalesce(numbered.reason, case when numbered.is_changed then 'catalogue_changed' end),
            numbered.units
        )::claim_ops.judged_purchase order by numbered.number),
        array_agg(numbered.number) filter (where not numbered.is_audited)
    into v_purchases, v_unaudited
    from ({{ claim_reconciliation.guard_unclaimed_purchases() | indent(4) }}) as numbered;

    v_over_cap := array(
        select purchase.number
        from unnest(claim_ops._mark_over_cap(v_purchases, v_claimed_at)) as purchase
        where purchase.reason = 'over_cap'
    );
    v_purchases := array(
        select row(
            purchase.number, purchase.tx_id, purchase.user_id, purchase.sku, purchase.purchased_at,
            case
                when purchase.number = any(v_over_cap)
                    and not (v_limits -> 'include_over_cap')::boolean
                    then 'over_cap'
                else purchase.reason
            end,
            purchase.units
        )::claim_ops.judged_purchase
        from unnest(v_purchases) as purchase
    );

    with lines as materialized (
        select line.*
        from claim_ops._lines_to_claim(
            array(
                select purchase from unnest(v_purchases) as purchase
                where purchase.reason is null
            ),
            v_over_cap, v_unaudited, v_claimed_at
        ) as line
    ),
    planned as (
        insert into claim_ops.plan_lines (plan_id, line_no, user_id, before, after, details)
        select
            p_plan_id, row_number() over (order by line.user_id), line.user_id, line.before,
            line.after, line.details
        from (
            select lines.* from lines where lines.verdict is null
            order by lines.user_id
            limit (v_limits ->> 'limit')::integer
        ) as line
    )
    select coalesce(jsonb_object_agg(lines.user_id, lines.verdict), '{}') into v_refused
    from lines
    where lines.verdict is not null;

    insert into claim_ops.plan_left_out (
        plan_id, number, tx_id, user_id, sku, purchased_at, reason, units
    )
    select
        p_plan_id, purchase.number, purchase.tx_id, purchase.user_id, purchase.sku,
        purchase.purchased_at, coalesce(purchase.reason, v_refused ->> purchase.user_id::text),
        purchase.units
    from unnest(v_purchases) as purchase
    where purchase.reason is not null or v_refused ? purchase.user_id::text;
end
$function$;
comment on function claim_ops._plan_claims is
$$Writes the lines of a plan that claims purchases, one a user, and what it leaves out with the
reason: what may not be recovered, what is over its cap unless that is included, users in flight,
and wallets that agree with neither.$$;
{{ claim_reconciliation.guard_hand_over('_plan_claims') }}
{% endmacro %}
