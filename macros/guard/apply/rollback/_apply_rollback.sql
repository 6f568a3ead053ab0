{% macro claim_ops__apply_rollback() %}
create function claim_ops._apply_rollback(
    p_plan claim_ops.plans, p_items claim_ops.plan_lines[], p_batch_id bigint, p_pass integer
)
returns integer
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
    v_deadline constant timestamptz := claim_ops._waiting_ends_at();
    v_item claim_ops.plan_lines;
    v_verdict jsonb;
begin
    if p_items[1].user_id is null then
        return claim_ops._apply_kill_switch(p_plan, p_items, p_batch_id, p_pass);
    end if;
    perform claim_ops._roll_back_wallets(p_plan, array(
        select item from unnest(p_items) as item
        where not item.details ?| '{claims,claims_taken_back}'
    ), p_batch_id, p_pass);
    foreach v_item in array p_items loop
        continue when not v_item.details ?| '{claims,claims_taken_back}';
        v_verdict := claim_ops._roll_back_claims(p_plan, v_item, p_batch_id, v_deadline);
        perform claim_ops._skip_line(v_item, p_batch_id, p_pass, v_verdict);
        -- Behind a claim that waited, the locks of the rest would outlast deadlock_timeout.
        if clock_timestamp() > v_deadline then
            return v_item.line_no;
        end if;
    end loop;
    return p_items[cardinality(p_items)].line_no;
end
$function$;
comment on function claim_ops._apply_rollback is
$$Applies lines of a rollback: the wallets whose last write is the plan's get back what they held
before, claims that it inserted go, and so does what it switched.$$;
{{ claim_reconciliation.guard_hand_over('_apply_rollback') }}
{% endmacro %}
