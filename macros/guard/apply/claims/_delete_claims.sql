{% macro claim_ops__delete_claims() %}
{%- set claims = claim_reconciliation.guard_relation('purchase_claims') -%}
create function claim_ops._delete_claims(p_user_id {{ var('user_id_data_type') }}, p_claims jsonb)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set row_security = off
as $function$
declare
    v_claim {{ claims }};
    v_element jsonb;
begin
    -- In one order everywhere: two that take claims crosswise would be a deadlock.
    for v_element in
        select value from jsonb_array_elements(p_claims) order by value ->> 'tx_id'
    loop
        {{ claim_reconciliation.guard_claim_record() }}
        -- All columns: a claim that support has corrected since would go with its correction.
        delete from {{ claims }} as stored
        where true
            {%- for name in claim_reconciliation.guard_claim_columns().values() %}
            and stored.{{ name }} = v_claim.{{ name }}
            {%- endfor %};
        if not found then
            return 'changed';
        end if;
    end loop;
    return null;
end
$function$;
comment on function claim_ops._delete_claims is
$$Deletes claims that a plan inserted, where they still are as it wrote them; changed
where one is not.$$;
{{ claim_reconciliation.guard_hand_over('_delete_claims', owner='claim_writer') }}
{% endmacro %}
