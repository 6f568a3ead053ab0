{% macro hours_to_count(counted, requests, counted_by) %}
    {#- A query for the first hour to count again: metrics_lookback_hours before the end of the last build, so that late
        requests are added; or the first one that was counted by other rules and whose requests are still there. -#}
select
    greatest(
        {{ claim_reconciliation.metrics_kept_from() }},
        least(
            {{ claim_reconciliation.minutes_after('max(started_at)', 60 - 60 * claim_reconciliation.number_var('metrics_lookback_hours')) }},
            min(started_at) filter (
                where counted_by is distinct from '{{ counted_by }}'
                    and started_at > (
                        select min(requested_at) from {{ requests }}
                        where requested_at >= {{ claim_reconciliation.metrics_kept_from() }}
                    )
            )
        )
    ) as count_from
from {{ counted }}
where period = 'hour'
{%- endmacro %}
