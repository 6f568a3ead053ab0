{% macro claim_ops__judge_claim_line() %}
create function claim_ops._judge_claim_line(p_item claim_ops.plan_lines, p_locked {{ var('user_id_data_type') }}[])
returns text
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
begin
    return (select case
        when p_locked = '{}' then case when states.has_wallet then 'busy' else 'changed' end
        when (states.wallet @> p_item.before) is false then 'changed'
        -- A wallet that we have just created is no sign of life.
        when p_item.before is not null and not {{ claim_reconciliation.guard_is_quiet('states') }} then 'in_flight'
        when not {{ claim_reconciliation.is_settled('states.last_ledger_at', 'clock_timestamp()') }} then 'in_flight'
        when (states.expected @> p_item.after) is not true then 'ledger_changed'
        when states.discrepancies ?| array(
            select item.name from jsonb_array_elements_text(p_item.details -> 'items') as item (name)
            where not p_item.details -> 'credited' ? item.name
        ) then 'wallet_disagrees'
        when p_item.before is null and states.discrepancies - array(
            select item.name from jsonb_array_elements_text(p_item.details -> 'items') as item (name)
        ) <> '{}' then 'ledger_changed'
        when p_item.before is not null and not states.discrepancies ?& array(
            select item.name from jsonb_array_elements_text(p_item.details -> 'credited') as item (name)
        ) then 'expired'
    end
    from claim_ops._wallet_states_with(array[p_item.user_id], (
        select jsonb_agg(claim.value || jsonb_build_object('user_id', p_item.user_id))
        from jsonb_array_elements(p_item.details -> 'claims') as claim
    )) as states);
end
$function$;
comment on function claim_ops._judge_claim_line is
$$Looks a second time at the wallet of a line whose claims are inserted and whose wallet is locked: null where it is to be
written, else why not. busy, changed, in_flight, ledger_changed, expired: as of a wallet correction; wallet_disagrees: an item
that seemed to be held already is not.$$;
{{ claim_reconciliation.guard_hand_over('_judge_claim_line') }}
{% endmacro %}
