{% macro claim_ops_plan_wallets() %}
create function claim_ops.plan_wallets(
    p_reason text,
    p_include_excess text[] default '{}',
    p_user_id text default null,
    p_item text default null,
    p_limit integer default null,
    p_raise jsonb default '{}',
    p_users text[] default null,
    p_exclude text[] default '{}',
    p_type text default null,
    p_changed_from timestamptz default null,
    p_changed_to timestamptz default null,
    p_cause text default null,
    p_proposals jsonb default null
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
    v_users {{ var('user_id_data_type') }}[];
    v_exclude {{ var('user_id_data_type') }}[];
    v_plan_id bigint;
    v_proposals jsonb;
    v_found jsonb;
begin
    -- At a snapshot from before, what is planned would be what was wrong then.
    perform claim_ops._check_isolation();
    perform claim_ops._check_input(p_include_excess || p_item, p_limit, p_raise);
    {{- claim_reconciliation.as_spelled('p_user_id', 'user_id') }}
    perform claim_ops._check_suspicion_raised(p_reason, p_raise);
    perform claim_ops._check_selection(p_type, p_include_excess, p_changed_from, p_changed_to);
    perform claim_ops._check_cause(v_models_schema, p_cause);
    perform claim_ops._check_user(p_user_id);
    v_users := claim_ops._check_users(p_users, 'users');
    v_exclude := claim_ops._check_users(p_exclude, 'exclude');
    v_proposals := claim_ops._known_proposals(p_proposals);
    -- Proposals come from elsewhere, where this database may have no models at all.
    perform claim_ops._check_rules(p_proposals is null);
    {{- claim_reconciliation.guard_check_keys(['user_wallet_balances']) }}
    {{- claim_reconciliation.guard_check_columns(['user_wallet_balances']) }}

    -- The models hand in keys and no more; what is wrong now is computed here, from wallets and
    -- ledger. All of them, whatever the plan is narrowed to: what all that is short looks like
    -- would not show in twenty of them.
    if p_proposals is null
        or to_regclass(format('%I.fct_wallet_discrepancies', v_models_schema)) is not null
    then
        execute format(
            'select array('
            'select distinct user_id from %I.fct_wallet_discrepancies order by user_id)',
            v_models_schema
        ) into v_user_ids;
    end if;
    if p_proposals is not null then
        v_user_ids := array(
            select found.user_id from unnest(v_user_ids) as found (user_id)
            union
            select proposed.user_id
            from jsonb_to_recordset(v_proposals) as proposed (
                user_id {{ var('user_id_data_type') }}, reason text
            )
            where proposed.reason is null
            order by 1
        );
    end if;

    v_plan_id := claim_ops._start_plan(
        'wallet_correction', p_reason, jsonb_strip_nulls(jsonb_build_object(
            'include_excess', to_jsonb(p_include_excess), 'user_id', p_user_id, 'item', p_item,
            'limit', p_limit, 'raise', p_raise, 'users', to_jsonb(v_users),
            'exclude', to_jsonb(v_exclude), 'type', p_type, 'changed_from', p_changed_from,
            'changed_to', p_changed_to, 'cause', p_cause, 'proposals', p_proposals - 'keys'
        )), null
    );
    v_found := claim_ops._write_corrections(
        v_plan_id, v_user_ids, v_models_schema, v_proposals
    );
    update claim_ops.plans
    set limits = jsonb_set(plans.limits, '{proposals, outcomes}', v_found -> 'proposals')
    where plans.plan_id = v_plan_id and p_proposals is not null;
    perform claim_ops._finish_plan(
        v_plan_id, claim_ops._nothing_to_correct(v_plan_id), case
            when exists (
                select 1 from claim_ops.plan_balances_left_out
                where plan_balances_left_out.plan_id = v_plan_id
                    and plan_balances_left_out.reason = 'negative_ledger'
            ) then 'A ledger that is negative is never planned: correct wallet_adjustments, '
                'accept the discrepancy, or set negative_ledger_policy to clamp or allow'
            else 'What is in excess is taken with --include-excess ITEM'
        end, v_found
    );
    return v_plan_id;
end
$function$;
comment on function claim_ops.plan_wallets is
$$Plans to set wrong wallets to what the ledger says: what users are owed, and what is in excess of
the items in p_include_excess. Narrowed by users, item, number of wallets, type (short: what users
are owed; excess), the time of the wallet's last change, from p_changed_from until before
p_changed_to, the probable cause that the models name, and the keys that p_proposals brings from
elsewhere, {source, settings_digests, keys: [[user_id, item], ...]}; never those in p_exclude.
p_raise is {breaker: limit}. Returns the plan's id.$$;
{{ claim_reconciliation.guard_hand_over('plan_wallets', to=['claim_planner']) }}
{% endmacro %}
