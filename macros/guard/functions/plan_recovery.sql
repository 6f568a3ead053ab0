{% macro guard_plan_recovery() %}
create function claim_ops.plan_recovery(
    p_reason text,
    p_from timestamptz,
    p_to timestamptz,
    p_user_id text default null,
    p_limit integer default null,
    p_claimed_at text default 'purchase',
    p_include_over_cap boolean default false,
    p_raise jsonb default '{}'
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set row_security = off
as $function$
declare
    v_tx_ids text[];
    v_plan_id bigint;
begin
    perform claim_ops._check_isolation();
    perform claim_ops._check_input('{}', p_limit, p_raise);
    perform claim_ops._check_range(p_from, p_to);
    v_plan_id := claim_ops._start_plan('claim_recovery', p_reason, claim_ops._claim_limits(
        p_user_id, p_limit, p_claimed_at, p_include_over_cap, p_raise
    ) || jsonb_build_object('from', p_from, 'to', p_to), null);

    with audit as (
        {{ claim_reconciliation.guard_rows_of('audit_purchases', ['tx_id', 'purchased_at']) | indent(4) }}
    ),
    claims as (
        {{ claim_reconciliation.guard_rows_of('purchase_claims', ['tx_id']) | indent(4) }}
    )
    select array_agg(distinct audit.tx_id::text) into v_tx_ids
    from audit
    left join claims on audit.tx_id = claims.tx_id
    where audit.purchased_at >= p_from and audit.purchased_at < p_to and claims.tx_id is null;

    perform claim_ops._plan_claims(v_plan_id, 'claim_recovery', v_tx_ids);
    perform claim_ops._finish_plan(v_plan_id, claim_ops._nothing_to_claim(
        v_plan_id, format('no purchase without a claim between %s and %s', p_from, p_to)
    ), 'fct_purchase_discrepancies lists them all');
    return v_plan_id;
end
$function$;
comment on function claim_ops.plan_recovery is
$$Plans the missing claims of the purchases made from p_from until before p_to, with their credit. Claimed when they were bought,
or now; those beyond a cap are left out unless included. Returns the plan's id.$$;
{% endmacro %}


{% macro guard_check_range() %}
create function claim_ops._check_range(p_from timestamptz, p_to timestamptz)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
begin
    if p_from is null or p_to is null then
        perform claim_ops._refuse(
            'CO013', 'a recovery needs both ends of its range', 'Without them it would reach back to the first purchase.',
            'Name the incident''s hours: --from 2026-11-24T08:00Z --to 2026-11-24T10:00Z'
        );
    elsif p_to <= p_from then
        perform claim_ops._refuse(
            'CO013', format('the range ends at %s, not after its start at %s', p_to, p_from), 'Its end is no part of it.',
            'Give --to a later time than --from'
        );
    elsif p_to > clock_timestamp() then
        perform claim_ops._refuse(
            'CO013', format('the range ends in the future, at %s', p_to), 'What is bought until then nobody has looked at.',
            'End it now or earlier'
        );
    end if;
end
$function$;
comment on function claim_ops._check_range is 'Refuses a range of time without an end, empty, or in the future.';
{% endmacro %}


{% macro guard_claim_limits() %}
create function claim_ops._claim_limits(
    p_user_id text, p_limit integer, p_claimed_at text, p_include_over_cap boolean, p_raise jsonb
)
returns jsonb
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
begin
    if p_claimed_at is null or p_claimed_at not in ('purchase', 'now') then
        perform claim_ops._refuse(
            'CO013', format('a claim is made at the time of purchase or now, not %L', p_claimed_at),
            'Caps and boosters count from that time.', '--claimed-at purchase, or --claimed-at now'
        );
    end if;
    return jsonb_strip_nulls(jsonb_build_object(
        'user_id', p_user_id, 'limit', p_limit, 'claimed_at', p_claimed_at,
        'include_over_cap', coalesce(p_include_over_cap, false), 'raise', p_raise
    ));
end
$function$;
comment on function claim_ops._claim_limits is 'The limits of a plan that claims purchases, as {name: value}; refuses an unknown policy of claimed_at.';
{% endmacro %}


{% macro guard_nothing_to_claim() %}
create function claim_ops._nothing_to_claim(p_plan_id bigint, p_where text)
returns text
language sql
volatile
set search_path = pg_catalog, pg_temp
as $function$
    select coalesce(
        'all that lacks a claim is left out: ' || string_agg(format('%s %s', reason, purchases), ', ' order by reason),
        p_where
    )
    from (
        select plan_left_out.reason, count(*) as purchases
        from claim_ops.plan_left_out
        where plan_left_out.plan_id = p_plan_id
        group by plan_left_out.reason
    ) as reasons
$function$;
comment on function claim_ops._nothing_to_claim is 'Says why a plan that claims purchases has no line.';
{% endmacro %}
