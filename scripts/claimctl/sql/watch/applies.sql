-- Grain: one row a plan that is being applied: how many lines are decided, how many a second of
-- late, and what is left.
select
    plans.plan_id,
    plans.kind,
    plans.lines,
    decided.lines as decided,
    plans.lines - decided.lines as pending,
    decided.of_late / 10.0 as lines_a_second,
    case
        when decided.of_late > 0
            then ceil((plans.lines - decided.lines) * 10.0 / decided.of_late)::bigint
    end as seconds_left
from claim_ops.plans
inner join claim_ops.plan_states on plans.plan_id = plan_states.plan_id
cross join lateral (
    select
        count(*) as lines,
        count(*) filter (where journal.written_at > clock_timestamp() - interval '10 seconds')
            as of_late
    from claim_ops.journal
    where journal.plan_id = plans.plan_id and journal.line_no is not null
) as decided
where plans.state = 'applying' and plan_states.is_open
order by plans.plan_id
