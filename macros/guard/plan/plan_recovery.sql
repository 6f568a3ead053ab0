{% macro claim_ops_plan_recovery() %}
create function claim_ops.plan_recovery(
    p_reason text,
    p_from timestamptz,
    p_to timestamptz,
    p_user_id text default null,
    p_limit integer default null,
    p_claimed_at text default 'purchase',
    p_include_over_cap boolean default false,
    p_raise jsonb default '{}',
    p_item text default null,
    p_sku text default null
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
    perform claim_ops._check_input(array[p_item], p_limit, p_raise);
    {{- claim_reconciliation.as_spelled('p_user_id', 'user_id') }}
    {{- claim_reconciliation.as_spelled('p_sku', 'sku') }}
    perform claim_ops._check_sku(p_sku);
    perform claim_ops._check_user(p_user_id);
    perform claim_ops._check_range(p_from, p_to);
    v_plan_id := claim_ops._start_plan('claim_recovery', p_reason, claim_ops._claim_limits(
        p_user_id, p_limit, p_claimed_at, p_include_over_cap, p_raise
    ) || jsonb_strip_nulls(jsonb_build_object(
        'from', p_from, 'to', p_to, 'item', p_item, 'sku', p_sku
    )), null);

    with audit as (
        {{ claim_reconciliation.guard_rows_of(
            'audit_purchases', ['tx_id', 'purchased_at']
        ) | indent(4) }}
    ),
    claims as (
        {{ claim_reconciliation.guard_rows_of('purchase_claims', ['tx_id']) | indent(4) }}
    )
    select array_agg(distinct audit.tx_id::text) into v_tx_ids
    from audit
    left join claims on audit.tx_id = claims.tx_id
    where audit.purchased_at >= p_from and audit.purchased_at < p_to and claims.tx_id is null;

    perform claim_ops._plan_claims(v_plan_id, 'claim_recovery', v_tx_ids);
    perform claim_ops._finish_plan(v_plan_id, claim_ops._nothing_to_claim(
        v_plan_id,
        format(
            'no purchase%s without a claim between %s and %s',
            ' of ' || coalesce(p_sku, p_item), p_from, p_to
        )
    ), 'fct_purchase_discrepancies lists them all');
    return v_plan_id;
end
$function$;
comment on function claim_ops.plan_recovery is
$$Plans the missing claims of the purchases made from p_from until before p_to, with their credit.
Claimed when they were bought, or now; those beyond a cap are left out unless included. Narrowed by
user, item and SKU. Returns the plan's id.$$;
{{ claim_reconciliation.guard_hand_over('plan_recovery', to=['claim_planner']) }}
{% endmacro %}
