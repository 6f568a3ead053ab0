{% macro claim_ops__check_rules() %}
create function claim_ops._check_rules(p_needs_models boolean)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
declare
    v_settings claim_ops.settings;
    v_built_at timestamptz;
    v_as_of timestamptz;
    v_digest text;
    v_too_old_at timestamptz;
begin
    select * into v_settings from claim_ops.settings;
    begin
        execute format(
            'select built_at, too_old_at, as_of, settings_digest from %I.rpt_wallet_build',
            v_settings.models_schema
        ) into v_built_at, v_too_old_at, v_as_of, v_digest;
    exception when undefined_table or undefined_column or invalid_schema_name
        or insufficient_privilege
    then
        if not p_needs_models then
            return;
        end if;
        perform claim_ops._refuse(
            'CO010',
            format('the models cannot be read in the schema %I', v_settings.models_schema),
            format('%s (%s)', sqlerrm, sqlstate),
            'Run both: dbt build; dbt run-operation install_guard'
        );
    end;

    -- What was wrong then may be right now, and what is wrong now is not in it.
    if p_needs_models and v_as_of is not null then
        perform claim_ops._refuse(
            'CO010',
            format('the models look back at %s: nothing is planned from a look back', v_as_of),
            'They were built with as_of.', 'Build without as_of: dbt build'
        );
    elsif p_needs_models and (clock_timestamp() < v_too_old_at) is not true then
        perform claim_ops._refuse(
            'CO010',
            format(
                'the models were built at %s and are too old since %s', v_built_at, v_too_old_at
            ),
            'Wallets may have been repaired since then.', 'Run: dbt build'
        );
    elsif v_digest <> v_settings.digest or p_needs_models and v_digest is null then
        perform claim_ops._refuse(
            'CO008',
            'the models were built with other settings or another catalogue than the guard was '
            'installed with',
            format('models %s, guard %s', left(v_digest, 12), left(v_settings.digest, 12)),
            'Run both, then plan again: dbt build; dbt run-operation install_guard'
        );
    end if;
end
$function$;
comment on function claim_ops._check_rules is
$$Refuses where the models were made from other rules than the guard's; for a plan that is made from
the models also where they are missing, old or a look back.$$;
{{ claim_reconciliation.guard_hand_over('_check_rules') }}
{% endmacro %}
