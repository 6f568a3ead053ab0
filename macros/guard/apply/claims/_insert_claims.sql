{% macro claim_ops__insert_claims() %}
{%- set claims = claim_reconciliation.guard_relation('purchase_claims') -%}
{%- set names = claim_reconciliation.guard_claim_columns() -%}
create function claim_ops._insert_claims(p_claims jsonb, p_until timestamptz)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set row_security = off
as $function$
declare
    v_claim {{ claims }};
    v_stored {{ claims }};
    v_element jsonb;
    v_refused jsonb := '{}';
begin
    -- In one order everywhere: two that insert the same claims crosswise would be a deadlock.
    for v_element in
        select value from jsonb_array_elements(p_claims) order by value ->> 'tx_id'
    loop
        {{ claim_reconciliation.guard_claim_record("v_element -> 'user_id'") }}
        -- A transaction that waits for us began after our first lock: before the server looks for a
        -- deadlock on its behalf, we have given up waiting for it.
        perform set_config('lock_timeout', greatest(
            1, ceil(1000 * extract(epoch from p_until - clock_timestamp()))
        )::text, true);
        insert into {{ claims }} as stored ({{ names.values() | join(', ') }})
        values (v_claim.{{ names.values() | join(', v_claim.') }})
        -- Only the tx_id says that somebody was quicker; another unique index of the service
        -- says its own sentence.
        on conflict ({{ names.tx_id }}) do nothing
        returning stored.* into v_stored;
        if not found then
            v_refused := v_refused || jsonb_build_object(v_element ->> 'tx_id', 'claimed');
        -- A trigger may have stored another user or time than the approver has seen.
        elsif (v_stored.{{ names.values() | join(', v_stored.') }})
            is distinct from (v_claim.{{ names.values() | join(', v_claim.') }})
        then
            v_refused := v_refused || jsonb_build_object(v_element ->> 'tx_id', 'not_written');
        end if;
    end loop;
    -- Before the savepoint is left: a deferred foreign key would refuse the whole
    -- batch at its commit.
    set constraints all immediate;
    return v_refused;
end
$function$;
comment on function claim_ops._insert_claims is
$$Inserts claims, given as [{tx_id, user_id, sku, claimed_at, units}], in the order of tx_id; waits
for somebody's uncommitted claim of the same tx_id until p_until. Returns {tx_id: claimed} where one
is there already, {tx_id: not_written} where another row came back.$$;
{{ claim_reconciliation.guard_hand_over('_insert_claims', owner='claim_writer') }}
{% endmacro %}
