{% macro claim_ops_plan_override() %}
create function claim_ops.plan_override(
    p_reason text,
    p_ticket text,
    p_tx_id text,
    p_user_id text,
    p_claimed_at text default 'purchase',
    p_raise jsonb default '{}'
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set row_security = off
as $function$
declare
    v_plan_id bigint;
begin
    perform claim_ops._check_isolation();
    perform claim_ops._check_input('{}', null, p_raise);
    if coalesce(btrim(p_ticket), '') = '' then
        perform claim_ops._refuse(
            'CO013', 'an override needs a ticket', 'Support must find the case again.',
            'Name it: --ticket SUP-123'
        );
    end if;
    {{- claim_reconciliation.as_spelled('p_user_id', 'user_id') }}
    {{- claim_reconciliation.as_spelled('p_tx_id', 'tx_id') }}
    perform claim_ops._check_override(p_tx_id, p_user_id);
    v_plan_id := claim_ops._start_plan('cap_override', p_reason, claim_ops._claim_limits(
        p_user_id, null, p_claimed_at, true, p_raise
    ) || jsonb_build_object('ticket', p_ticket, 'tx_id', p_tx_id), null);
    perform claim_ops._plan_claims(v_plan_id, 'cap_override', array[p_tx_id]);
    perform claim_ops._finish_plan(
        v_plan_id, format('purchase %s is left out: %s', p_tx_id, (
            select plan_left_out.reason from claim_ops.plan_left_out
            where plan_left_out.plan_id = v_plan_id
        )),
        'A wallet that disagrees with the ledger comes first, a user in flight later: '
        'claimctl explain ' || p_user_id
    );
    return v_plan_id;
end
$function$;
comment on function claim_ops.plan_override is
$$Plans the claim of one audited purchase, whatever its cap says, with its credit.
Returns the plan's id.$$;
{{ claim_reconciliation.guard_hand_over('plan_override', to=['claim_planner']) }}
{% endmacro %}
