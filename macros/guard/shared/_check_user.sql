{% macro claim_ops__check_user() %}
create function claim_ops._check_user(p_user_id text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set row_security = off
as $function$
begin
    -- Without it a slip of the pen reads like good news: nothing to plan.
    if p_user_id is not null and not exists (
        {%- for name in [
            'user_wallet_balances', 'purchase_claims', 'audit_purchases', 'queued_purchases',
        ] if claim_reconciliation.has_source(name) %}
        {{ 'union all' if not loop.first }}
        select 1 from {{ claim_reconciliation.guard_relation(name) }}
        where {{ claim_reconciliation.key_equals(
            name, 'user_id', 'p_user_id::' ~ var('user_id_data_type')
        ) }}
        {%- endfor %}
    ) then
        perform claim_ops._refuse(
            'CO013', format('there is no user %s', p_user_id),
            'No wallet, claim or purchase names this id.',
            'Copy it from where it is known; upper and lower case count'
        );
    end if;
end
$function$;
comment on function claim_ops._check_user is
'Refuses a user whom no wallet, claim or purchase names; null means all users.';
{{ claim_reconciliation.guard_hand_over('_check_user') }}
{% endmacro %}
