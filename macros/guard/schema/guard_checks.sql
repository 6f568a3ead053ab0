{% macro guard_checks() %}
    {#- What must hold before the installation commits; each refusal names the statement that mends it. -#}
do $checks$
declare
    v_table record;
    v_first constant text := coalesce('First: ' || nullif(current_setting('claim_ops.new_roles', true), ''), '');
begin
    for v_table in
        select *
        from (values
            {%- for need in claim_reconciliation.guard_source_needs() %}
            (
                '{{ claim_reconciliation.guard_relation(need.source) }}',
                '{{ need.role }}', array['{{ need.privileges | join("', '") }}']
            ){{ ',' if not loop.last }}
            {%- endfor %}
        ) as needed (name, role, privileges)
        left join pg_catalog.pg_class on pg_class.oid = to_regclass(needed.name)
        order by needed.name, needed.role
    loop
        if v_table.oid is null then
            raise exception using errcode = 'CO013', message = format('there is no table %s', v_table.name),
                detail = 'The guard reads and writes the tables of the claim service.',
                hint = 'Map its name with claim_service_schema or claim_service_tables';
        elsif v_table.relkind not in ('r', 'p') then
            raise exception using errcode = 'CO013', message = format('%s is not a table', v_table.name),
                detail = 'A view that filters reads as an empty ledger, without an error.',
                hint = 'Map the table below the view with claim_service_tables';
        elsif exists (
            select 1 from unnest(v_table.privileges) as privilege
            where not has_table_privilege(v_table.role, v_table.oid, privilege)
        ) or not has_schema_privilege(v_table.role, v_table.relnamespace, 'USAGE') then
            raise exception using errcode = 'CO013',
                message = format('%s lacks rights on %s', v_table.role, v_table.name),
                detail = format('%s owns the table and can grant them.', v_table.relowner::regrole),
                hint = v_first || format(
                    'As the table''s owner: grant usage on schema %s to claim_guard, claim_writer; grant %s on %s to %s;',
                    v_table.relnamespace::regnamespace, array_to_string(v_table.privileges, ', '),
                    v_table.name, v_table.role
                );
        elsif v_table.relrowsecurity and not (select rolbypassrls or rolsuper from pg_catalog.pg_roles where rolname = v_table.role)
            and (v_table.relforcerowsecurity or not pg_has_role(v_table.role, v_table.relowner, 'usage'))
        then
            raise exception using errcode = 'CO013',
                message = format('row-level security on %s hides rows from %s', v_table.name, v_table.role),
                detail = 'A hidden claim looks like a claim that does not exist.',
                hint = v_first || format('As a superuser: alter role %I bypassrls;', v_table.role);
        end if;
    end loop;
    {{- claim_reconciliation.guard_check_keys() }}
end
$checks$;
{% endmacro %}
