{% macro wallet_changes(wrong, claims) %}
    {#- When the wallets of wrong users changed last, one row a user: whether a claim of theirs was
        then, or up to the store's last retry before, and how many other wrong wallets changed with
        it, by no claim either. -#}
select
    *,
    count(changed_at) filter (where not is_by_claim) over (partition by changed_at)
        as users_at_once,
    count(changed_at) filter (where not is_by_claim) over (
        order by changed_at
        range between interval '30 seconds' preceding and interval '30 seconds' following
    ) as users_in_minute
from (
    select
        wrong.user_id,
        wrong.changed_at,
        max(claims.claimed_at) as user_claimed_at,
        coalesce(bool_or(
            claims.claimed_at between {{ claim_reconciliation.minutes_after(
                'wrong.changed_at', -1
            ) }}
            and {{ claim_reconciliation.minutes_after('wrong.changed_at', 1) }}
        ), false) as is_by_claim,
        coalesce(bool_or(
            claims.claimed_at between {{ claim_reconciliation.minutes_after(
                'wrong.changed_at', -claim_reconciliation.number_var('settle_minutes')
            ) }}
            and {{ claim_reconciliation.minutes_after('wrong.changed_at', 1) }}
        ), false) as is_retry_time
    from (select distinct user_id, changed_at from {{ wrong }}) as wrong
    left join {{ claims }} as claims on wrong.user_id = claims.user_id
    group by wrong.user_id, wrong.changed_at
) as changes
{%- endmacro %}
