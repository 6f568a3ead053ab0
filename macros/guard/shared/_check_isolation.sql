{% macro claim_ops__check_isolation() %}
create function claim_ops._check_isolation()
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        perform claim_ops._refuse(
            'CO009',
            format(
                'the transaction is %s; the guard works in READ COMMITTED only',
                current_setting('transaction_isolation')
            ),
            'Under a stricter level the ledger is read at a snapshot older than the lock, '
            'and PostgreSQL reports no error.',
            'set default_transaction_isolation to ''read committed'' for this login'
        );
    end if;
end
$function$;
comment on function claim_ops._check_isolation is
'Refuses every isolation level but READ COMMITTED.';
{{ claim_reconciliation.guard_hand_over('_check_isolation') }}
{% endmacro %}
