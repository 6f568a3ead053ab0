{% macro minutes_to_judge(minutes, builds) %}
    {#- A query for the ends of all complete minutes, also of silent ones: from the first with a
        request or a build, or from an hour ago where that is earlier, to the last. -#}
select
    {{ claim_reconciliation.periods_between(
        'least(first_minute, first_build, '
        ~ claim_reconciliation.minutes_after('last_judged_at', -60) ~ ')',
        'last_judged_at', 1
    ) }} as judged_at
from (
    select
        {{ claim_reconciliation.period_start(claim_reconciliation.current_time(), 1) }}
            as last_judged_at,
        (select min(started_at) from {{ minutes }}) as first_minute,
        (select min(judged_at) from {{ builds }}) as first_build
) as bounds
{%- endmacro %}
