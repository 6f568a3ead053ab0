{% macro hours_to_count(counted, requests, counted_by) %}
    {#- A query for the spans of hours to count anew, one row: from count_from on, and from
        recount_from to recount_until, which only the vars of that name set. -#}
    {%- set kept_from = claim_reconciliation.metrics_kept_from() %}
with

bounds as (
    select
        greatest(
            {{ kept_from }},
            {{ claim_reconciliation.regular_count_from(requests, counted_by) | indent(12) }}
        ) as count_from,
        {%- if var('recount_metrics_from') %}
            greatest(
                {{ kept_from }},
                {{ claim_reconciliation.period_start(
                    "timestamptz '" ~ var('recount_metrics_from') ~ "'", 60
                ) }}
            ) as recount_from,
            timestamptz '{{ var("recount_metrics_until") or "infinity" }}' as recount_until
        {%- else %}
            null::timestamptz as recount_from,
            null::timestamptz as recount_until
        {%- endif %}
    from {{ counted }}
    where period = 'hour'
),

first_minutes as (
    select
        {{ claim_reconciliation.period_start('started_at', 60) }} as hour,
        min(started_at) as first_minute
    from {{ counted }}
    where period = 'minute' and started_at >= (select least(count_from, recount_from) from bounds)
    group by {{ claim_reconciliation.period_start('started_at', 60) }}
),

hours as (
    select
        hour,
        exists (
            select from {{ requests }} as requests
            where
                {{ claim_reconciliation.period_start('requests.requested_at', 1) }}
                = first_minutes.first_minute
                and requests.requested_at >= (select least(count_from, recount_from) from bounds)
        ) as is_whole
    from first_minutes
)

select
    {{ claim_reconciliation.first_whole_hour('bounds.count_from', 'hours') }} as count_from,
    {{ claim_reconciliation.first_whole_hour('bounds.recount_from', 'hours') }} as recount_from,
    bounds.recount_until
from bounds
{%- endmacro %}


{% macro regular_count_from(requests, counted_by) -%}
    {#- Where the regular span of hours_to_count begins: metrics_lookback_hours before the end of
        the last build, or with the first hour that was counted by other rules and whose requests
        are still there. -#}
least(
    {{ claim_reconciliation.minutes_after(
        'max(started_at)', 60 - 60 * claim_reconciliation.number_var('metrics_lookback_hours')
    ) }},
    min(started_at) filter (
        where counted_by is distinct from '{{ counted_by }}'
            and started_at > (
                select min(requested_at)
                from {{ requests }}
                where requested_at >= {{ claim_reconciliation.metrics_kept_from() }}
            )
    )
)
{%- endmacro %}


{% macro first_whole_hour(timestamp, hours) %}
    {#- Where to begin counting anew at or after a time: after the hours whose beginning the service
        has pruned. They stay as they were counted, or each build would know less of them. -#}
    greatest({{ timestamp }}, (
        select {{ claim_reconciliation.minutes_after('max(pruned.hour)', 60) }}
        from {{ hours }} as pruned
        where not pruned.is_whole and pruned.hour >= {{ timestamp }}
            and not exists (
                select from {{ hours }} as whole
                where whole.is_whole and whole.hour >= {{ timestamp }} and whole.hour < pruned.hour
            )
    ))
{%- endmacro %}


{% macro is_counted_anew(timestamp, spans) %}
    {#- Whether a time lies in one of the spans. Plain comparisons with single values, so that an
        index finds the rows. -#}
    {{ timestamp }} >= (
        select least(spans.count_from, spans.recount_from) from {{ spans }} as spans
    )
    and (
        {{ timestamp }} >= (select spans.count_from from {{ spans }} as spans)
        or (
            {{ timestamp }} >= (select spans.recount_from from {{ spans }} as spans)
            and {{ claim_reconciliation.period_start(timestamp, 60) }}
            < (select spans.recount_until from {{ spans }} as spans)
        )
    )
{%- endmacro %}
