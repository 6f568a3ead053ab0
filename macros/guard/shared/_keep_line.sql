{% macro claim_ops__keep_line() %}
create function claim_ops._keep_line()
returns trigger
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
    v_made_in xid8;
begin
    -- The plan's row lock first: an approval waits for an uncommitted line, and a
    -- line for an approval.
    select plans.made_in into v_made_in
    from claim_ops.plans
    where plans.plan_id = new.plan_id
    for update;

    -- A line that comes after the approval would be applied, and nobody has approved it.
    if v_made_in is distinct from pg_current_xact_id() then
        perform claim_ops._refuse(
            'CO012',
            format('plan %s has been made: no line can be added to it', new.plan_id),
            'A plan''s lines are written in the transaction that makes it.',
            'Make another plan: claimctl plan --help'
        );
    end if;
    return new;
end
$function$;
comment on function claim_ops._keep_line is
'Trigger: lines and chunks come only in the transaction that makes the plan.';
{{ claim_reconciliation.guard_hand_over('_keep_line') }}
{% endmacro %}
