{% macro guard_locked_verdicts() %}
    {#- Why a line is not written to a wallet that was to be locked, as branches of a CASE: `lines`
        are those of the plan with p_locked, `states` what a later statement than the lock sees. -#}
{{ claim_reconciliation.guard_held_verdicts() }}
-- Somebody is in the middle of a claim of which we see one half. A wallet that we have just created
-- is no sign of life.
when lines.before is not null and not {{ claim_reconciliation.guard_is_quiet('states') }}
    then 'in_flight'
when not {{ claim_reconciliation.is_settled('states.last_ledger_at', 'clock_timestamp()') }}
    then 'in_flight'
-- A claim that committed since the plan was made: `after` would take it away.
when (states.expected @> lines.after) is not true then 'ledger_changed'
{%- endmacro %}


{% macro guard_held_verdicts(locked='p_locked') %}
    {#- The first two of them, of which a rollback asks too. #}
-- Not waited for: its holder may be waiting for us.
when not lines.user_id = any({{ locked }})
    then case when coalesce(states.has_wallet, false) then 'busy' else 'changed' end
-- What was approved was a change from `before`, and from nothing else.
when lines.before is not null and (states.wallet @> lines.before) is not true then 'changed'
{%- endmacro %}
