{% macro claim_ops__nothing_to_correct() %}
create function claim_ops._nothing_to_correct(p_plan_id bigint)
returns text
language sql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
    with proposals as (
        select 'of the proposals none is wrong and quiet: ' || coalesce(
            (
                select string_agg(
                    format('%s %s', outcomes.outcome, outcomes.proposals),
                    ', ' order by outcomes.outcome
                )
                from jsonb_to_recordset(plans.limits #> '{proposals, outcomes}')
                    as outcomes (outcome text, proposals bigint)
            ),
            'there is none'
        ) as said
        from claim_ops.plans
        where plans.plan_id = p_plan_id and plans.limits ? 'proposals'
    ),
    left_out as (
        select 'all that is wrong is left out, ' || string_agg(
            format('%s %s', reasons.reason, reasons.balances)
            || coalesce(
                ' (come back at ' || to_char(reasons.settles_at, 'YYYY-MM-DD HH24:MI') || ' UTC)',
                ''
            ),
            ', ' order by reasons.reason
        ) as said
        from (
            select
                plan_balances_left_out.reason, count(*) as balances,
                -- The next full minute: a minute too early would find them in flight again.
                date_trunc(
                    'minute', max(plan_balances_left_out.settles_at) + interval '1 minute'
                ) as settles_at
            from claim_ops.plan_balances_left_out
            where plan_balances_left_out.plan_id = p_plan_id
            group by plan_balances_left_out.reason
        ) as reasons
    )
    select coalesce(
        nullif(concat_ws('; ', (select proposals.said from proposals), left_out.said), ''),
        'no line is wrong in the way that was asked for'
    )
    from left_out
$function$;
comment on function claim_ops._nothing_to_correct is
'Says why a wallet correction has no line, and when to come back for users in flight.';
{{ claim_reconciliation.guard_hand_over('_nothing_to_correct') }}
{% endmacro %}
