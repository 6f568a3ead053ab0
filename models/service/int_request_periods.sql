{%- set counted_by = claim_reconciliation.counting_rules() %}
{{ config(
    materialized='retained_table'
        if var('as_of', none) or target.type == 'spark' else 'incremental',
    incremental_strategy='delete+insert',
    unique_key=['period', 'started_at'],
    on_schema_change='append_new_columns',
    full_refresh=false,
    indexes=[{'columns': ['period', 'started_at'], 'unique': true}],
    post_hook=[
        "{{ claim_reconciliation.delete_old_counts() }}", "{{ claim_reconciliation.analyze() }}"
    ],
) }}
-- Grain: one row a minute, 15-minute window or hour with requests, of the hours that are over. Each
-- build counts again what may have changed since the last one: hours as a whole, with all of their
-- minutes and windows. Never refreshed as a whole: the service may keep its requests less long.
with

requests as (
    select * from {{ ref('int_claim_requests') }}
),

spans as (
    {%- if is_incremental() %}
        {{ claim_reconciliation.hours_to_count(this, ref('int_claim_requests'), counted_by)
            | indent(8) }}
    {%- else %}
        select
            {{ claim_reconciliation.metrics_kept_from() }} as count_from,
            {{ claim_reconciliation.typed('null', 'timestamptz') }} as recount_from,
            {{ claim_reconciliation.typed('null', 'timestamptz') }} as recount_until
    {%- endif %}
),

placed as (
    select
        *,
        {{ claim_reconciliation.period_start('requested_at', 60) }} as hour,
        {{ claim_reconciliation.period_start('requested_at', 15) }} as window_start,
        {{ claim_reconciliation.period_start('requested_at', 1) }} as minute
    from requests
    where
        {{ claim_reconciliation.is_counted_anew('requested_at', 'spans') | indent(8) }}
        and requested_at < {{ claim_reconciliation.period_start(
            claim_reconciliation.current_time(), 60
        ) }}
),

counts as (
    select
        case
            when grouping(minute) = 0 then 'minute'
            when grouping(window_start) = 0 then 'window'
            else 'hour'
        end as period,
        coalesce(minute, window_start, hour) as started_at,
        {{ claim_reconciliation.request_counts() | indent(8) }},
        {{ claim_reconciliation.request_percentiles() | indent(8) }},
        '{{ counted_by }}' as counted_by
    from placed
    group by grouping sets ((hour, window_start, minute), (hour, window_start), (hour))
),

final as (
    select * from counts
    {%- if is_incremental() %}
        union all
        {{ claim_reconciliation.emptied_periods(this, 'counts', 'spans', counted_by) | indent(8) }}
    {%- endif %}
)

select * from final
