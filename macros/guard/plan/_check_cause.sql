{% macro claim_ops__check_cause() %}
create function claim_ops._check_cause(p_models_schema text, p_cause text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
declare
    v_allowed constant text[] := array['{{ claim_reconciliation.known_causes() | join("', '") }}'];
begin
    if p_cause <> all(v_allowed) then
        perform claim_ops._refuse(
            'CO013', format('there is no cause %L', p_cause),
            'The causes are ' || array_to_string(v_allowed, ', ') || '.',
            'Choose one: --cause CAUSE'
        );
    elsif p_cause is not null
        and to_regclass(format('%I.fct_discrepancy_causes', p_models_schema)) is null
    then
        perform claim_ops._refuse(
            'CO013', 'the models name no causes yet', 'There is no fct_discrepancy_causes.',
            'Run: dbt build'
        );
    end if;
end
$function$;
comment on function claim_ops._check_cause is
'Refuses a cause that there is not, and any cause where the models name none.';
{{ claim_reconciliation.guard_hand_over('_check_cause') }}
{% endmacro %}
