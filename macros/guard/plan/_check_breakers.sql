{% macro claim_ops__check_breakers() %}
create function claim_ops._check_breakers(p_plan_id bigint, p_found jsonb default '{}')
returns jsonb
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set row_security = off
as $function$
declare
    v_figures jsonb;
    v_breaker record;
    v_tripped jsonb := '{}';
begin
    -- A ledger that was truncated or is hidden reads as if nobody were owed anything.
    if exists (
        select 1
        from claim_ops.plans
        join claim_ops.plan_kinds on plans.kind = plan_kinds.kind
        where plans.plan_id = p_plan_id and plan_kinds.needs_models
    ) and not exists (
        select 1
        from (
            {{ claim_reconciliation.guard_rows_of('purchase_claims', ['user_id']) | indent(8) }}
        ) as counted
    ) then
        perform claim_ops._refuse(
            'CO005', 'the ledger is empty: purchase_claims holds no row',
            'Every wallet would be set to nothing.',
            'Find out where the claims went: claimctl doctor'
        );
    end if;
    -- One plan at a time: two that are made at once would not see each other, and both pass.
    perform from claim_ops.locks where locks.name = 'breakers' for update;
    select jsonb_object_agg(figures.key, figures.value) into v_figures
    from jsonb_each(claim_ops._breaker_figures() || p_found) as figures
    join claim_ops.plans on plans.plan_id = p_plan_id
    join claim_ops.plan_kinds on plans.kind = plan_kinds.kind
    where figures.key = any(plan_kinds.breakers);
    for v_breaker in
        select
            limits.key as name,
            (v_figures ->> limits.key)::numeric as figure,
            coalesce(plans.limits -> 'raise' ->> limits.key, limits.value)::numeric as limit_value
        from claim_ops.plans
        cross join jsonb_each_text((select settings.settings from claim_ops.settings)) as limits
        where plans.plan_id = p_plan_id and v_figures ? limits.key
    loop
        if v_breaker.figure > v_breaker.limit_value then
            v_tripped := v_tripped || jsonb_build_object(
                v_breaker.name, format('%s, limit %s', v_breaker.figure, v_breaker.limit_value)
            );
        end if;
    end loop;
    if v_tripped ?| array[
        '{{ claim_reconciliation.breakers_that('suspects', none) | join("', '") }}'
    ] then
        perform claim_ops._refuse_suspicion(v_tripped, p_found);
    elsif v_tripped <> '{}' then
        perform claim_ops._refuse(
            'CO005',
            'the plan is larger than its limits: ' || (
                select string_agg(format('%s is %s', key, value), '; ' order by key)
                from jsonb_each_text(v_tripped)
            ),
            'Open and applied plans of the last 24 hours count together.',
            'Find the cause first; then narrow the plan (--limit, --item, --user) or raise the '
            'limit with a reason: '
            || (
                select string_agg(format('--raise %s=%s', key, v_figures ->> key), ' ' order by key)
                from jsonb_each(v_tripped)
            )
        );
    end if;
    return v_figures;
end
$function$;
comment on function claim_ops._check_breakers is
$$Refuses a plan whose figures exceed the limits of its kind, unless the maker raised the limit;
returns the figures.$$;
{{ claim_reconciliation.guard_hand_over('_check_breakers') }}
{% endmacro %}
