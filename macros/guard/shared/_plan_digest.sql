{% macro claim_ops__plan_digest() %}
create function claim_ops._plan_digest(p_plan_id bigint)
returns text
language sql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
    -- With limits and reason: raised or reworded later, they would pass for what was approved.
    select encode(sha256(convert_to(jsonb_build_array(
        plans.plan_id, plans.kind, plans.limits, plans.breakers, plans.reason, plans.reverses,
        plans.made_by, plans.made_at, plans.expires_at, plans.settings_digest, plans.lines,
        (
            select jsonb_agg(plan_chunks.digest order by plan_chunks.chunk_no)
            from claim_ops.plan_chunks
            where plan_chunks.plan_id = plans.plan_id
        )
    )::text, 'UTF8')), 'hex')
    from claim_ops.plans
    where plans.plan_id = p_plan_id
$function$;
comment on function claim_ops._plan_digest is
$$SHA-256, in hex, over what the approver is asked about: the plan's header and the digests of its
chunks in their order.$$;
{{ claim_reconciliation.guard_hand_over('_plan_digest') }}
{% endmacro %}
