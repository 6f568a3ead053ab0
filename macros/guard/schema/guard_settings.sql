{% macro guard_settings(models_schema, repoint) %}
    {#- The rules as they are now, with their digest; a change of the models' schema has
        to be asked for. -#}
do $repoint$
begin
    if exists (select 1 from claim_ops.settings where models_schema <> '{{ models_schema }}')
        and not {{ repoint }}
    then
        raise exception using errcode = 'CO104',
            message = format(
                'the guard reads the models in %s; it is not moved to {{ models_schema }} '
                'in passing',
                (select models_schema from claim_ops.settings)
            ),
            detail = 'A guard that reads the models of another build repairs by what is '
                'not in production.',
            hint = 'If you mean it: dbt run-operation install_guard --args ''{repoint: true}''';
    end if;
end
$repoint$;

delete from claim_ops.sku_catalog;
delete from claim_ops.wallet_items;
insert into claim_ops.wallet_items (item, column_name, kind)
values
    {%- for item in claim_reconciliation.wallet_items() %}
    ('{{ item.name }}', '{{ item.column }}', '{{ item.kind }}'){{ ',' if not loop.last else ';' }}
    {%- endfor %}
insert into claim_ops.sku_catalog (
    sku, item, quantity, duration_hours, weekly_cap, monthly_cap, unit_price, valid_from, valid_to
)
{{ claim_reconciliation.catalog_rows(ref(var('sku_catalog_model')).include(database=false)) }};

do $overlap$
declare
    v_sku text := (
        select min(earlier.sku)
        from claim_ops.sku_catalog as earlier
        join claim_ops.sku_catalog as later
            on earlier.sku = later.sku
            and earlier.valid_from < later.valid_from
            and earlier.valid_to > later.valid_from
    );
begin
    if v_sku is not null then
        raise exception using errcode = 'CO013',
            message = format(
                'two rows of the catalogue are in force for the SKU %s at once', v_sku
            ),
            detail = 'Each of its claims would count twice.',
            hint = 'Let one end where the next begins (valid_to, valid_from), then: '
                'dbt build --select sku_catalog_is_valid';
    end if;
end
$overlap$;

{{ claim_reconciliation.guard_plan_kinds() }}
insert into claim_ops.control default values on conflict do nothing;

insert into claim_ops.settings (version, settings, digest, models_schema, sources)
select
    {{ claim_reconciliation.guard_version() }},
    '{{ claim_reconciliation.build_settings() }}',
    {{ claim_reconciliation.build_settings_digest('claim_ops.sku_catalog') }},
    '{{ models_schema }}',
    '{{ claim_reconciliation.guard_source_names() }}'
on conflict (only_row) do update
set
    version = excluded.version,
    settings = excluded.settings,
    digest = excluded.digest,
    models_schema = excluded.models_schema,
    sources = excluded.sources,
    installed_by = excluded.installed_by,
    installed_at = excluded.installed_at;
{% endmacro %}


{% macro guard_record_installation() %}
    {#- Last, when owners and rights are as they stay; doctor compares what is there later
        with this entry. -#}
select claim_ops._write_event(
    null, 'installed', (
        select to_jsonb(settings) - 'settings' || jsonb_build_object('objects', (
            select jsonb_object_agg(objects.name, objects.digest)
            from claim_ops._objects() as objects
        ))
        from claim_ops.settings
    )
);
{% endmacro %}


{% macro guard_plan_kinds() %}
    {#- The kinds as GUARD's tables say: only a wallet correction comes from the models, and the
        switch asks nobody. -#}
{%- set claims = '{' ~ claim_reconciliation.breakers_that('limits_claims') | join(',') ~ '}' %}
insert into claim_ops.plan_kinds (
    kind, apply_function, needs_models, needs_rules, obeys_pause, may_break_glass, reads_queue,
    breakers
)
values
    (
        'wallet_correction', '_apply_wallet_correction', true, true, true, false, false,
        '{ {{- claim_reconciliation.breakers() | join(',') -}} }'
    ),
    ('claim_recovery', '_apply_claims', false, true, true, false, false, '{{ claims }}'),
    ('queue_replay', '_apply_claims', false, true, true, false, true, '{{ claims }}'),
    ('cap_override', '_apply_claims', false, true, true, false, false, '{{ claims }}'),
    ('kill_switch', '_apply_kill_switch', false, false, false, true, false, '{}'),
    ('rollback', '_apply_rollback', false, true, true, false, false, '{}')
on conflict (kind) do update
set
    apply_function = excluded.apply_function,
    needs_models = excluded.needs_models,
    needs_rules = excluded.needs_rules,
    obeys_pause = excluded.obeys_pause,
    may_break_glass = excluded.may_break_glass,
    reads_queue = excluded.reads_queue,
    breakers = excluded.breakers;
{% endmacro %}


{% macro guard_source_names() %}
    {#- The vars that name the service's tables and columns, as JSON to stand between
        single quotes. -#}
    {%- set names = {} -%}
    {%- for name in [
        'claim_service_columns', 'claim_service_login', 'claim_service_schema',
        'claim_service_tables', 'claim_service_time_zones', 'metrics_time_zone',
    ] -%}
        {%- do names.update({name: var(name)}) -%}
    {%- endfor -%}
    {#- As the vars say, so that doctor looks again; what was found stands in the settings. -#}
    {%- for name in claim_reconciliation.optional_sources() -%}
        {%- do names.update({'has_' ~ name: var('has_' ~ name, none)}) -%}
    {%- endfor -%}
    {{- return(tojson(names, sort_keys=true) | replace("'", "''")) -}}
{% endmacro %}


{% macro guard_version() %}
    {{- return(2) -}}
{% endmacro %}
