{% macro wallet_items(kind=none) %}
    {#- The items that a wallet holds, as a list of {name, column, kind}; of one kind where it is given. -#}
    {%- set items = [] -%}
    {%- for name, item in var('wallet_items').items() -%}
        {%- if item.kind not in ('quantity', 'expiry') -%}
            {{- exceptions.raise_compiler_error(
                'wallet_items: ' ~ name ~ ' has the kind ' ~ item.kind ~ '; it must be quantity or expiry.'
            ) -}}
        {%- endif -%}
        {%- if kind is none or item.kind == kind -%}
            {%- do items.append({'name': name, 'column': item.column, 'kind': item.kind}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(items) -}}
{% endmacro %}
