{% macro requests_by_period(counted, requests, period) %}
    {#- A query for the requests by minute, window or hour, one row each that had any: as counted by
        the last build, but for the last metrics_live_minutes and whatever came after that build,
        which is counted here and now. -#}
    {%- set minutes = {'minute': 1, 'window': 15, 'hour': 60}[period] -%}
    {%- set now = claim_reconciliation.current_time() -%}
with

marks as (
    select
        {{ claim_reconciliation.period_start('least(counted_until, fresh_from)', 60) }} as live_from
    from (
        select
            coalesce(
                {{ claim_reconciliation.minutes_after('max(started_at)', 60) }},
                {{ claim_reconciliation.metrics_kept_from() }}
            ) as counted_until,
            {{ claim_reconciliation.minutes_after(
                now, -claim_reconciliation.number_var('metrics_live_minutes')
            ) }} as fresh_from
        from {{ counted }}
        where period = 'hour'
    ) as ends
),

live as (
    select
        {{ claim_reconciliation.period_start('requested_at', minutes) }} as started_at,
        {{ claim_reconciliation.request_counts() | indent(8) }}
        {%- if period != 'minute' %},
        {{ claim_reconciliation.request_percentiles() | indent(8) }}
        {%- endif %}
    from {{ requests }}
    where requested_at >= (select live_from from marks)
        and requested_at < {{ now }}
    group by 1
)

select
    started_at, requests, successes, conflicts, client_errors, errors, timed_requests,
    over_slo_latency, over_alert_latency, total_duration_ms
    {%- if period != 'minute' %}, p50_latency_ms, p95_latency_ms, p99_latency_ms{% endif %}
from {{ counted }}
where period = '{{ period }}' and started_at < (select live_from from marks)
union all
select * from live
{%- endmacro %}


{% macro metrics_kept_from() %}
    {#- The first whole hour that metrics_retention_days reach back to. -#}
    {{ claim_reconciliation.period_start(
        claim_reconciliation.minutes_after(
            claim_reconciliation.current_time(),
            -1440 * claim_reconciliation.number_var('metrics_retention_days')
        ),
        60
    ) }}
{%- endmacro %}
