{% macro claim_ops__check_key() %}
create function claim_ops._check_key(p_table text, p_column text, p_harm text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
    v_table constant regclass := p_table::regclass;
begin
    -- One column, every row, and judged at once: a deferred key lets the second
    -- row in until commit.
    if not {{ claim_reconciliation.has_unique_key('v_table', 'p_column') | indent(4) }} then
        perform claim_ops._refuse(
            'CO015', format('%s has no unique key on %I alone', v_table, p_column), p_harm, case
                when {{ claim_reconciliation.is_partitioned_otherwise(
                    'v_table::text', 'quote_ident(p_column)'
                ) | indent(16) }}
                    then format(
                        {{ claim_reconciliation.no_key_of_partitions() }},
                        v_table, quote_ident(p_column)
                    )
                else format(
                    'As the table''s owner: create unique index%s on %s (%I);',
                    case (
                        select pg_class.relkind from pg_catalog.pg_class
                        where pg_class.oid = v_table
                    ) when 'p' then '' else ' concurrently' end,
                    v_table, p_column
                )
            end
        );
    end if;
end
$function$;
comment on function claim_ops._check_key is
$$Refuses a table of the service whose column has no unique key of its own: nothing decides there
which of two writers was first.$$;
{{ claim_reconciliation.guard_hand_over('_check_key') }}
{% endmacro %}


{% macro guard_check_keys(names=['purchase_claims', 'user_wallet_balances']) %}
    {#- The keys that decide between the guard and a live writer: of a claim, and of a wallet. -#}
    {%- set keys = {
        'purchase_claims': [
            'tx_id',
            'A claim of the service beside ours would be a second one, with a second credit',
        ],
        'user_wallet_balances': ['user_id', 'A user could get two wallets'],
    } -%}
    {%- for name in names %}
    perform claim_ops._check_key(
        '{{ claim_reconciliation.guard_relation(name) }}',
        '{{ claim_reconciliation.mapped_column(name, keys[name][0]) }}',
        '{{ keys[name][1] }}.'
    );
    {%- endfor %}
{%- endmacro %}
