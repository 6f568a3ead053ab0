{% macro restored_backups(wrong, changes, equal_states, claims, failed) %}
    {#- The wrong users whose wallets are what the ledger said at one moment, the same for many: one
        row a user. Who lacks one claim lost an update as likely; so the moment is told by those who
        lack several, and only claims between it and about the last one that those lack count. A
        claim whose wallet update is known to have failed is no sign of a backup. -#}
with

candidates as (
    {{ claim_reconciliation.once_right(wrong, changes, equal_states, claims, failed) | indent(4) }}
),

-- How many were right at once, at each moment at which one of them begins or ends to be.
depths as (
    select
        happened_at,
        sum(step) over so_far as users,
        sum(step) filter (where lost_claims > 1) over so_far as sure_users
    from (
        select equal_from as happened_at, 1 as step, lost_claims
        from candidates
        where equal_from > '-infinity'
        union all
        select equal_until, -1, lost_claims from candidates where equal_from > '-infinity'
    ) as steps
    window so_far as (order by happened_at, step rows unbounded preceding)
),

moment as (
    select happened_at
    from depths
    where sure_users >= {{ claim_reconciliation.many_wallets() }}
    order by sure_users desc, users desc, happened_at desc
    limit 1
),

holders as (
    select
        candidates.*,
        moment.happened_at as taken_at,
        max(candidates.last_lost_at) filter (where candidates.lost_claims > 1) over ()
            as restored_after
    from candidates
    inner join moment
        on candidates.equal_from <= moment.happened_at
        and moment.happened_at < candidates.equal_until
)

select
    user_id,
    taken_at,
    count(*) over () as users
from holders
where last_lost_at <= restored_after + (restored_after - taken_at) / 10
{%- endmacro %}


{% macro once_right(wrong, changes, equal_states, claims, failed) %}
    {#- The users all of whose wrong items are what the ledger said from equal_from until
        equal_until, and who lack what they claimed since: because the wallet has not changed since,
        or was written together with many others. -#}
select
    equal.user_id,
    equal.equal_from,
    least(equal.equal_until, min(claims.claimed_at)) as equal_until,
    count(*) as lost_claims,
    max(claims.claimed_at) as last_lost_at
from (
    select
        wrong.user_id,
        max(equal.equal_from) as equal_from,
        min(equal.equal_until) as equal_until,
        max(wrong.changed_at) as changed_at,
        max(wrong.built_at) as built_at,
        bool_and(equal.is_older) as is_older
    from {{ wrong }} as wrong
    left join {{ equal_states }} as equal
        on wrong.user_id = equal.user_id and wrong.item = equal.item
    where wrong.user_id not in (select user_id from {{ failed }})
    group by wrong.user_id
    having count(equal.item) = count(*) and max(equal.equal_from) < min(equal.equal_until)
) as equal
inner join {{ changes }} as changes on equal.user_id = changes.user_id
inner join {{ claims }} as claims
    on equal.user_id = claims.user_id
    and claims.item is not null
    and claims.claimed_at > case
        when equal.is_older
            then greatest(
                equal.equal_from, {{ claim_reconciliation.minutes_after('equal.changed_at', 1) }}
            )
        else {{ claim_reconciliation.minutes_after('equal.equal_until', -1) }}
    end
where
    equal.is_older
    or (
        changes.users_at_once >= {{ claim_reconciliation.many_wallets() }}
        and not changes.is_by_claim
    )
group by equal.user_id, equal.equal_from, equal.equal_until, equal.built_at
-- What is in flight is not lost yet.
having max(claims.claimed_at) <= {{ claim_reconciliation.minutes_after(
    'equal.built_at', -claim_reconciliation.number_var('settle_minutes')
) }}
{%- endmacro %}
