{% macro begun_episodes(found, builds=none, kept=none) %}
    {#- Episodes that begin with what a build found: all of it,
        or what no kept episode of that type has. -#}
select
    found.user_id,
    found.item,
    found.built_at as first_found_at,
    found.built_at as last_found_at,
    found.discrepancy_type,
    found.quantity as first_quantity,
    found.quantity as last_quantity,
    found.seconds as first_seconds,
    found.seconds as last_seconds,
    found.runs_until,
    found.wallet_updated_at,
    found.last_activity_at,
    found.is_settled,
    found.is_accepted,
    coalesce(found.probable_cause, 'unknown') as probable_cause,
    found.cause_evidence,
    null::timestamptz as ended_at,
    null::text as how_it_ended,
    null::bigint as plan_id
from {{ found }} as found
{%- if builds %}
inner join {{ builds }} as builds on found.built_at = builds.built_at
left join {{ kept }} as kept
    on found.user_id = kept.user_id and found.item = kept.item
    and found.discrepancy_type = kept.discrepancy_type
where kept.user_id is null
{%- endif %}
{%- endmacro %}


{% macro lengthened_episodes(kept, found, builds) %}
    {#- Kept episodes that a build found again. A cause that was known once stays known. -#}
select
    kept.user_id,
    kept.item,
    kept.first_found_at,
    found.built_at as last_found_at,
    kept.discrepancy_type,
    kept.first_quantity,
    found.quantity as last_quantity,
    kept.first_seconds,
    found.seconds as last_seconds,
    found.runs_until,
    found.wallet_updated_at,
    found.last_activity_at,
    found.is_settled,
    found.is_accepted,
    case when is_known then found.probable_cause else kept.probable_cause end as probable_cause,
    case when is_known then found.cause_evidence else kept.cause_evidence end as cause_evidence,
    null::timestamptz as ended_at,
    null::text as how_it_ended,
    null::bigint as plan_id
from {{ kept }} as kept
inner join {{ found }} as found
    on kept.user_id = found.user_id and kept.item = found.item
    and kept.discrepancy_type = found.discrepancy_type
inner join {{ builds }} as builds on found.built_at = builds.built_at
cross join lateral (
    select
        coalesce(found.probable_cause <> 'unknown', false) or kept.cause_evidence is null
            as is_known
) as causes
{%- endmacro %}
