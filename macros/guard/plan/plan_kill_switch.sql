{% macro claim_ops_plan_kill_switch() %}
create function claim_ops.plan_kill_switch(p_reason text, p_is_on boolean, p_sku text default null)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set row_security = off
as $function$
declare
    v_skus constant text[] := array(
        select distinct sku_catalog.sku from claim_ops.sku_catalog
        where p_sku is null or sku_catalog.sku = p_sku
        order by 1
    );
    v_after constant jsonb := (
        select coalesce(jsonb_object_agg(sku, p_is_on), '{}') from unnest(v_skus) as sku
    );
    v_before jsonb;
    v_warning text;
    v_plan_id bigint;
begin
    perform claim_ops._check_isolation();
    if v_skus = '{}' then
        perform claim_ops._refuse(
            'CO013',
            case
                when p_sku is null then 'the catalogue is empty'
                else format('unknown SKU %L', p_sku)
            end,
            'The catalogue names ' || coalesce((
                select string_agg(distinct sku, ', ' order by sku) from claim_ops.sku_catalog
            ), 'none') || '.',
            'Name one of them, or add it to sku_catalog and run: dbt run-operation install_guard'
        );
    end if;
    v_before := claim_ops._read_switch(p_sku is null);
    v_before := v_before - array(select jsonb_object_keys(v_before - v_skus));
    if v_before = v_after then
        perform claim_ops._refuse(
            'CO014', format('nothing to do: %s is %s already', array_to_string(v_skus, ', '),
                case when p_is_on then 'on' else 'off' end),
            'Nothing was written.', 'The switch: claimctl status'
        );
    end if;
    begin
        perform claim_ops._check_rules(false);
    exception
        -- In an emergency a catalogue that has moved on is no reason to wait.
        when sqlstate 'CO008' then
            v_warning := sqlerrm;
    end;
    v_plan_id := claim_ops._start_plan(
        'kill_switch', p_reason, jsonb_strip_nulls(jsonb_build_object(
            'is_on', p_is_on, 'sku', coalesce(p_sku, 'all'), 'warning', v_warning
        )), null
    );
    insert into claim_ops.plan_lines (plan_id, line_no, before, after)
    values (v_plan_id, 1, v_before, v_after);
    perform claim_ops._finish_plan(v_plan_id);
    return v_plan_id;
end
$function$;
comment on function claim_ops.plan_kill_switch is
$$Plans to switch a SKU off or on, or every catalogued one, each by its name; what else the switch
names is left. Needs no models and warns where the rules have moved on. Returns the plan's id.$$;
{{ claim_reconciliation.guard_hand_over('plan_kill_switch', to=['claim_planner']) }}
{% endmacro %}
