{% macro claim_ops_plan_queue() %}
create function claim_ops.plan_queue(
    p_reason text,
    p_user_id text default null,
    p_limit integer default null,
    p_claimed_at text default 'purchase',
    p_include_over_cap boolean default false,
    p_raise jsonb default '{}'
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set row_security = off
as $function$
declare
    v_tx_ids text[];
    v_plan_id bigint;
begin
    perform claim_ops._check_isolation();
    perform claim_ops._check_input('{}', p_limit, p_raise);
    {{- claim_reconciliation.as_spelled('p_user_id', 'user_id') }}
    perform claim_ops._check_user(p_user_id);
    {%- if not claim_reconciliation.has_source('queued_purchases') %}
    perform claim_ops._refuse(
        'CO013', 'there was no queue when the guard was installed',
        'It looks for the table queued_purchases, unless has_queued_purchases says false.',
        'Make or map the table queued_purchases, then dbt build and dbt run-operation install_guard'
    );
    {%- else %}
    with queue as (
        {{ claim_reconciliation.guard_rows_of('queued_purchases', ['tx_id']) | indent(4) }}
    ),
    claims as (
        {{ claim_reconciliation.guard_rows_of('purchase_claims', ['tx_id']) | indent(4) }}
    )
    select array_agg(distinct queue.tx_id::text) into v_tx_ids
    from queue
    left join claims on queue.tx_id = claims.tx_id
    where claims.tx_id is null;
    {%- endif %}

    v_plan_id := claim_ops._start_plan('queue_replay', p_reason, claim_ops._claim_limits(
        p_user_id, p_limit, p_claimed_at, p_include_over_cap, p_raise
    ), null);
    perform claim_ops._plan_claims(v_plan_id, 'queue_replay', v_tx_ids);
    perform claim_ops._finish_plan(v_plan_id, claim_ops._nothing_to_claim(
        v_plan_id, 'no event in the queue lacks its claim'
    ), 'fct_purchase_discrepancies lists what the audit trail lacks');
    return v_plan_id;
end
$function$;
comment on function claim_ops.plan_queue is
$$Plans the claims of the queue's events, each tx_id once as it came first, with their credit; what
is claimed by now is done with. Otherwise as plan_recovery. Returns the plan's id.$$;
{{ claim_reconciliation.guard_hand_over('plan_queue', to=['claim_planner']) }}
{% endmacro %}
