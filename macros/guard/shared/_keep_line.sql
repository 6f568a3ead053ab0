{% macro claim_ops__keep_line() %}
create function claim_ops._keep_line()
returns trigger
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
    v_plan_id bigint;
begin
    -- A line that comes after the approval, or beside it, would be applied, and nobody has approved
    -- it. A line of no plan is refused with it, as by a foreign key.
    select added.plan_id into v_plan_id
    from (select distinct added.plan_id from added) as added
    left join claim_ops.plans on added.plan_id = plans.plan_id
    where plans.made_in is distinct from pg_current_xact_id()
    limit 1;
    if v_plan_id is not null then
        perform claim_ops._refuse(
            'CO012',
            format('plan %s is not being made now: no line can be added to it', v_plan_id),
            'A plan''s lines are written in the transaction that makes it.',
            'Make another plan: claimctl plan --help'
        );
    end if;
    return null;
end
$function$;
comment on function claim_ops._keep_line is
'Trigger: lines and chunks come only in the transaction that makes the plan.';
{{ claim_reconciliation.guard_hand_over('_keep_line') }}
{% endmacro %}
