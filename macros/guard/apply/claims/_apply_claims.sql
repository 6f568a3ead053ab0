{% macro claim_ops__apply_claims() %}
create function claim_ops._apply_claims(
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
    -- In each batch: the key may have been dropped since the plan was made.
    {{- claim_reconciliation.guard_check_keys() }}
    foreach v_item in array p_items loop
        v_verdict := claim_ops._apply_claim_line(p_plan, v_item, p_batch_id, v_deadline);
        perform claim_ops._skip_line(v_item, p_batch_id, p_pass, v_verdict);
        -- The lines after it are the next batch's, which holds nothing yet.
        exit when clock_timestamp() >= v_deadline;
    end loop;
    return v_item.line_no;
end
$function$;
comment on function claim_ops._apply_claims is
$$Applies lines that claim purchases, each under a savepoint of its own, and returns the last one: where waiting took up the
time that a batch may wait, the rest is left to the next.$$;
{{ claim_reconciliation.guard_hand_over('_apply_claims') }}
{% endmacro %}
