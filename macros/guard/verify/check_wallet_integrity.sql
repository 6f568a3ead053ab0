{% macro claim_ops_check_wallet_integrity() %}
{%- set wallets = claim_reconciliation.guard_relation('user_wallet_balances') -%}
create function claim_ops.check_wallet_integrity()
returns table (user_id text, wallet_count integer, claim_count bigint)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set row_security = off
as $function$
#variable_conflict use_column
begin
    return query
    with claims as (
        {{ claim_reconciliation.guard_rows_of(
            'purchase_claims', ['tx_id', 'user_id', 'sku', 'claimed_at', 'units']
        ) | indent(4) }}
    ),
    {%- if claim_reconciliation.has_source('wallet_adjustments') %}
    adjustments as (
        {{ claim_reconciliation.guard_rows_of(
            'wallet_adjustments', ['user_id', 'item', 'quantity', 'adjusted_at']
        ) | indent(4) }}
    ),
    {%- endif %}
    ledger as (
        {{ claim_reconciliation.ledger_by_user(
            'claims', 'adjustments', 'claim_ops.sku_catalog'
        ) | indent(8) }}
    ),
    wallets as (
        {{ claim_reconciliation.guard_wallets() | indent(4) }}
    ),
    balances as (
        {{ claim_reconciliation.wallet_balances(
            'ledger', 'wallets', 'clock_timestamp()'
        ) | indent(8) }}
    ),
    counts as (
        {%- for item in claim_reconciliation.wallet_items('quantity') %}
        select
            balances.user_id,
            balances.{{ item.name }}_wallet_quantity as wallet_count,
            balances.{{ item.name }}_expected_quantity as claim_count
        from balances
        where {{ claim_reconciliation.quantity_discrepancy_type(
            'balances.has_wallet',
            'balances.' ~ item.name ~ '_wallet_quantity',
            'balances.' ~ item.name ~ '_expected_quantity'
        ) | indent(8) }} is not null
            {%- if not loop.last %}
        union all
            {%- endif %}
        {%- else %}
        select null::text as user_id, null as wallet_count, null as claim_count where false
        {%- endfor %}
    )
    select counts.user_id::text, counts.wallet_count::integer, counts.claim_count::bigint
    from counts
    order by counts.user_id;
end
$function$;
comment on function claim_ops.check_wallet_integrity is
$$The runbook's scheduled check: one row a user, and quantity item, whose wallet holds another
number than the ledger gives; no number where there is no wallet. Reads all claims and wallets at
one moment; the models say the same and more.$$;
{{ claim_reconciliation.guard_hand_over('check_wallet_integrity', to=['claim_reader']) }}
{% endmacro %}
