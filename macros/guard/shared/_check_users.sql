{% macro claim_ops__check_users() %}
create function claim_ops._check_users(p_users text[], p_option text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set row_security = off
set plan_cache_mode = force_custom_plan
as $function$
declare
    v_users constant {{ var('user_id_data_type') }}[] := p_users;
    v_unknown bigint;
    v_first text;
begin
    if p_option = 'users' and cardinality(p_users) = 0 then
        perform claim_ops._refuse('CO013', 'the list of users is empty', 'It stands for nobody, not for all.', 'Leave --users out for all');
    end if;
    with given as materialized (
        select given.user_id, given.number from unnest(v_users) with ordinality as given (user_id, number)
    ),
    unknown as (
        select given.user_id, given.number
        from given
        {%- for name in ['user_wallet_balances', 'purchase_claims', 'audit_purchases', 'queued_purchases']
            if claim_reconciliation.has_source(name) %}
        {{ 'where' if loop.first else 'and' }} not exists (
            select 1 from {{ claim_reconciliation.guard_relation(name) }} as stored
            where stored.{{ adapter.quote(claim_reconciliation.mapped_column(name, 'user_id')) }} = given.user_id
        )
        {%- endfor %}
    )
    select count(*), (array_agg(unknown.user_id::text order by unknown.number))[1] into v_unknown, v_first from unknown;
    -- A list from elsewhere with ids of another kind would plan a part of what was meant, and read like all of it.
    if v_unknown > 0 then
        perform claim_ops._refuse(
            'CO013', format('%s of the %s users of --%s are not known, the first is %s', v_unknown, cardinality(p_users), p_option, v_first),
            'No wallet, claim or purchase names them.', 'Correct the list, then plan again'
        );
    end if;
end
$function$;
comment on function claim_ops._check_users is
'Refuses an empty list of users, and one that names users whom no wallet, claim or purchase knows; null means all.';
{{ claim_reconciliation.guard_hand_over('_check_users') }}
{% endmacro %}
