{#- dbt's `table`, filled on several cores: dbt fills a table that has a contract by an insert, for
    which PostgreSQL uses one; to create a table from a query it uses several. The predecessor is
    dropped with cascade. -#}
{% materialization parallel_table, adapter='postgres' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}
    {%- set backup = make_backup_relation(
        target, 'table' if existing is none else existing.type
    ) -%}

    {{ drop_relation_if_exists(load_cached_relation(backup)) }}
    {{ claim_reconciliation._replace_table(existing, target, backup, sql, takes_views_along=true) }}
    {{ drop_relation_if_exists(backup) }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}


{% macro _replace_table(existing, target, predecessor, sql, takes_views_along=false) %}
    {#- Creates the table beside the existing one, which it then takes the place of, and commits.
        The existing one is left under the name of its predecessor, with the views on it, unless the
        new one takes them along. -#}
    {%- set intermediate = make_intermediate_relation(target) -%}
    {{ drop_relation_if_exists(load_cached_relation(intermediate)) }}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% call statement('main') -%}
        {{ claim_reconciliation._create_table_in_parallel(intermediate, sql) }}
    {%- endcall %}
    {%- set constraints = claim_reconciliation._set_not_null(intermediate) -%}
    {%- if constraints %}
        {% do run_query(constraints) %}
    {%- endif %}
    {% do create_indexes(intermediate) %}

    {%- set takes_views_along = takes_views_along and existing is not none and existing.is_table %}
    {% if takes_views_along %}
        {% do run_query(claim_reconciliation.lock_views_of(existing)) %}
    {% endif %}
    {% if existing is not none %}
        {{ adapter.rename_relation(existing, predecessor) }}
    {% endif %}
    {{ adapter.rename_relation(intermediate, target) }}
    {% if takes_views_along %}
        {% do run_query(claim_reconciliation.point_views_at(
            target.schema, target.identifier, "old.relname = '" ~ predecessor.identifier ~ "'"
        )) %}
    {% endif %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do apply_grants(
        target, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=True)
    ) %}
    {% do persist_docs(target, model) %}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
{% endmacro %}


{% macro _create_table_in_parallel(relation, sql) %}
    {#- A statement under the model's contract, which is asserted as by dbt; each column is cast to
        the type that it states. -#}
    {%- if not config.get('contract').enforced -%}
        {{- return(get_create_table_as_sql(False, relation, sql)) -}}
    {%- endif -%}
    {{ get_assert_columns_equivalent(sql) }}
create table {{ relation }} as
select
    {%- for column in model.columns.values() %}
    {{ adapter.quote(column.name) }}::{{ column.data_type }}
        as {{ adapter.quote(column.name) }}{{ ',' if not loop.last }}
    {%- endfor %}
from (
    {{ sql }}
) as model
{% endmacro %}


{% macro _set_not_null(relation) %}
    {#- A statement with the constraints of the model's columns; none where there are none. -#}
    {%- set actions = [] -%}
    {%- for column in model.columns.values() if config.get('contract').enforced -%}
        {%- for constraint in column.constraints -%}
            {%- if constraint.type != 'not_null' -%}
                {{- exceptions.raise_compiler_error(
                    'A retained_table has no ' ~ constraint.type ~ ' constraint, which '
                    ~ column.name ~ ' asks for.'
                ) -}}
            {%- endif -%}
            {%- do actions.append(
                'alter column ' ~ adapter.quote(column.name) ~ ' set not null'
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return('alter table ' ~ relation ~ ' ' ~ actions | join(', ') if actions else '') -}}
{% endmacro %}
