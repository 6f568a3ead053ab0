{#- On Spark the package's tables and views, with each column cast to the type that the contract
    states: a file enforces none. A table is written beside the existing one, which readers keep
    until then; dbt's own drops it first. -#}
{% materialization parallel_table, adapter='spark' %}
    {{ return(claim_reconciliation._write_beside()) }}
{% endmaterialization %}


{% materialization retained_table, adapter='spark' %}
    {{ return(claim_reconciliation._write_beside()) }}
{% endmaterialization %}


{% materialization incremental_balances, adapter='spark' %}
    {#- All users are computed anew: nobody's row rests. -#}
    {{ return(
        claim_reconciliation._write_beside(
            'select *, false as is_at_rest from (\n' ~ sql ~ '\n) as balances'
        )
    ) }}
{% endmaterialization %}


{% materialization replaced_view, adapter='spark' %}
    {%- set target_relation = this.incorporate(type='view') -%}
    {%- set existing = adapter.get_relation(
        database=none, schema=this.schema, identifier=this.identifier
    ) -%}
    {{ run_hooks(pre_hooks) }}
    {%- if existing is not none and not existing.is_view -%}
        {{ adapter.drop_relation(existing) }}
    {%- endif -%}
    {% call statement('main') -%}
create or replace view {{ target_relation }} as
{{ claim_reconciliation._cast_to_contract(sql) }}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{% macro _write_beside(query=none) %}
    {#- Delta and Iceberg replace a table in one commit;
        of plain files the new one takes the name when it is whole. -#}
    {%- set file_format = config.get('file_format', 'parquet') -%}
    {%- set is_atomic = file_format in ('delta', 'iceberg') -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set written = target_relation if is_atomic else target_relation.incorporate(
        path={'identifier': this.identifier ~ '__new'}
    ) -%}
    {%- set existing = adapter.get_relation(
        database=none, schema=this.schema, identifier=this.identifier
    ) -%}
    {{ run_hooks(pre_hooks) }}
    {%- if not is_atomic -%}
        {%- do run_query('drop table if exists ' ~ written) -%}
    {%- endif -%}
    {% call statement('main') -%}
create {{ 'or replace ' if is_atomic }}table {{ written }} using {{ file_format }} as
{{ query or claim_reconciliation._cast_to_contract(sql) }}
    {%- endcall %}
    {%- if not is_atomic -%}
        {%- if existing is not none -%}
            {{ adapter.drop_relation(existing) }}
        {%- endif -%}
        {%- do run_query('alter table ' ~ written ~ ' rename to ' ~ target_relation) -%}
    {%- endif -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target_relation]}) }}
{% endmacro %}


{% macro _cast_to_contract(sql) %}
    {%- if not config.get('contract').enforced -%}
        {{- return(sql) -}}
    {%- endif -%}
    {%- set columns = [] -%}
    {%- for column in model.columns.values() -%}
        {%- do columns.append(
            claim_reconciliation.typed(column.name, column.data_type) ~ ' as ' ~ column.name
        ) -%}
    {%- endfor -%}
    {{- return('select\n    ' ~ columns | join(',\n    ') ~ '\nfrom (\n' ~ sql ~ '\n) as model') -}}
{% endmacro %}
