{% macro claim_ops__lock_wallets() %}
create function claim_ops._lock_wallets(p_user_ids {{ var('user_id_data_type') }}[])
returns {{ var('user_id_data_type') }}[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
set plan_cache_mode = force_custom_plan
as $function$
begin
    return (select coalesce(array_agg(locked.user_id), '{}')
    from (
        select {{ claim_reconciliation.service_value(
            'user_wallet_balances', 'user_id', 'wallets'
        ) }} as user_id
        from {{ claim_reconciliation.guard_relation('user_wallet_balances') }} as wallets
        where {{ claim_reconciliation.key_is_any(
            'user_wallet_balances', 'user_id', 'p_user_ids', 'wallets'
        ) }}
        -- In one order everywhere: two batches that lock crosswise would be a deadlock.
        order by wallets.{{ claim_reconciliation.guard_wallet_user() }}
        -- Waiting for a writer with other wallets locked, one of us would die of a deadlock.
        for no key update skip locked
    ) as locked);
end
$function$;
comment on function claim_ops._lock_wallets is
$$Locks the wallets of these users in the order of their keys and returns the users whose wallets
are locked now. One that another session holds is left out, never waited for; so is a row that was
deleted and inserted again meanwhile.$$;
{{ claim_reconciliation.guard_hand_over('_lock_wallets', owner='claim_writer') }}
{% endmacro %}
