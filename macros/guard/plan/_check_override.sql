{% macro claim_ops__check_override() %}
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
    -- A purchase of somebody else, refunded or given already would be given by one slip of the pen.
    v_fault := case
        when p_tx_id is null or not found
            then format('there is no purchase %s in audit_purchases', p_tx_id)
        when v_purchase.claimed_by is not null then format(
            'purchase %s is claimed already, by user %s', p_tx_id, v_purchase.claimed_by
        )
        when v_purchase.user_id <> p_user_id::{{ var('user_id_data_type') }}
            and coalesce(v_purchase.reason, '') <> 'conflicting_users'
            then format(
                'purchase %s is of user %s, not of %s', p_tx_id, v_purchase.user_id, p_user_id
            )
        when v_purchase.reason is not null
            then format('purchase %s may not be claimed: ', p_tx_id) || case v_purchase.reason
                when 'refunded' then 'it is refunded'
                when 'account_gone' then 'its user has no account any more'
                when 'no_payment' then format('its status %s is no payment', v_purchase.status)
                when 'unknown_sku' then format(
                    'its SKU %s is not in the catalogue, or was not then', v_purchase.sku
                )
                when 'conflicting_users' then 'the audit trail names several users'
                when 'conflicting_skus' then 'the audit trail names several SKUs'
                when 'conflicting_units' then 'the audit trail names several numbers of units'
                when 'no_units' then 'its number of units is not positive'
                when 'units_not_kept'
                    then 'it is of several units, and purchase_claims has no column for them'
                when 'no_user' then 'the audit trail names no user'
                when 'in_flight' then format(
                    'it was bought at %s and the store still retries', v_purchase.purchased_at
                )
                else v_purchase.reason
            end
    end;
    if v_fault is not null then
        perform claim_ops._refuse(
            'CO013', v_fault, 'An override needs a paid purchase without a claim.',
            format('Its user''s purchases and claims: claimctl explain %s', p_user_id)
        );
    end if;
end
$function$;
comment on function claim_ops._check_override is
$$Refuses the override of a purchase that is not the user's, not paid, taken back,
unclear or claimed.$$;
{{ claim_reconciliation.guard_hand_over('_check_override') }}
{% endmacro %}
