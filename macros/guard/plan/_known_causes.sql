{% macro claim_ops__known_causes() %}
create function claim_ops._known_causes(p_models_schema text, p_cause text)
returns jsonb
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
declare
    v_allowed constant text[] := array['{{ claim_reconciliation.known_causes() | join("', '") }}'];
    v_causes jsonb;
begin
    if p_cause <> all(v_allowed) then
        perform claim_ops._refuse(
            'CO013', format('there is no cause %L', p_cause),
            'The causes are ' || array_to_string(v_allowed, ', ') || '.',
            'Choose one: --cause CAUSE'
        );
    end if;
    -- Models of before there were causes are planned from all the same.
    if to_regclass(format('%I.fct_discrepancy_causes', p_models_schema)) is not null then
        execute format(
            'select jsonb_agg(jsonb_build_object('
            '''user_id'', user_id, ''item'', item, ''cause'', probable_cause))'
            ' from %I.fct_discrepancy_causes', p_models_schema
        ) into v_causes;
    elsif p_cause is not null then
        perform claim_ops._refuse(
            'CO013', 'the models name no causes yet', 'There is no fct_discrepancy_causes.',
            'dbt build'
        );
    end if;
    return coalesce(v_causes, '[]');
end
$function$;
comment on function claim_ops._known_causes is
$$The probable causes that the models name, as a set of {user_id, item, cause}; refuses a cause
that there is not.$$;
{{ claim_reconciliation.guard_hand_over('_known_causes') }}
{% endmacro %}
