{% macro claim_ops__nothing_to_claim() %}
create function claim_ops._nothing_to_claim(p_plan_id bigint, p_where text)
returns text
language sql
volatile
set search_path = pg_catalog, pg_temp
as $function$
    select coalesce(
        'all that lacks a claim is left out: '
        || string_agg(format('%s %s', reason, purchases), ', ' order by reason),
        p_where
    )
    from (
        select plan_left_out.reason, count(*) as purchases
        from claim_ops.plan_left_out
        where plan_left_out.plan_id = p_plan_id
        group by plan_left_out.reason
    ) as reasons
$function$;
comment on function claim_ops._nothing_to_claim is
'Says why a plan that claims purchases has no line.';
{{ claim_reconciliation.guard_hand_over('_nothing_to_claim') }}
{% endmacro %}
