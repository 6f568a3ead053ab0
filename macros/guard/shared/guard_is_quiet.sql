{% macro guard_is_quiet(states) %}
    {#- Neither ledger nor wallet changed within settle_minutes, by the clock and not by the
        transaction's start. Of the wallet the last change counts that was not the guard's: our own
        write is no sign of life, and hides none. -#}
    {{ claim_reconciliation.is_settled(
        'greatest(' ~ states ~ '.last_ledger_at, ' ~ states ~ '.wallet_changed_at)',
        'clock_timestamp()'
    ) }}
{%- endmacro %}
