{#- A view that is replaced in place, so that the views on it stay. dbt's own `view` makes another
    one and drops the first with cascade: of a chain of views all but the first would be missing
    until the build reaches them. Where its columns have changed so that PostgreSQL refuses, it is
    dropped and made anew, like any other. -#}
{% materialization replaced_view, adapter='postgres' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='view') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- if existing is not none and not existing.is_view -%}
        {{ drop_relation_if_exists(existing) }}
    {%- endif -%}
    {% call statement('main') -%}
do $replace$
declare
    v_view constant text := $view${{ get_replace_view_sql(target, sql) }}$view$;
begin
    execute v_view;
exception when invalid_table_definition then
    execute $view${{ get_drop_sql(target) }}$view$;
    execute v_view;
end
$replace$
    {%- endcall %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do apply_grants(
        target, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=False)
    ) %}
    {% do persist_docs(target, model) %}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}
