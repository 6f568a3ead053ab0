{% macro claim_ops__roll_back_claims() %}
create function claim_ops._roll_back_claims(
    p_plan claim_ops.plans, p_item claim_ops.plan_lines, p_batch_id bigint, p_deadline timestamptz
)
returns jsonb
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
    v_verdict text;
    v_skipped jsonb;
begin
    perform claim_ops._limit_waits(p_deadline);
    -- A later plan of ours counted these claims: without them its wallet would be wrong.
    if not claim_ops._is_last_entry(p_item) then
        return to_jsonb('changed'::text);
    end if;
    -- In the order in which one may refer to the other: claims go before their wallet,
    -- and come after it.
    v_verdict := claim_ops._delete_claims(p_item.user_id, p_item.details -> 'claims_taken_back');
    if v_verdict is null and p_item.before = '{}' and p_item.after = '{}' then
        perform claim_ops._write_unchanged(p_batch_id, p_item);
    elsif v_verdict is null then
        perform claim_ops._roll_back_wallets(p_plan, array[p_item], p_batch_id, 10);
        select journal.detail into v_skipped
        from claim_ops.journal
        where journal.plan_id = p_plan.plan_id
            and journal.line_no = p_item.line_no
            and journal.event = 'skipped';
        if v_skipped is not null then
            -- Back to the savepoint: claims gone and credit kept would be an excess of our own
            -- making.
            raise exception using errcode = 'CO902', message = v_skipped;
        end if;
    end if;
    if v_verdict is null then
        select min(refused.value) into v_verdict
        from jsonb_each_text(claim_ops._insert_claims(
            {{ claim_reconciliation.guard_claims_of('array[p_item]') | indent(12) }}, p_deadline
        )) as refused;
    end if;
    if v_verdict = 'not_written' then
        perform claim_ops._refuse_unwritten(
            format('a claim of user %s', p_item.user_id),
            '{{ claim_reconciliation.guard_relation('purchase_claims') }}', p_plan.plan_id
        );
    elsif v_verdict is not null then
        -- Back to the savepoint: else a part of the claims would come or go without its credit.
        raise exception using errcode = 'CO900', message = v_verdict;
    end if;
    return null;
exception
    when sqlstate 'CO902' then
        return sqlerrm::jsonb;
    when others then
        if claim_ops._why_not_written(sqlstate, sqlerrm) is null then
            raise;
        end if;
        return claim_ops._why_not_written(sqlstate, sqlerrm);
end
$function$;
comment on function claim_ops._roll_back_claims is
$$Takes back the claims of a line with the wallet, or inserts them again, under a savepoint: both or
neither. Returns null, or why nothing of it stays: changed, where a claim or the wallet is no longer
as the plan wrote it; claimed, busy.$$;
{{ claim_reconciliation.guard_hand_over('_roll_back_claims') }}
{% endmacro %}
