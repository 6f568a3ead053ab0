{% macro repair_advice() %}
    {#- What to do about a cause: the command, or why not to repair yet.
        Columns of rpt_drift_causes are in scope. -#}
    {%- set narrowed = "' --cause ' || probable_cause || ' --item ' || item" -%}
    {%- set reason = " || ' --reason ''' || probable_cause || ' of ' || item || ''''" -%}
    case
        when probable_cause in ('no_wallet_row', 'restored_backup', 'lost_update')
            then 'claimctl plan wallets' || {{ narrowed ~ reason }}
        when probable_cause = 'doubled_update'
            then 'claimctl plan wallets' || {{ narrowed }} || ' --include-excess '
                || item{{ reason }}
        when probable_cause = 'unclaimed_purchase' then 'claimctl plan recovery --item ' || item
            || ' --from ' || {{ claim_reconciliation.minute_option('since') }}
            || ' --to ' || {{ claim_reconciliation.minute_option(
                claim_reconciliation.minutes_after('until', 1)
            ) }}{{ reason }}
        when probable_cause = 'time_zone'
            then 'Do not repair yet: the service adds the hours of another zone, or days instead'
                || ' of hours. Correct it first, then plan with' || {{ narrowed }} || '.'
        when probable_cause = 'stacking_policy'
            then 'Do not repair yet: service and booster_stacking_policy disagree. Correct'
                || ' the one that is wrong first, then plan with' || {{ narrowed }} || '.'
        when probable_cause = 'spend'
            then 'Do not repair: users would get back what they spent. Keep spends in'
                || ' wallet_adjustments (docs/runbook.md, "The app began to spend").'
        when probable_cause = 'bulk_write'
            then 'Do not repair yet: find out who wrote, and whether it was meant. What was given'
                || ' on purpose belongs in wallet_adjustments; the rest is planned with'
                || {{ narrowed }} || '.'
        when probable_cause = 'hand_edit'
            then 'Do not repair yet: ask support. What was given on purpose belongs in'
                || ' wallet_adjustments; the rest is planned with' || {{ narrowed }} || '.'
        else 'Do not repair yet: look at the users one by one.'
    end
{%- endmacro %}


{% macro minute_option(moment) %}
    {#- A time as an option of claimctl takes it, down to its minute. -#}
    to_char({{ moment }} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"')
{%- endmacro %}
