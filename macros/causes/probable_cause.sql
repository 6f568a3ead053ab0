{% macro probable_cause() %}
    {#- Why a wallet is wrong, the first cause that shows; `unknown` where none does. Columns of
        cause_facts are in scope. A backup and many wallets written at one moment are told by the
        crowd, and come before what a single user would be taken for: a lost update, a spend. -#}
    {%- set many = claim_reconciliation.many_wallets() -%}
    case
        when discrepancy_type = 'missing_wallet' then 'no_wallet_row'
        when taken_at is not null then 'restored_backup'
        when discrepancy_type = 'short' and is_older then 'lost_update'
        when doubled_tx_id is not null and unclaimed_tx_id is null then 'doubled_update'
        when offset_users >= {{ many }} then 'time_zone'
        when is_other_policy then 'stacking_policy'
        when unclaimed_tx_id is not null then 'unclaimed_purchase'
        when users_at_once >= {{ many }} and not is_by_claim then 'bulk_write'
        {%- if not claim_reconciliation.has_source('wallet_adjustments') %}
        when
            discrepancy_type = 'short' and kind = 'quantity'
            and changed_at > {{ claim_reconciliation.minutes_after(
                'user_claimed_at', var('settle_minutes')
            ) }}
            then 'spend'
        {%- endif %}
        when users_in_minute >= {{ many }} and not is_by_claim then 'bulk_write'
        when changed_at is not null and not is_retry_time then 'hand_edit'
        else 'unknown'
    end
{%- endmacro %}


{% macro known_causes() %}
    {#- Every value of probable_cause. -#}
    {{- return([
        'no_wallet_row', 'restored_backup', 'lost_update', 'doubled_update', 'time_zone',
        'stacking_policy', 'unclaimed_purchase', 'spend', 'bulk_write', 'hand_edit', 'unknown',
    ]) -}}
{% endmacro %}


{% macro cause_at() %}
    {#- The moment that the evidence names. Columns of cause_facts and probable_cause are in
        scope. -#}
    case probable_cause
        when 'restored_backup' then taken_at
        when 'lost_update' then equal_until
        when 'unclaimed_purchase' then unclaimed_at
        when 'no_wallet_row' then last_claimed_at
        when 'time_zone' then last_claimed_at
        when 'stacking_policy' then last_claimed_at
        when 'unknown' then last_activity_at
        else changed_at
    end
{%- endmacro %}


{% macro cause_evidence() %}
    {#- The sentence that says what shows the cause.
        Columns of cause_facts and probable_cause are in scope. -#}
    {%- set changed = claim_reconciliation.utc_text('changed_at') -%}
    {%- set other = 'extend' if var('booster_stacking_policy') == 'max' else 'max' -%}
    case probable_cause
        when 'no_wallet_row' then 'The user has no wallet'
            || coalesce(
                ', and claimed last at ' || {{ claim_reconciliation.utc_text('last_claimed_at') }},
                ''
            )
        when 'restored_backup' then 'The wallet is what the ledger said at '
            || {{ claim_reconciliation.utc_text('taken_at') }} || ', as those of ' || backup_users
            || ' users are'
        when 'lost_update' then 'The wallet was last changed at ' || {{ changed }}
            || ' and lacks just what came since: '
            || coalesce('claim ' || lost_tx_id, 'an adjustment') || ' of '
            || {{ claim_reconciliation.utc_text('equal_until') }}
            || case when lost_entries > 1 then ' and ' || lost_entries - 1 || ' more' else '' end
        when 'doubled_update' then 'The wallet holds claim ' || doubled_tx_id || ' of '
            || {{ claim_reconciliation.utc_text('doubled_claimed_at') }}
            || case when doubled_times > 1 then ' ' || doubled_times || ' times' else ' once' end
            || ' more'
            || coalesce(
                ', whose payment the trail has ' || doubled_payments || ' times',
                ', and changed again at ' || {{ changed }}
            )
        when 'time_zone' then 'The booster ends ' || abs(offset_seconds) / 3600.0::double precision
            || ' h too ' || case when offset_seconds > 0 then 'late' else 'early' end
            || ', as those of ' || offset_users || ' users do'
        when 'stacking_policy'
            then 'The booster ends as the policy {{ other }} has it, but the policy is '
                || '{{ var("booster_stacking_policy") }}'
        when 'unclaimed_purchase' then 'Purchase ' || unclaimed_tx_id || ' of '
            || {{ claim_reconciliation.utc_text('unclaimed_at') }}
            || ' was paid, has no claim, and gives what is too much'
        when 'spend' then 'The wallet lost some at ' || {{ changed }}
            || ', long after the last claim of '
            || {{ claim_reconciliation.utc_text('user_claimed_at') }}
            || ', and no table keeps what users spend'
        when 'bulk_write' then greatest(users_at_once, users_in_minute)
            || ' wrong wallets changed at ' || {{ changed }}
            || ' or within its minute, by no claim of theirs'
        when 'hand_edit' then 'The wallet changed at ' || {{ changed }} || ' by itself, by no claim'
        else 'Nothing that is kept shows why'
    end || '.'
{%- endmacro %}
