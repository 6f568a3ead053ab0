{% macro guard_is_quiet(states) %}
    {#- Neither ledger nor wallet changed within settle_minutes, by the clock and not by the transaction's start; the
        guard's own last write of the wallet is no sign of life. -#}
    {{ claim_reconciliation.is_settled(
        'greatest(' ~ states ~ '.last_ledger_at, case when not ' ~ states ~ '.is_own_write then '
        ~ states ~ '.wallet_updated_at end)',
        'clock_timestamp()'
    ) }}
{%- endmacro %}
