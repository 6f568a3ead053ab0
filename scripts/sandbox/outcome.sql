-- By fault: balances that it made wrong, how many of them a plan has set right, and why the others
-- are left: repaired is what a plan applied and the models no longer list. Last, planned wallets
-- that nobody had spoilt.
with

discrepancies as (
    select * from dbt_claim_reconciliation.fct_wallet_discrepancies
),

lines as (
    select
        line_states.user_id,
        found.item,
        bool_or(line_states.state = 'applied') as is_applied,
        max(line_states.skipped_because) as skipped_because
    from claim_ops.line_states
    inner join claim_ops.plans on line_states.plan_id = plans.plan_id
    cross join lateral jsonb_object_keys(line_states.details -> 'discrepancies') as found (item)
    where plans.kind = 'wallet_correction'
    group by line_states.user_id, found.item
),

balances as (
    select
        injected.fault,
        injected.in_flight,
        lines.user_id is not null as is_planned,
        case
            when lines.is_applied and discrepancies.user_id is null then null
            when lines.is_applied then 'still wrong'
            when lines.user_id is not null then coalesce(lines.skipped_because, 'pending')
            when injected.in_flight then 'in flight'
            else 'not planned'
        end as left_because
    from sandbox.injected_faults as injected
    left join lines on injected.user_id = lines.user_id and injected.item = lines.item
    left join discrepancies
        on injected.user_id = discrepancies.user_id and injected.item = discrepancies.item
),

reasons as (
    select
        fault,
        in_flight,
        left_because,
        count(*) as balances,
        count(*) filter (where is_planned) as planned
    from balances
    group by fault, in_flight, left_because
),

strangers as (
    select count(distinct lines.user_id) as wallets
    from lines
    left join sandbox.injected_faults as injected on lines.user_id = injected.user_id
    where injected.user_id is null
)

select
    fault,
    in_flight,
    sum(planned)::int as planned,
    coalesce(sum(balances) filter (where left_because is null), 0)::int as repaired,
    coalesce(
        jsonb_object_agg(left_because, balances) filter (where left_because is not null), '{}'
    ) as left_because
from reasons
group by fault, in_flight
union all
select null, null, strangers.wallets::int, 0, '{}' from strangers
order by in_flight, fault
