{% macro claim_ops__apply_claim_line() %}
create function claim_ops._apply_claim_line(
    p_plan claim_ops.plans, p_item claim_ops.plan_lines, p_batch_id bigint, p_deadline timestamptz
)
returns jsonb
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
declare
    v_locked {{ var('user_id_data_type') }}[];
    v_verdict text;
begin
    perform claim_ops._limit_waits(p_deadline);
    -- A wallet that is created comes before its claims, which may refer to it; one that is there is locked after them.
    if p_item.before is null and not claim_ops._create_wallet(p_item.user_id) then
        return to_jsonb('changed'::text);
    end if;
    v_verdict := claim_ops._insert_claims(p_item.user_id, p_item.details -> 'claims', p_deadline);
    if v_verdict = 'not_written' then
        perform claim_ops._refuse_unwritten(
            format('a claim of user %s', p_item.user_id),
            '{{ claim_reconciliation.guard_relation('purchase_claims') }}', p_plan.plan_id
        );
    end if;
    v_locked := claim_ops._lock_wallets(array[p_item.user_id]);
    -- A later statement than the lock: only now does the snapshot hold every claim that the lock waited for.
    v_verdict := coalesce(
        v_verdict, claim_ops._judge_purchases(p_plan.kind, p_item), claim_ops._judge_claim_line(p_item, v_locked)
    );
    if v_verdict is not null then
        -- Back to the savepoint: neither claims nor wallet of a skipped line stay.
        raise exception using errcode = 'CO900', message = v_verdict;
    end if;
    if p_item.after = '{}' then
        perform claim_ops._write_unchanged(p_batch_id, p_item);
    else
        perform claim_ops._write_lines_at_once(p_batch_id, array[p_item]);
    end if;
    return null;
exception when others then
    if claim_ops._why_not_written(sqlstate, sqlerrm) is null then
        raise;
    end if;
    return claim_ops._why_not_written(sqlstate, sqlerrm);
end
$function$;
comment on function claim_ops._apply_claim_line is
$$Claims a user's purchases and credits his wallet, under a savepoint. Returns null, or why nothing of it stays: claimed, where
somebody was quicker; busy, where somebody holds the wallet or is claiming the same purchase; what _judge_purchases and
_judge_claim_line say.$$;
{{ claim_reconciliation.guard_hand_over('_apply_claim_line') }}
{% endmacro %}
