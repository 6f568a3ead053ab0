{% macro claim_ops__known_causes() %}
create function claim_ops._known_causes(p_models_schema text)
returns table (user_id {{ var('user_id_data_type') }}, item text, cause text)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
begin
    -- Models of before there were causes are planned from all the same.
    if to_regclass(format('%I.fct_discrepancy_causes', p_models_schema)) is not null then
        -- As rows, which go to disk where they are many: one document of a million of them took
        -- 2 GB of the session's memory.
        return query execute format(
            'select user_id::{{ var('user_id_data_type') }}, item::text, probable_cause::text'
            ' from %I.fct_discrepancy_causes', p_models_schema
        );
    end if;
end
$function$;
comment on function claim_ops._known_causes is
'The probable causes that the models name: one row a balance that they find wrong.';
{{ claim_reconciliation.guard_hand_over('_known_causes') }}
{% endmacro %}
