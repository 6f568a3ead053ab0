{% macro guard_rights(models_schema) %}
    {#- Who may do what. Nobody gets INSERT on plans or UPDATE on wallets: the functions
        are the only way. -#}
do $owners$
declare
    v_object record;
begin
    {{- claim_reconciliation.guard_revoke_rights() | indent(4) }}
    -- The revocation took it too.
    grant usage on schema claim_ops to claim_guard, claim_writer;
    for v_object in
        select pg_class.oid::regclass as name, case pg_class.relkind
            when 'v' then 'view' when 'S' then 'sequence' else 'table' end as kind
        from pg_catalog.pg_class
        where pg_class.relnamespace = 'claim_ops'::regnamespace
            and pg_class.relkind in ('r', 'v', 'S')
            and not exists (
                select 1 from pg_catalog.pg_depend
                where pg_depend.objid = pg_class.oid
                    and pg_depend.deptype in ('a', 'i')
                    and pg_class.relkind = 'S'
            )
    loop
        execute format('alter %s %s owner to claim_owner', v_object.kind, v_object.name);
    end loop;
end
$owners$;

alter type claim_ops.judged_purchase owner to claim_owner;
-- Who revoked the usage of types from everybody by default privileges has none for us either.
grant usage on type claim_ops.judged_purchase to claim_guard;
grant usage on schema claim_ops to claim_reader;
grant select on all tables in schema claim_ops to claim_reader, claim_guard;
grant insert on claim_ops.plans, claim_ops.plan_lines, claim_ops.plan_chunks to claim_guard;
grant insert on claim_ops.plan_left_out, claim_ops.plan_balances_left_out to claim_guard;
grant insert on claim_ops.journal, claim_ops.journal_batches to claim_guard;
-- On locks and lines too: a role that may not update a row may not lock it.
grant update on claim_ops.plans, claim_ops.plan_lines, claim_ops.control, claim_ops.locks
to claim_guard;
grant insert, update, delete on claim_ops.alert_notifications to claim_guard;
grant usage on all sequences in schema claim_ops to claim_guard;

{{ claim_reconciliation.share_schema(models_schema) }};
{{ claim_reconciliation.share_relations(
    "relnamespace = '" ~ adapter.quote(models_schema) ~ "'::regnamespace"
) }};
{{ claim_reconciliation.guard_source_rights() }}
{{ claim_reconciliation.guard_builder_rights(models_schema) }}
{% endmacro %}


{% macro guard_revoke_rights() %}
    {#- Default privileges name roles (a hosting's API roles, a reporting login), and what they give
        on a new table stays. A login that may update claim_ops.plans approves its own plan. So
        nobody keeps a right that is not granted below. #}
    for v_object in
        with objects as (
            select
                'schema' as kind, nspname::regnamespace::text as name, nspowner as owner,
                nspacl as acl
            from pg_catalog.pg_namespace
            where nspname = 'claim_ops'
            union all
            select
                case relkind when 'S' then 'sequence' else 'table' end, oid::regclass::text,
                relowner, relacl
            from pg_catalog.pg_class
            where relnamespace = 'claim_ops'::regnamespace and relkind in ('r', 'v', 'm', 'S')
            union all
            select 'table', attrelid::regclass::text, relowner, attacl
            from pg_catalog.pg_attribute
            join pg_catalog.pg_class on pg_attribute.attrelid = pg_class.oid
            where relnamespace = 'claim_ops'::regnamespace and relkind in ('r', 'v', 'm')
        )

        select distinct
            objects.kind, objects.name, coalesce(pg_roles.rolname, 'public') as grantee,
            grantee = 0 as is_public
        from objects
        cross join aclexplode(objects.acl)
        left join pg_catalog.pg_roles on aclexplode.grantee = pg_roles.oid
        where aclexplode.grantee <> objects.owner
    loop
        execute format(
            'revoke all on %s %s from %s cascade',
            v_object.kind, v_object.name,
            case when v_object.is_public then 'public' else quote_ident(v_object.grantee) end
        );
    end loop;
{%- endmacro %}


{% macro guard_builder_rights(models_schema) %}
    {#- The login that builds the models reads what plans excuse. It may have created claim_reader:
        from PostgreSQL 16 on it is a member then that inherits nothing, and a grant that does not
        say so leaves it so. -#}
do $builder$
declare
    v_builder name := (
        select pg_get_userbyid(relowner) from pg_catalog.pg_class
        where oid = to_regclass('{{ adapter.quote(models_schema) }}.rpt_wallet_build')
    );
begin
    if not pg_has_role(v_builder, 'claim_reader', 'usage') then
        execute format('grant claim_reader to %I', v_builder)
            || {{ claim_reconciliation.guard_with_inherit() }};
    end if;
exception when insufficient_privilege then
    raise notice 'not granted by %: claim_reader to %', current_user, v_builder;
end
$builder$;
{% endmacro %}


{% macro guard_with_inherit() -%}
    {#- What makes a grant count for a role that the login itself has created. -#}
    case
        when current_setting('server_version_num')::integer >= 160000 then ' with inherit true'
        else ''
    end
{%- endmacro %}


{% macro guard_source_rights() %}
    {#- The grants on the service's tables, tried one by one; guard_checks names those
        that are missing. -#}
do $grants$
declare
    v_grant text;
begin
    foreach v_grant in array array[
        {%- for grant in claim_reconciliation.guard_source_grants() %}
        '{{ grant }}'{{ ',' if not loop.last }}
        {%- endfor %}
    ] loop
        begin
            execute v_grant;
        exception when insufficient_privilege then
            raise notice 'not granted by %: %', current_user, v_grant;
        end;
    end loop;
end
$grants$;
{% endmacro %}


{% macro guard_needs() %}
    {#- What claim_guard and claim_writer need on the service's tables, optional ones too: one entry
        a role and table. A claim is never changed. install_guard grants and checks it, doctor looks
        whether it is still there. -#}
    {%- set needs = [] -%}
    {%- for source in claim_reconciliation.known_columns() if source != 'function_metrics' -%}
        {%- do needs.append({'role': 'claim_guard', 'source': source, 'privileges': ['select']}) -%}
    {%- endfor -%}
    {%- for source, privileges in [
        ('purchase_claims', ['select', 'insert', 'delete']),
        ('user_wallet_balances', ['select', 'insert', 'update', 'delete']),
        ('store_config', ['select', 'update']),
    ] -%}
        {%- do needs.append(
            {'role': 'claim_writer', 'source': source, 'privileges': privileges}
        ) -%}
    {%- endfor -%}
    {{- return(needs) -}}
{% endmacro %}


{% macro guard_source_needs() %}
    {#- Those of the tables that this service has. -#}
    {%- set needs = [] -%}
    {%- for need in claim_reconciliation.guard_needs()
        if claim_reconciliation.has_source(need.source) -%}
        {%- do needs.append(need) -%}
    {%- endfor -%}
    {{- return(needs) -}}
{% endmacro %}


{% macro guard_source_grants() %}
    {%- set grants = [] -%}
    {%- for need in claim_reconciliation.guard_source_needs() -%}
        {%- set relation = claim_reconciliation.guard_relation(need.source) -%}
        {%- do grants.append(
            'grant usage on schema ' ~ relation.without_identifier() ~ ' to ' ~ need.role
        ) -%}
        {%- do grants.append(
            'grant ' ~ need.privileges | join(', ') ~ ' on ' ~ relation ~ ' to ' ~ need.role
        ) -%}
    {%- endfor -%}
    {{- return(grants) -}}
{% endmacro %}
