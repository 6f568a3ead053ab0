{% macro install_guard(dry_run=false, repoint=false, rehearse=true) %}
    {#- `dbt run-operation install_guard`: installs or upgrades the schema claim_ops, in one
        transaction. Run it again whenever a setting, an item or the catalogue has changed. -#}
    {%- do claim_reconciliation.refuse_unreadable_sources(always=true) -%}
    {%- set models_schema = ref('rpt_wallet_build').schema -%}
    {%- set script = claim_reconciliation.guard_script(models_schema, repoint) -%}
    {%- if execute and dry_run -%}
        {%- if rehearse -%}
            {#- Run and taken back, so that it refuses what the installation would refuse. -#}
            {%- do run_query('begin;\n' ~ script ~ '\nrollback;') -%}
        {%- endif -%}
        {{- print(script) -}}
    {%- elif execute -%}
        {%- do run_query('begin;\n' ~ script ~ '\ncommit;') -%}
        {%- for row in run_query(claim_reconciliation.guard_notes()) -%}
            {{- print('Claim plans are refused, other plans are not: ' ~ row[0] ~ '.') -}}
        {%- endfor -%}
        {{- print('The guard is installed in claim_ops. Next: claimctl doctor') -}}
    {%- endif -%}
{% endmacro %}


{% macro guard_notes() %}
    {#- A query for what keeps claims from being inserted, which every claim plan refuses. -#}
    {%- set claims = claim_reconciliation.guard_relation('purchase_claims') -%}
    {%- set tx_id = claim_reconciliation.mapped_column('purchase_claims', 'tx_id') -%}
    {%- set written = claim_reconciliation.written_columns()['purchase_claims'] -%}
select format('%s has no unique key on %I alone', '{{ claims }}'::regclass, '{{ tx_id }}')
where not {{ claim_reconciliation.has_unique_key("'" ~ claims ~ "'::regclass", "'" ~ tx_id ~ "'") }}
union all
select {{ claim_reconciliation.unwritable_reason(
    'unwritable', "'" ~ claims ~ "'::regclass::text"
).finding }}
from (
    {{ claim_reconciliation.unwritable_columns(
        "'" ~ claims ~ "'::regclass", "array['" ~ written | join("', '") ~ "']", 'true'
    ) | indent(4) }}
) as unwritable
{%- endmacro %}


{% macro guard_script(models_schema, repoint) %}
-- One installer at a time.
select pg_advisory_xact_lock(hashtextextended('claim_ops.install', 0));
set local client_min_messages = warning;
-- Else a function that reads a table with row-level security fails before guard_checks names
-- all that is missing.
set local check_function_bodies = off;
{{ claim_reconciliation.guard_roles() }}
{{ claim_reconciliation.guard_schema() }}
-- Taken back at the end: a role that is given a function must be able to create one there.
grant usage, create on schema claim_ops to claim_guard, claim_writer;
{{ claim_reconciliation.guard_drop_functions() }}
{{ claim_reconciliation.guard_types() }}
{{ claim_reconciliation.guard_settings_tables() }}
{{ claim_reconciliation.guard_plan_tables() }}
{{ claim_reconciliation.guard_alert_tables() }}
{{ claim_reconciliation.guard_left_out_table() }}
{{ claim_reconciliation.guard_journal_tables() }}
{{ claim_reconciliation.guard_views() }}
{{ claim_reconciliation.guard_hand_over_function() }}
{{ claim_reconciliation.guard_functions() }}
drop function claim_ops._hand_over(regproc, name, name[]);
{{ claim_reconciliation.guard_triggers() }}
{{ claim_reconciliation.guard_settings(models_schema, repoint) }}
{{ claim_reconciliation.guard_rights(models_schema) }}
{{ claim_reconciliation.guard_checks(models_schema) }}
{{ claim_reconciliation.guard_views_of_models(models_schema) }}
{{ claim_reconciliation.guard_record_installation() }}
{{ claim_reconciliation.guard_return_roles() }}
{% endmacro %}


{% macro guard_schema() %}
do $schema$
begin
    -- No `if not exists`: it asks for the right to create where there is nothing to create.
    if to_regnamespace('claim_ops') is null then
        create schema claim_ops authorization claim_owner;
    end if;
exception when insufficient_privilege then
    raise exception using errcode = 'CO101',
        message = format('%I may not create the schema of the guard', current_user),
        detail = sqlerrm,
        hint = format(
            'As the database''s owner: grant create on database %I to %I;',
            current_database(), current_user
        );
end
$schema$;
{% endmacro %}


{% macro guard_drop_functions() %}
    {#- All functions are made anew, so that none of an older version stays; triggers go with them
        and come again. -#}
do $functions$
declare
    v_function regprocedure;
begin
    for v_function in
        select pg_proc.oid::regprocedure from pg_catalog.pg_proc
        where pg_proc.pronamespace = 'claim_ops'::regnamespace
    loop
        execute format('drop function if exists %s cascade', v_function);
    end loop;
end
$functions$;
{% endmacro %}


{% macro guard_functions() %}
    {#- Every macro claim_ops_<function>, which stands in a file of the function's name in the
        folder of its phase. Bodies are resolved when they run, so that any order installs; by name,
        so that two installations are the same text. -#}
    {%- for name in claim_reconciliation | sort if name.startswith('claim_ops_') %}
{{ claim_reconciliation[name]() }}
    {%- endfor %}
{% endmacro %}
