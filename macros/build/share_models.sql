{% macro share_models_schemas() %}
    {#- Before a build: the guard's roles may use the schemas that the build writes to,
        where they exist. -#}
    {{- return(adapter.dispatch('share_models_schemas', 'claim_reconciliation')()) -}}
{% endmacro %}


{% macro default__share_models_schemas() %}
    {%- if execute and flags.WHICH in ('run', 'build', 'seed') -%}
        {%- set schemas = [] -%}
        {%- for node in graph.nodes.values()
            if node.package_name == 'claim_reconciliation'
            and node.resource_type in ('model', 'seed') -%}
            {%- do schemas.append(node.schema) -%}
        {%- endfor -%}
        {%- for schema in schemas | unique -%}
            {%- do run_query(claim_reconciliation.share_schema(schema)) -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}


{% macro share_schema(schema) %}
do $share$
declare
    v_role text;
begin
    for v_role in
        select pg_roles.rolname
        from pg_catalog.pg_namespace
        join pg_catalog.pg_roles on pg_roles.rolname in ('claim_guard', 'claim_reader')
        where pg_namespace.nspname = '{{ schema }}'
            and pg_has_role(pg_namespace.nspowner, 'usage')
            and not has_schema_privilege(pg_roles.oid, pg_namespace.oid, 'usage')
    loop
        execute format('grant usage on schema %I to %I', '{{ schema }}', v_role);
    end loop;
end
$share$
{%- endmacro %}


{% macro share_model() %}
    {#- A post-hook of each model and seed: whichever login installed the guard, what a build makes
        anew is read by its roles, and only read by anybody else. -#}
    {{- return(adapter.dispatch('share_model', 'claim_reconciliation')()) -}}
{% endmacro %}


{% macro default__share_model() %}
    {%- if execute -%}
        {{- claim_reconciliation.share_relations(
            "oid = '" ~ this.include(database=false) ~ "'::regclass"
        ) -}}
    {%- endif -%}
{% endmacro %}


{% macro share_relations(condition) %}
    {#- Default privileges give a hosting's API roles every right on what is new. A view of ours on
        one table of the service can be written through, with its owner's rights: so nobody keeps
        more than SELECT. -#}
do $share$
declare
    v_statement text;
begin
    for v_statement in
        with relations as (
            select oid, relowner, relacl
            from pg_catalog.pg_class
            where
                {{ condition }}
                and relkind in ('r', 'v', 'm', 'p')
                and pg_has_role(relowner, 'usage')
        )

        select format(
            'revoke %s on %s from %s cascade', privilege_type, relations.oid::regclass,
            case when grantee = 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end
        )
        from relations
        cross join aclexplode(relacl)
        where grantee <> relowner and privilege_type <> 'SELECT'
        union all
        select format('grant select on %s to %I', relations.oid::regclass, pg_roles.rolname)
        from relations
        join pg_catalog.pg_roles on pg_roles.rolname in ('claim_guard', 'claim_reader')
        where not has_table_privilege(pg_roles.oid, relations.oid, 'select')
    loop
        execute v_statement;
    end loop;
end
$share$
{%- endmacro %}


{% macro spark__share_models_schemas() %}
{% endmacro %}


{% macro spark__share_model() %}
    {#- Who may read is the catalogue's own business there. -#}
{% endmacro %}
