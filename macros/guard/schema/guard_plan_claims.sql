{% macro guard_plan_claims(models_schema) %}
    {#- Models that were built before the guard read no claims of plans, and take each approved override for a violation:
        whoever owns their view lets it read them. Else the next build does, and doctor says so until then. -#}
{%- set view = adapter.quote(models_schema) ~ '.stg_claim_ops__plan_claims' %}
do $plan_claims$
begin
    if exists (select from pg_catalog.pg_class where oid = to_regclass('{{ view }}') and relkind = 'v') then
        create or replace view {{ view }} as
        {{ claim_reconciliation.plan_claims_of('claim_ops.plan_claims') | indent(8) }};
    end if;
exception when insufficient_privilege or invalid_table_definition then
    null;
end
$plan_claims$;
{% endmacro %}
