{{ config(materialized='replaced_view') }}
-- Grain: one row a cause and item of settled discrepancies that nobody accepted, the most users
-- first: since when, until when, how much, what shows it of the user with the latest evidence, and
-- what to do.
{%- set by_evidence = 'order by causes.cause_at desc nulls last, causes.user_id' %}
with

causes as (
    select * from {{ ref('fct_discrepancy_causes') }}
),

found as (
    {{ claim_reconciliation.found_discrepancies(
        ref('fct_wallet_discrepancies'), ref('fct_discrepancy_causes')
    ) | indent(4) }}
),

totals as (
    select
        causes.probable_cause,
        causes.item,
        count(*) as users,
        min(causes.cause_at) as since,
        max(causes.cause_at) as until,
        sum(found.quantity)::bigint as net_quantity,
        sum(found.seconds) / 3600 as net_hours,
        (array_agg(causes.user_id {{ by_evidence }}))[1] as user_id,
        (array_agg(causes.cause_evidence {{ by_evidence }}))[1] as cause_evidence,
        max(causes.built_at) as built_at
    from causes
    inner join found on causes.user_id = found.user_id and causes.item = found.item
    where causes.is_settled and not found.is_accepted
    group by causes.probable_cause, causes.item
),

final as (
    select
        probable_cause,
        item,
        users,
        since,
        until,
        net_quantity,
        net_hours,
        'User ' || user_id || ': ' || cause_evidence as cause_evidence,
        'claimctl explain ' || user_id as look_with,
        {{ claim_reconciliation.repair_advice() | indent(8) }} as repair_with,
        built_at
    from totals
)

select * from final
order by users desc, probable_cause asc, item asc
