{% macro refuse_as_of_in_production_schema() %}
    {#- A look back must not replace what dashboards and the guard read. The schema's suffix comes
        from the command line's --vars; as_of in a project file does not reach it. -#}
    {%- if execute and var('as_of', none) -%}
        {%- for node in graph.nodes.values()
            if node.package_name == 'claim_reconciliation' and node.resource_type == 'model'
            and not node.schema.endswith('_as_of') -%}
            {{- exceptions.raise_compiler_error(
                'as_of builds go to a schema of their own, but ' ~ node.name ~ ' would be built in '
                ~ node.schema
                ~ ': pass as_of on the command line, --vars "{as_of: ...}", not in dbt_project.yml.'
            ) -}}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}
