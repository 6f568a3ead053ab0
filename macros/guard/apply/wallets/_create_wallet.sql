{% macro claim_ops__create_wallet() %}
create function claim_ops._create_wallet(p_user_id {{ var('user_id_data_type') }})
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $function$
declare
    v_is_created boolean;
begin
    insert into {{ claim_reconciliation.guard_relation('user_wallet_balances') }} (
        {{ claim_reconciliation.guard_wallet_user() }},
        {%- for item in claim_reconciliation.wallet_items() %}
        {{ adapter.quote(item.column) }},
        {%- endfor %}
        {{ claim_reconciliation.guard_wallet_updated_at() }}
    )
    values (
        p_user_id,
        {%- for item in claim_reconciliation.wallet_items() %}
        {{ '0' if item.kind == 'quantity' else 'null' }},
        {%- endfor %}
        {{ claim_reconciliation.time_written(
            'user_wallet_balances', 'updated_at', 'clock_timestamp()'
        ) }}
    )
    -- Somebody was quicker: his wallet is not written over.
    on conflict ({{ claim_reconciliation.guard_wallet_user() }}) do nothing
    returning true into v_is_created;
    -- Before the savepoint is left: a deferred foreign key would refuse the whole
    -- batch at its commit.
    set constraints all immediate;
    return coalesce(v_is_created, false);
end
$function$;
comment on function claim_ops._create_wallet is
$$Inserts an empty wallet; false where there is one. It waits for a writer's uncommitted insert,
under the caller's lock_timeout.$$;
{{ claim_reconciliation.guard_hand_over('_create_wallet', owner='claim_writer') }}
{% endmacro %}
