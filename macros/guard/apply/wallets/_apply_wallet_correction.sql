{% macro claim_ops__apply_wallet_correction() %}
create function claim_ops._apply_wallet_correction(
    p_plan claim_ops.plans, p_items claim_ops.plan_lines[], p_batch_id bigint, p_pass integer
)
returns integer
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set plan_cache_mode = force_custom_plan
as $function$
declare
    v_existing constant claim_ops.plan_lines[] := array(
        select item from unnest(p_items) as item where item.before is not null
    );
    v_deadline constant timestamptz := claim_ops._waiting_ends_at();
    v_locked {{ var('user_id_data_type') }}[];
    v_go integer[];
    v_verdicts jsonb;
begin
    {{- claim_reconciliation.guard_check_keys(['user_wallet_balances']) }}
    -- Before any wallet is locked: a writer whose insert we wait for may want a wallet that we
    -- hold, and one of us would die.
    perform claim_ops._apply_in_halves('_write_missing_wallets', p_plan, array(
        select item from unnest(p_items) as item where item.before is null
    ), p_batch_id, p_pass, v_deadline);

    v_locked := claim_ops._lock_wallets(array(select item.user_id from unnest(v_existing) as item));
    -- A later statement than the lock: only now does the snapshot hold every claim that
    -- the locks waited for.
    select
        array_agg(judged.line_no) filter (where judged.verdict is null),
        jsonb_object_agg(judged.line_no, judged.verdict)
            filter (where judged.verdict is not null)
    into v_go, v_verdicts
    from claim_ops._judge_lines(p_plan, v_existing, v_locked) as judged;

    perform claim_ops._skip_lines(p_plan.plan_id, p_batch_id, p_pass, coalesce(v_verdicts, '{}'));
    perform claim_ops._apply_in_halves('_write_lines', p_plan, array(
        select item from unnest(v_existing) as item where item.line_no = any(v_go)
    ), p_batch_id, p_pass, v_deadline);
    return p_items[cardinality(p_items)].line_no;
end
$function$;
comment on function claim_ops._apply_wallet_correction is
$$Applies lines of a wallet correction. Missing wallets first, under one deadline for all
waiting; then those that are there: locks, looks again, writes, journals. One transaction
with its journal.$$;
{{ claim_reconciliation.guard_hand_over('_apply_wallet_correction') }}
{% endmacro %}
