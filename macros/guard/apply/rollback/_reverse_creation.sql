{% macro guard_reverse_creation() %}
create function claim_ops._reverse_creation(
    p_plan claim_ops.plans, p_item claim_ops.plan_lines, p_batch_id bigint, p_pass integer,
    p_locked {{ var('user_id_data_type') }}[]
)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
declare
    v_verdict text;
begin
    begin
        if p_item.after is not null then
            perform claim_ops._limit_waits(claim_ops._waiting_ends_at());
            if claim_ops._create_wallet(p_item.user_id) then
                perform claim_ops._write_lines(p_batch_id, array[p_item]);
            else
                v_verdict := 'changed';
            end if;
        elsif not p_item.user_id = any(p_locked) then
            v_verdict := (
                select case when count(*) = 0 then 'changed' else 'busy' end
                from claim_ops._wallet_states(array[p_item.user_id]) as states
                where states.has_wallet
            );
        elsif claim_ops._delete_wallet(
            p_item.user_id, p_item.before, (p_item.details ->> 'wallet_updated_at')::timestamptz
        ) then
            perform claim_ops._write_unchanged(p_batch_id, p_item);
        else
            v_verdict := 'changed';
        end if;
    exception
        when lock_not_available then
            v_verdict := 'busy';
        when foreign_key_violation then
            v_verdict := 'no_such_user';
    end;
    if v_verdict <> 'busy' or p_pass >= 10 and v_verdict is not null then
        perform claim_ops._skip_lines(
            p_plan.plan_id, p_batch_id, jsonb_build_object(p_item.line_no::text, v_verdict)
        );
    end if;
end
$function$;
comment on function claim_ops._reverse_creation is
'Deletes a wallet that the reversed plan created and nobody changed since; or creates again one that a rollback deleted.';
{% endmacro %}
