{% macro wallet_items(kind=none) %}
    {#- The items that a wallet holds, as a list of {name, column, kind};
        of one kind where it is given. -#}
    {%- set items = [] -%}
    {%- for name, item in claim_reconciliation.map_var('wallet_items').items() -%}
        {%- if kind is none or item.kind == kind -%}
            {%- do items.append({'name': name, 'column': item.column, 'kind': item.kind}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(items) -}}
{% endmacro %}
