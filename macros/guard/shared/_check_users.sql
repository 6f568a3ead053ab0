{% macro claim_ops__check_users() %}
create function claim_ops._check_users(p_users text[], p_option text)
returns {{ var('user_id_data_type') }}[]
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set row_security = off
set plan_cache_mode = force_custom_plan
as $function$
declare
    v_users constant {{ var('user_id_data_type') }}[] := p_users;
    v_known {{ var('user_id_data_type') }}[];
    v_unknown bigint;
    v_first text;
begin
    if p_option = 'users' and cardinality(p_users) = 0 then
        perform claim_ops._refuse(
            'CO013', 'the list of users is empty', 'An empty list names no user.',
            'Leave --users out for all'
        );
    end if;
    select
        count(*) filter (where known.user_id is null),
        (array_agg(known.given order by known.number) filter (where known.user_id is null))[1],
        array_agg(known.user_id order by known.number)
    into v_unknown, v_first, v_known
    from (
        select
            given.number, given.user_id::text as given,
            {{ claim_reconciliation.guard_known_user('given.user_id') | indent(12) }} as user_id
        from unnest(v_users) with ordinality as given (user_id, number)
    ) as known;
    -- A list from elsewhere with ids of another kind would plan a part of what was meant, and
    -- read like all of it.
    if v_unknown > 0 then
        perform claim_ops._refuse(
            'CO013',
            format(
                '%s of the %s users of --%s are not known, the first is %s',
                v_unknown, cardinality(p_users), p_option, v_first
            ),
            'No wallet, claim or purchase names them.', 'Correct the list, then plan again'
        );
    end if;
    return v_known;
end
$function$;
comment on function claim_ops._check_users is
$$Returns these users as the models write them, which counts where upper and lower case do
not; refuses an empty list, and one that names users whom no wallet, claim or purchase knows.
Null means all.$$;
{{ claim_reconciliation.guard_hand_over('_check_users') }}
{% endmacro %}
