{% macro unapproved_finding(unapproved) %}
    {#- A query for the plans that were applied without an approval,
        one row where there is a guard. -#}
select
    'unapproved_break_glass' as alert,
    plans as value,
    since,
    plans || ' kill switches were applied without approval, the first as plan ' || first_plan_id
    || ', and no other login has approved them since.' as description
from {{ unapproved }}
{%- endmacro %}


{% macro last_of_shop(requests, counted, shop) %}
    {#- A query for the last request that the log knows, the last claim that there is, and the last
        build, one row. -#}
select
    coalesce(
        (select max(requested_at) from {{ requests }}), (select max(started_at) from {{ counted }})
    ) as metric_at,
    (select max(case when claims > 0 then started_at end) from {{ shop }}) as claim_at,
    (select max(built_at) from {{ shop }}) as built_at
{%- endmacro %}


{% macro shop_silences(lasts, shop) %}
    {#- A query for what goes on while something else stands still for alert_silence_minutes, one
        row an alert: purchases since the last claim, and claims since the last metric. -#}
    {%- set silence = var('alert_silence_minutes') -%}
with

after_last_claim as (
    select
        coalesce(sum(shop.purchases), 0) as purchases,
        coalesce(min(lasts.claim_at), min(shop.started_at)) as since,
        {{ claim_reconciliation.utc_text('min(lasts.claim_at)') }} as last_claim
    from {{ lasts }} as lasts
    left join {{ shop }} as shop
        on
            coalesce(lasts.claim_at, '-infinity') < shop.started_at
            and {{ claim_reconciliation.minutes_after('lasts.built_at', -silence) }}
            > shop.started_at
            and shop.purchases > 0
),

after_last_metric as (
    select
        coalesce(sum(shop.claims), 0) as claims,
        min(lasts.metric_at) as since,
        {{ claim_reconciliation.utc_text('min(lasts.metric_at)') }} as last_metric
    from {{ lasts }} as lasts
    left join {{ shop }} as shop
        on
            lasts.metric_at < shop.started_at
            and lasts.metric_at < {{ claim_reconciliation.minutes_after(
                claim_reconciliation.current_time(), -silence
            ) }}
            and shop.claims > 0
)

select
    'claims_stop' as alert,
    purchases as value,
    since,
    purchases || ' purchases were paid for since the last claim'
    || coalesce(' of ' || last_claim, '') || '.' as description
from after_last_claim
union all
select
    'log_not_written' as alert,
    claims as value,
    since,
    'The last metric is of ' || last_metric || ', and ' || claims
    || ' claims came since: the log is not written.' as description
from after_last_metric
{%- endmacro %}
