{% macro guard_plan_override() %}
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
            'CO013', 'an override needs a ticket', 'Support must find the case again.', 'Name it: --ticket SUP-123'
        );
    end if;
    perform claim_ops._check_override(p_tx_id, p_user_id);
    v_plan_id := claim_ops._start_plan('cap_override', p_reason, claim_ops._claim_limits(
        p_user_id, null, p_claimed_at, true, p_raise
    ) || jsonb_build_object('ticket', p_ticket, 'tx_id', p_tx_id), null);
    perform claim_ops._plan_claims(v_plan_id, 'cap_override', array[p_tx_id]);
    perform claim_ops._finish_plan(v_plan_id, format(
        'purchase %s is left out: %s', p_tx_id,
        (select plan_left_out.reason from claim_ops.plan_left_out where plan_left_out.plan_id = v_plan_id)
    ), 'A wallet that disagrees with the ledger comes first, a user in flight later: claimctl explain ' || p_user_id);
    return v_plan_id;
end
$function$;
comment on function claim_ops.plan_override is
$$Plans the claim of one audited purchase, whatever its cap says, with its credit. Returns the plan's id.$$;
{% endmacro %}


{% macro guard_check_override() %}
create function claim_ops._check_override(p_tx_id text, p_user_id text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
    v_purchase record;
    v_fault text;
begin
    select * into v_purchase from claim_ops._purchases('cap_override', array[p_tx_id]);
    v_fault := case
        when p_tx_id is null or not found then format('there is no purchase %s in audit_purchases', p_tx_id)
        when v_purchase.claimed_by is not null
            then format('purchase %s is claimed already, by user %s', p_tx_id, v_purchase.claimed_by)
        when v_purchase.user_id::text <> p_user_id and coalesce(v_purchase.reason, '') <> 'conflicting_users'
            then format('purchase %s is of user %s, not of %s', p_tx_id, v_purchase.user_id, p_user_id)
        when v_purchase.reason is not null then format('purchase %s may not be claimed: ', p_tx_id) || case v_purchase.reason
            when 'refunded' then 'it is refunded'
            when 'no_payment' then format('its status %s is no payment', v_purchase.status)
            when 'unknown_sku' then format('its SKU %s is not in the catalogue', v_purchase.sku)
            when 'conflicting_users' then 'the audit trail names several users'
            when 'conflicting_skus' then 'the audit trail names several SKUs'
            when 'no_user' then 'the audit trail names no user'
            when 'in_flight' then format('it was bought at %s and the store still retries', v_purchase.purchased_at)
            else v_purchase.reason
        end
    end;
    if v_fault is not null then
        perform claim_ops._refuse(
            'CO013', v_fault, 'An override gives what was paid for and not yet given.',
            format('claimctl explain %s shows the user''s purchases and claims', p_user_id)
        );
    end if;
end
$function$;
comment on function claim_ops._check_override is 'Refuses the override of a purchase that is not the user''s, not paid, taken back, unclear or claimed.';
{% endmacro %}
