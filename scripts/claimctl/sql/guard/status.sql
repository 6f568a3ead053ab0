-- One document: is anything off or paused, what is open, when was a repair last verified.
select jsonb_build_object(
    'is_paused', control.is_paused,
    'paused_because', case when control.is_paused then control.reason end,
    'changed_by', control.changed_by,
    'changed_at', control.changed_at,
    'is_single_operator', control.is_single_operator,
    'switch', (
        select jsonb_object_agg(switch.sku, switch.state) from claim_ops.show_switch() as switch
    ),
    'unapproved_break_glass', coalesce((
        select jsonb_agg(to_jsonb(broken) order by broken.plan_id)
        from claim_ops.unapproved_break_glass as broken
    ), '[]'),
    'open_plans', coalesce((
        select jsonb_agg(jsonb_build_object(
            'plan_id', plans.plan_id, 'kind', plans.kind, 'state', plans.state,
            'lines', plans.lines, 'made_by', plans.made_by, 'expires_at', plans.expires_at
        ) order by plans.plan_id)
        from claim_ops.plans
        inner join claim_ops.plan_states using (plan_id)
        where plan_states.is_open
    ), '[]'),
    'last_verified', (
        select jsonb_build_object(
            'plan_id', plans.plan_id, 'verified_at', plans.verified_at,
            'wrong', plans.verification -> 'wrong'
        )
        from claim_ops.plans
        where plans.verified_at is not null
        order by plans.verified_at desc
        limit 1
    )
) as status
from claim_ops.control
