{% macro claim_ops__reverse_creation() %}
create function claim_ops._reverse_creation(
    p_plan claim_ops.plans, p_item claim_ops.plan_lines, p_batch_id bigint, p_pass integer
)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
declare
    v_verdict jsonb;
begin
    begin
        if p_item.after is null then
            -- Its caller has locked and judged the wallet: our write is its last one.
            if claim_ops._delete_wallet(
                p_item.user_id, p_item.before, (p_item.details ->> 'wallet_updated_at')::timestamptz
            ) then
                perform claim_ops._write_unchanged(p_batch_id, p_item);
            else
                v_verdict := to_jsonb('changed'::text);
            end if;
        -- What a later plan gave this user would be overwritten with an older state.
        elsif not claim_ops._is_last_entry(p_item) then
            v_verdict := to_jsonb('changed'::text);
        else
            perform claim_ops._limit_waits(claim_ops._waiting_ends_at());
            -- A wallet that is there again is somebody else's: ours over it would take what he
            -- gave.
            if claim_ops._create_wallet(p_item.user_id) then
                perform claim_ops._write_lines(
                    p_plan, array[p_item], p_batch_id, claim_ops._waiting_ends_at()
                );
            else
                v_verdict := to_jsonb('changed'::text);
            end if;
        end if;
    exception when others then
        v_verdict := claim_ops._why_not_written(sqlstate, sqlerrm);
        if v_verdict is null then
            raise;
        end if;
    end;
    perform claim_ops._skip_line(p_item, p_batch_id, p_pass, v_verdict);
end
$function$;
comment on function claim_ops._reverse_creation is
$$Deletes a wallet that the reversed plan created and nobody changed since; or creates again one
that a rollback deleted.$$;
{{ claim_reconciliation.guard_hand_over('_reverse_creation') }}
{% endmacro %}
