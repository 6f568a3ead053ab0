{% macro claim_ops__delete_wallet() %}
create function claim_ops._delete_wallet(
    p_user_id {{ var('user_id_data_type') }}, p_before jsonb, p_updated_at timestamptz
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set row_security = off
as $function$
declare
    v_is_deleted boolean;
begin
    delete from {{ claim_reconciliation.guard_relation('user_wallet_balances') }} as wallets
    where {{ claim_reconciliation.key_equals(
        'user_wallet_balances', 'user_id', 'p_user_id', 'wallets'
    ) }}
        -- Written by somebody since, it is no longer ours to delete.
        and {{ claim_reconciliation.service_value(
            'user_wallet_balances', 'updated_at', 'wallets'
        ) }} = p_updated_at
        -- The items that the plan did not set are still as empty as they were made.
        and {{ claim_reconciliation.guard_wallet_json('wallets') | indent(4) }}
            = jsonb_build_object(
                {%- for item in claim_reconciliation.wallet_items() %}
                '{{ item.column }}',
                {{ '0' if item.kind == 'quantity' else 'null' }}{{ ',' if not loop.last }}
                {%- endfor %}
            ) || p_before
    returning true into v_is_deleted;
    -- Before the savepoint is left: a deferred foreign key would refuse the whole
    -- batch at its commit.
    set constraints all immediate;
    return coalesce(v_is_deleted, false);
end
$function$;
comment on function claim_ops._delete_wallet is
'Deletes a wallet that the guard created, if nobody has changed it since; returns whether it did.';
{{ claim_reconciliation.guard_hand_over('_delete_wallet', owner='claim_writer') }}
{% endmacro %}
