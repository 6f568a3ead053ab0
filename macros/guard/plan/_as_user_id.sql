{% macro claim_ops__as_user_id() %}
create function claim_ops._as_user_id(p_user_id text)
returns {{ var('user_id_data_type') }}
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
begin
    {{- claim_reconciliation.as_spelled('p_user_id', 'user_id') }}
    return p_user_id::{{ var('user_id_data_type') }};
exception when data_exception then
    return null;
end
$function$;
comment on function claim_ops._as_user_id is 'Returns a text as a user id; null where it is none.';
{{ claim_reconciliation.guard_hand_over('_as_user_id') }}
{% endmacro %}
