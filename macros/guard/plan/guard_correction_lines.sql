{% macro guard_correction_lines() -%}
    {#- A query over asked_for: one line a user, with the grounds of each item for the approver. -#}
select
    asked_for.user_id,
    case
        when bool_and(asked_for.has_wallet)
            then jsonb_object_agg(asked_for.column_name, asked_for.before)
    end as before,
    jsonb_object_agg(asked_for.column_name, asked_for.after) as after,
    jsonb_strip_nulls(jsonb_build_object(
        'discrepancies', jsonb_object_agg(asked_for.item, asked_for.type),
        'suspected_spend', nullif(bool_or(asked_for.is_suspected_spend), false),
        'unexplained_excess',
        nullif(bool_or(asked_for.type = 'excess' and asked_for.evidence is null), false),
        'evidence', jsonb_object_agg(asked_for.item, asked_for.evidence) filter (
            where asked_for.evidence is not null
        ),
        'causes', jsonb_object_agg(asked_for.item, asked_for.cause) filter (
            where asked_for.cause is not null
        ),
        'grounds', jsonb_object_agg(asked_for.item, asked_for.grounds)
    )) as details
from asked_for
where asked_for.left_out_because is null
group by asked_for.user_id
order by asked_for.user_id
limit (v_limits ->> 'limit')::integer
{%- endmacro %}


{% macro guard_suspicions() -%}
    {#- What the breakers are told beside the plan's lines: the share over all that is short, before
        any narrowing (fewer than 10 suspected spends are no share), and three users each, the
        largest first, to look at. -#}
select jsonb_build_object(
    'max_suspected_share', (
        select case when count(*) filter (where judged.is_suspected_spend) < 10 then 0 else round(
            count(*) filter (where judged.is_suspected_spend)::numeric
                / count(*) filter (where judged.is_quiet_short), 4
        ) end
        from judged
        where coalesce(judged.reason, '') not in ('accepted', 'account_gone')
    ),
    {%- for name, condition in [
        (
            'suspected_spends',
            "judged.is_suspected_spend"
            " and coalesce(judged.reason, '') not in ('accepted', 'account_gone')"
        ),
        (
            'unexplained_excess',
            "judged.type = 'excess' and judged.evidence is null and judged.reason is null"
        ),
    ] %}
    '{{ name }}', (
        select jsonb_agg(jsonb_build_object(
            'user_id', example.user_id, 'item', example.item, 'before', example.before,
            'after', example.after, 'grounds', example.grounds
        ))
        from (
            select judged.* from judged
            where {{ condition }}
            order by judged.wallet_updated_at desc nulls last, judged.user_id
            limit 3
        ) as example
    ),
    {%- endfor %}
    'proposals', (
        select coalesce(
            jsonb_agg(to_jsonb(outcomes) order by outcomes.proposals desc, outcomes.outcome), '[]'
        )
        from outcomes
    )
)
{%- endmacro %}


{% macro guard_proposal_outcomes() -%}
    {#- A CTE: one row an outcome of the proposals, with their number and the first of them. -#}
outcomes as (
    select
        judged_proposals.outcome,
        count(*) as proposals,
        (array_agg(judged_proposals.given_user_id order by judged_proposals.number))[1]
            as first_user_id,
        (array_agg(judged_proposals.given_item order by judged_proposals.number))[1] as first_item
    from (
        select
            proposed.number, proposed.given_user_id, proposed.given_item,
            case
                when proposed.reason is not null then proposed.reason
                when judged.user_id is null then 'right'
                when asked_for.user_id is null then 'not_asked_for'
                when asked_for.left_out_because is not null then asked_for.left_out_because
                when lines.user_id is null then 'beyond_limit'
                else 'planned'
            end as outcome
        from proposed
        left join judged on proposed.user_id = judged.user_id and proposed.item = judged.item
        left join asked_for
            on proposed.user_id = asked_for.user_id and proposed.item = asked_for.item
        left join lines on proposed.user_id = lines.user_id
    ) as judged_proposals
    group by judged_proposals.outcome
)
{%- endmacro %}
