{% macro ledger_states(wrong, claims, adjustments) %}
    {#- What the ledger said after each of its entries, and before the first one: one row a wrong
        user and item, and entry. The same rules as in ledger_by_user, at every moment instead of
        the last; expires_otherwise is what the other policy of stacking gives. `claims` are those
        of the wrong users with item, quantity and hours. -#}
{%- set max_ends = claim_reconciliation.hours_after('occurred_at', 'hours') -%}
select
    *,
    sum(quantity) over so_far as quantity_then,
    max({{ max_ends }}) over so_far as {{ claim_reconciliation.ends_by_policy('max') }},
    {{ claim_reconciliation.hours_after('max(starts_at) over so_far', 'hours_then') }}
        as {{ claim_reconciliation.ends_by_policy('extend') }},
    lead(occurred_at) over so as next_at,
    lead(tx_id) over so as next_tx_id,
    count(*) over (partition by user_id, item) - row_number() over so as entries_after
from (
    select
        *,
        sum(hours) over so_far as hours_then,
        {{ claim_reconciliation.hours_after('occurred_at', '-(sum(hours) over so_far - hours)') }}
            as starts_at
    from (
        select user_id, item, tx_id, claimed_at as occurred_at, quantity, hours
        from {{ claims }}
        where item is not null
        union all
        select
            user_id, item, null, adjusted_at, quantity, {{ claim_reconciliation.adjusted_hours() }}
        from {{ adjustments }}
        where user_id in (select user_id from {{ wrong }})
        union all
        select user_id, item, null, '-infinity', 0, null
        from {{ wrong }}
    ) as entries
    window so_far
        as (partition by user_id, item order by occurred_at, tx_id rows unbounded preceding)
) as summed
window
    so as (partition by user_id, item order by occurred_at, tx_id),
    so_far as (partition by user_id, item order by occurred_at, tx_id rows unbounded preceding)
{%- endmacro %}


{% macro ends_by_policy(policy) %}
    {{- return(
        'expires_then' if policy == var('booster_stacking_policy') else 'expires_otherwise'
    ) -}}
{% endmacro %}


{% macro equal_states(wrong, states) %}
    {#- The last moment before its end at which the ledger said what the wallet says: one row a
        wrong user and item that was right once. From equal_from until equal_until, when the first
        entry came that the wallet lacks; is_older where the wallet has not changed since: a writer
        that changes the wallet first does so within a minute before. -#}
select distinct on (wrong.user_id, wrong.item)
    wrong.user_id,
    wrong.item,
    states.occurred_at as equal_from,
    states.next_at as equal_until,
    states.next_tx_id as lost_tx_id,
    states.entries_after as lost_entries,
    coalesce(
        wrong.changed_at < {{ claim_reconciliation.minutes_after('states.next_at', -1) }}, false
    ) as is_older
from {{ wrong }} as wrong
inner join {{ states }} as states on wrong.user_id = states.user_id and wrong.item = states.item
where
    states.next_at is not null
    and case wrong.kind
        when 'quantity' then wrong.wallet_quantity = states.quantity_then
        else {{ claim_reconciliation.is_same_end(
            'wrong.wallet_expires_at', 'states.expires_then'
        ) }}
            or coalesce(wrong.wallet_expires_at, states.expires_then) is null
    end
    and wrong.discrepancy_type <> 'missing_wallet'
order by wrong.user_id, wrong.item, states.occurred_at desc
{%- endmacro %}


{% macro is_same_end(one, other) %}
    {#- Two ends of a booster that lie within booster_tolerance_seconds of each other. -#}
    coalesce(
        abs({{ claim_reconciliation.seconds_between(one, other) }})
        <= {{ var('booster_tolerance_seconds') }},
        false
    )
{%- endmacro %}
