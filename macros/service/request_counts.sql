{% macro request_counts() %}
    {#- The counts of a set of requests. Whatever is judged is judged by these, and they add up over
        any span. A request without a duration is neither slow nor timed. -#}
    count(*)::int as requests,
    count(*) filter (where is_success)::int as successes,
    count(*) filter (where is_conflict)::int as conflicts,
    count(*) filter (where is_client_error)::int as client_errors,
    count(*) filter (where is_error)::int as errors,
    count(duration_ms)::int as timed_requests,
    count(*) filter (where duration_ms > {{ var('slo_latency_ms') }})::int as over_slo_latency,
    count(*) filter (where duration_ms > {{ var('alert_latency_ms') }})::int as over_alert_latency,
    sum(duration_ms) as total_duration_ms
{%- endmacro %}


{% macro request_percentiles() %}
    {#- Percentiles of a set of requests, each the duration of one of them: p95 <= x is exactly at
        most 5 % above x. They do not add up, so that a longer span reads the requests again. -#}
    percentile_disc(0.5) within group (order by duration_ms) as p50_latency_ms,
    percentile_disc(0.95) within group (order by duration_ms) as p95_latency_ms,
    percentile_disc(0.99) within group (order by duration_ms) as p99_latency_ms
{%- endmacro %}


{% macro counting_rules() %}
    {#- One name for all vars that decide what is counted:
        what was counted by others is counted again. -#}
    {%- set rules = {} -%}
    {%- for name in [
        'alert_latency_ms', 'claim_functions', 'claim_service_columns', 'claim_service_time_zones',
        'deduplicate_metrics', 'metrics_time_zone', 'slo_latency_ms',
    ] -%}
        {%- do rules.update({name: var(name)}) -%}
    {%- endfor -%}
    {{- return(local_md5(tojson(rules, sort_keys=true))) -}}
{% endmacro %}
