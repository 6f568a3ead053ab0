{% macro wallet_builds_by_minute(history) %}
    {#- A query for the last build of each minute with one. The minute that is judged while it runs
        knows it, so that no alert waits for another minute. -#}
select distinct on (judged_at)
    {{ claim_reconciliation.period_start('built_at', 1) }} as judged_at,
    row_number() over (order by built_at) as build_number,
    built_at,
    sum(settled_balances) - sum(settled_accurate_balances) as wrong_balances,
    sum(settled_balances) as settled_balances
from {{ history }}
where built_at >= {{ claim_reconciliation.metrics_kept_from() }}
group by built_at
order by judged_at, built_at desc
{%- endmacro %}
