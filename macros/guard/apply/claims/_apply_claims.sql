{% macro claim_ops__apply_claims() %}
create function claim_ops._apply_claims(
    p_plan claim_ops.plans, p_items claim_ops.plan_lines[], p_batch_id bigint, p_pass integer
)
returns integer
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
begin
    -- In each batch: the key may have been dropped since the plan was made.
    {{- claim_reconciliation.guard_check_keys() }}
    return claim_ops._apply_in_halves(
        '_write_claims', p_plan, p_items, p_batch_id, p_pass, claim_ops._waiting_ends_at()
    );
end
$function$;
comment on function claim_ops._apply_claims is
$$Applies lines that claim purchases and returns the last one: where waiting took up the time that a
batch may wait, the rest is left to the next.$$;
{{ claim_reconciliation.guard_hand_over('_apply_claims') }}
{% endmacro %}
