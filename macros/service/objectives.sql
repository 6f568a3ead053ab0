{% macro objectives() %}
    {#- A query for each objective with each lookback. An objective of 1 has no budget:
        any miss is a breach. -#}
select
    slos.slo,
    slos.objective,
    lookbacks.lookback,
    lookbacks.lookback_minutes,
    {{ claim_reconciliation.period_start(claim_reconciliation.current_time(), 1) }} as judged_at
from (
    values
    ('availability', {{ var('slo_availability') }}),
    ('latency', {{ var('slo_latency_share') }}),
    ('error_rate', {{ var('slo_windows_share') }}),
    ('accuracy', 1)
) as slos (slo, objective)
cross join (
    values ('5m', 5), ('1h', 60), ('6h', 360), ('24h', 1440), ('72h', 4320), ('30d', 43200)
) as lookbacks (lookback, lookback_minutes)
{%- endmacro %}


{% macro objective_events(minutes, windows, builds) %}
    {#- A query for what each objective counts, with the time it took: requests by minute, judged
        windows, and settled balances by build. -#}
select
    'availability' as slo,
    started_at as began_at,
    {{ claim_reconciliation.minutes_after('started_at', 1) }} as ended_at,
    requests - errors as good,
    requests as total
from {{ minutes }}
union all
select
    'latency',
    started_at,
    {{ claim_reconciliation.minutes_after('started_at', 1) }},
    timed_requests - over_slo_latency,
    timed_requests
from {{ minutes }}
union all
select
    'error_rate',
    window_start,
    {{ claim_reconciliation.minutes_after('window_start', 15) }},
    error_rate_met::int,
    1
from {{ windows }}
where error_rate_met is not null
union all
select
    'accuracy',
    built_at,
    built_at,
    settled_accurate_balances,
    settled_balances
from {{ builds }}
{%- endmacro %}
