{% macro claim_ops_plan_wallets() %}
create function claim_ops.plan_wallets(
    p_reason text,
    p_include_excess text[] default '{}',
    p_user_id text default null,
    p_item text default null,
    p_limit integer default null,
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
    v_models_schema constant text := (select settings.models_schema from claim_ops.settings);
    v_user_ids {{ var('user_id_data_type') }}[];
    v_plan_id bigint;
begin
    perform claim_ops._check_isolation();
    perform claim_ops._check_input(p_include_excess || p_item, p_limit, p_raise);
    perform claim_ops._check_user(p_user_id);
    perform claim_ops._check_rules(true);
    {{- claim_reconciliation.guard_check_keys(['user_wallet_balances']) }}

    -- The models hand in keys and no more; what is wrong now is computed here, from wallets and ledger.
    execute format(
        'select array(
            select distinct user_id from %I.fct_wallet_discrepancies
            where ($1 is null or user_id = $1::{{ var('user_id_data_type') }}) and ($2 is null or item = $2)
                and (discrepancy_type <> ''excess'' or item = any($3))
            order by user_id
        )', v_models_schema
    ) into v_user_ids using p_user_id, p_item, p_include_excess;

    v_plan_id := claim_ops._start_plan('wallet_correction', p_reason, jsonb_strip_nulls(jsonb_build_object(
        'include_excess', to_jsonb(p_include_excess), 'user_id', p_user_id, 'item', p_item, 'limit', p_limit, 'raise', p_raise
    )), null);
    -- In the order of the users, which is the order in which wallets are locked.
    insert into claim_ops.plan_lines (plan_id, line_no, user_id, before, after, details)
    select v_plan_id, row_number() over (order by line.user_id), line.user_id, line.before, line.after, line.details
    from claim_ops._lines_to_correct(v_user_ids, p_include_excess, p_item, p_limit) as line;
    perform claim_ops._finish_plan(v_plan_id);
    return v_plan_id;
end
$function$;
comment on function claim_ops.plan_wallets is
$$Plans to set wrong wallets to what the ledger says: what users are owed, and what is in excess of the items in p_include_excess.
Narrowed by user, item and number of wallets; p_raise is {breaker: limit}. Returns the plan's id.$$;
{{ claim_reconciliation.guard_hand_over('plan_wallets', to=['claim_planner']) }}
{% endmacro %}
