{% macro guard_views_of_models(models_schema) %}
    {#- Models that were built before the guard read nothing of it, and take each approved override
        for a violation: the owner of their views lets them read it. Else the next build does, and
        doctor says so until then. -#}
    {%- for name, query in claim_reconciliation.read_of_guard().items() %}
    {%- set view = adapter.quote(models_schema) ~ '.' ~ name %}
do $view$
begin
    if exists (select from pg_catalog.pg_class
        where oid = to_regclass('{{ view }}') and relkind = 'v') then
        create or replace view {{ view }} as
        {{ query | indent(8) }};
    end if;
exception when insufficient_privilege or invalid_table_definition then
    null;
end
$view$;
    {%- endfor %}
{% endmacro %}
