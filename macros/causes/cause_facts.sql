{% macro cause_facts(wrong) %}
    {#- All that speaks for one cause or another, one row a wrong user and item; the CTEs of
        fct_discrepancy_causes are in scope. An offset is that of a zone: a multiple of a quarter of
        an hour, up to 14 hours. -#}
select
    wrong.*,
    changes.user_claimed_at,
    changes.is_by_claim,
    changes.is_retry_time,
    changes.users_at_once,
    changes.users_in_minute,
    equal_states.equal_until,
    equal_states.lost_tx_id,
    equal_states.lost_entries,
    equal_states.is_older,
    backups.taken_at,
    backups.users as backup_users,
    doubled.tx_id as doubled_tx_id,
    doubled.claimed_at as doubled_claimed_at,
    doubled.payments as doubled_payments,
    doubled.times as doubled_times,
    unclaimed.tx_id as unclaimed_tx_id,
    unclaimed.purchased_at as unclaimed_at,
    zones.offset_seconds,
    case
        when zones.offset_seconds is not null
            then count(*) over (partition by wrong.item, zones.offset_seconds)
    end as offset_users,
    {{ claim_reconciliation.is_same_end('wrong.wallet_expires_at', 'states.expires_otherwise') }}
        as is_other_policy
from {{ wrong }} as wrong
inner join changes on wrong.user_id = changes.user_id
left join equal_states on wrong.user_id = equal_states.user_id and wrong.item = equal_states.item
left join states
    on wrong.user_id = states.user_id and wrong.item = states.item and states.entries_after = 0
left join backups on wrong.user_id = backups.user_id
left join doubled on wrong.user_id = doubled.user_id and wrong.item = doubled.item
left join unclaimed on wrong.user_id = unclaimed.user_id and wrong.item = unclaimed.item
left join lateral (
    -- A booster that never ends is no integer away.
    select case
        when abs(wrong.expiry_discrepancy_seconds) between 840 and 50460
            then cast(round(wrong.expiry_discrepancy_seconds / 900) * 900 as integer)
    end as offset_seconds
    where
        abs(wrong.expiry_discrepancy_seconds) between 840 and 50460
        and abs(
            wrong.expiry_discrepancy_seconds - round(wrong.expiry_discrepancy_seconds / 900) * 900
        ) <= {{ var('booster_tolerance_seconds') }}
) as zones on true
{%- endmacro %}
