{% macro episode_ends(kept, found, builds, writes, discrepancies) %}
    {#- Kept episodes that a build found no longer, or found to be of another type, with how they
        ended: with the account, by the last write of a plan since they were seen last, by time, or
        by the service itself. A plan may have written before that look and committed after it; then
        the wallet has a later updated_at than was seen. -#}
select
    kept.user_id,
    kept.item,
    kept.first_found_at,
    kept.last_found_at,
    kept.discrepancy_type,
    kept.first_quantity,
    kept.last_quantity,
    kept.first_seconds,
    kept.last_seconds,
    kept.runs_until,
    kept.wallet_updated_at,
    kept.last_activity_at,
    kept.is_settled,
    kept.is_accepted,
    kept.probable_cause,
    kept.cause_evidence,
    builds.built_at as ended_at,
    case
        when found.user_id is not null then 'changed'
        when gone.user_id is not null then 'account_gone'
        when written.kind = 'rollback' then 'rolled_back'
        when written.plan_id is not null then 'repaired'
        when kept.runs_until <= builds.built_at then 'expired'
        else 'cleared'
    end as how_it_ended,
    case when found.user_id is null and gone.user_id is null then written.plan_id end as plan_id
from {{ kept }} as kept
cross join {{ builds }} as builds
left join {{ found }} as found on kept.user_id = found.user_id and kept.item = found.item
left join {{ discrepancies }} as gone
    on kept.user_id = gone.user_id and kept.item = gone.item
    and gone.excused_because = 'account_gone'
left join lateral (
    select
        writes.plan_id,
        writes.kind
    from {{ writes }} as writes
    where writes.user_id = kept.user_id
        and writes.items ? kept.item
        and (
            writes.written_at > kept.last_found_at
            or writes.wallet_updated_at > coalesce(kept.wallet_updated_at, '-infinity')
        )
    order by writes.entry_id desc
    limit 1
) as written on true
where kept.discrepancy_type is distinct from found.discrepancy_type
{%- endmacro %}


{% macro revised_episodes(history, writes) %}
    {#- Ended episodes whose repair was taken back since,
        and those whose repair is in force again. -#}
select
    episodes.user_id,
    episodes.item,
    episodes.first_found_at,
    episodes.last_found_at,
    episodes.discrepancy_type,
    episodes.first_quantity,
    episodes.last_quantity,
    episodes.first_seconds,
    episodes.last_seconds,
    episodes.runs_until,
    episodes.wallet_updated_at,
    episodes.last_activity_at,
    episodes.is_settled,
    episodes.is_accepted,
    episodes.probable_cause,
    episodes.cause_evidence,
    episodes.ended_at,
    case when writes.is_reversed then 'rolled_back' else 'repaired' end as how_it_ended,
    episodes.plan_id
from {{ history }} as episodes
inner join {{ writes }} as writes
    on episodes.user_id = writes.user_id and episodes.plan_id = writes.plan_id
where writes.kind <> 'rollback'
    and (
        (episodes.how_it_ended = 'repaired' and writes.is_reversed)
        or (episodes.how_it_ended = 'rolled_back' and not writes.is_reversed)
    )
{%- endmacro %}
