{% macro guard_checks(models_schema) %}
    {#- What must hold before the installation commits; each refusal names the
        statements that mend it. -#}
do $checks$
declare
    v_table record;
begin
    for v_table in
        select *
        from (values
            {%- for need in claim_reconciliation.guard_source_needs()
                if need.role == 'claim_guard' %}
            (
                '{{ claim_reconciliation.guard_relation(need.source) }}',
                {{ need.source in claim_reconciliation.read_only_sources() }}
            ){{ ',' if not loop.last }}
            {%- endfor %}
        ) as needed (name, is_only_read)
        left join pg_catalog.pg_class on pg_class.oid = to_regclass(needed.name)
        order by needed.name
    loop
        if v_table.oid is null then
            raise exception using errcode = 'CO103',
                message = format('there is no table %s', v_table.name),
                detail = 'The guard reads and writes the tables of the claim service.',
                hint = 'Map its name with claim_service_schema or claim_service_tables';
        elsif v_table.relkind not in ('r', 'p') and not v_table.is_only_read then
            raise exception using errcode = 'CO103',
                message = format('%s is not a table', v_table.name),
                detail = 'A view that filters reads as an empty ledger, without an error.',
                hint = 'Map the table below the view with claim_service_tables';
        end if;
    end loop;
    {{- claim_reconciliation.guard_check_rights(models_schema) }}
    -- Without a key of claims only claim plans are refused, by each of them: a partitioned
    -- table may have none.
    {{- claim_reconciliation.guard_check_keys(['user_wallet_balances']) }}
end
$checks$;
{% endmacro %}


{% macro guard_check_rights(models_schema) %}
    {#- All that is missing at once, as one script that says of each statement who can run it. The
        roles come first: a refusal takes those away again that this installation made, and nobody
        could grant them anything. -#}
    declare
        v_lacking text;
        v_script text;
    begin
        with lacking (who, what, statement) as (
            {{- claim_reconciliation.guard_lacking_rights(models_schema) | indent(8) }}
        ),

        scripts as (
            select
                who,
                string_agg(distinct what, ', ') as what,
                format('/* as %s */ ', who)
                || string_agg(distinct statement, ' ' order by statement) as script
            from lacking
            group by who
        )

        select string_agg(what, ', ' order by who), string_agg(script, ' ' order by who)
        into v_lacking, v_script
        from scripts;
        if v_lacking is not null then
            raise exception using errcode = 'CO102',
                message = 'the guard lacks rights on the tables of the service or on the models',
                detail = v_lacking,
                hint = format(
                    'Run this, then install again: %s%s',
                    format('/* as %s */ ', current_user)
                    || nullif(current_setting('claim_ops.new_roles', true), ''),
                    v_script
                );
        end if;
    end;
{%- endmacro %}


{% macro guard_lacking_rights(models_schema) %}
    with needed as (
        select
            roles.oid as role_id, roles.rolname, roles.rolbypassrls or roles.rolsuper as sees_all,
            tables.*
        from (values
            {%- for need in claim_reconciliation.guard_source_needs() %}
            (
                '{{ need.role }}', '{{ claim_reconciliation.guard_relation(need.source) }}',
                array['{{ need.privileges | join("', '") }}']
            ){{ ',' if not loop.last }}
            {%- endfor %}
        ) as needs (role, name, privileges)
        join pg_catalog.pg_roles as roles on roles.rolname = needs.role
        cross join lateral (
            select
                oid as table_id, relname, relowner, relnamespace, relrowsecurity,
                relforcerowsecurity, needs.privileges
            from pg_catalog.pg_class
            where oid = needs.name::regclass
        ) as tables
        union all
        -- The models of this build: what others keep in the same schema is theirs.
        select
            roles.oid, roles.rolname, true, models.oid, models.relname, models.relowner,
            models.relnamespace, false, false, array['select']
        from pg_catalog.pg_class as models
        join pg_catalog.pg_class as build
            on models.relnamespace = build.relnamespace and models.relowner = build.relowner
        join pg_catalog.pg_roles as roles on roles.rolname in ('claim_guard', 'claim_reader')
        where build.oid = to_regclass('{{ adapter.quote(models_schema) }}.rpt_wallet_build')
            and models.relkind in ('r', 'v', 'm')
    )

    select
        quote_ident(pg_get_userbyid(relowner)),
        format('%s on %s', rolname, table_id::regclass),
        format(
            'grant %s on %s to %I;',
            array_to_string(privileges, ', '), format('%s.%I', relnamespace::regnamespace, relname),
            rolname
        )
    from needed
    where exists (
        select from unnest(privileges) as privilege
        where not has_table_privilege(role_id, table_id, privilege)
    )
    union all
    select quote_ident(pg_get_userbyid(nspowner)), format('%s on schema %I', rolname, nspname),
        format('grant usage on schema %I to %I;', nspname, rolname)
    from needed
    join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
    where not has_schema_privilege(role_id, relnamespace, 'usage')
    union all
    select
        'a superuser',
        format('row-level security on %s hides rows from %s', table_id::regclass, rolname),
        format('alter role %I bypassrls;', rolname)
    from needed
    where relrowsecurity and not sees_all
        and (relforcerowsecurity or not pg_has_role(role_id, relowner, 'usage'))
    union all
    select
        'a superuser',
        format('%I in claim_reader', rolname),
        format('grant claim_reader to %I', rolname)
        || {{ claim_reconciliation.guard_with_inherit() }} || ';'
    from pg_catalog.pg_class
    join pg_catalog.pg_roles on pg_roles.oid = relowner
    where pg_class.oid = to_regclass('{{ adapter.quote(models_schema) }}.rpt_wallet_build')
        and not pg_has_role(pg_roles.oid, 'claim_reader', 'usage')
{%- endmacro %}
