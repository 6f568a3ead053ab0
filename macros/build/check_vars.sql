{% macro check_vars() %}
    {#- Refuses vars that mean nothing, all in one message, each with its value and what is allowed.
        A value that is wrong would else be a type error of PostgreSQL far away, or a rule that
        holds for nobody. -#}
    {%- set wrong = [] -%}
    {%- for name, rule in claim_reconciliation.var_rules().items() -%}
        {%- set value = var(name, none) -%}
        {%- if not claim_reconciliation.is_allowed(value, rule) -%}
            {%- do wrong.append(
                name ~ ' is ' ~ tojson(value, value | string) ~ '; it must be ' ~ rule.words ~ '.'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not wrong -%}
        {%- do wrong.extend(claim_reconciliation.contradictions_of_vars()) -%}
    {%- endif -%}
    {%- if wrong -%}
        {%- do exceptions.raise_compiler_error(
            'Set these vars in dbt_project.yml, under vars: claim_reconciliation:\n  '
            ~ wrong | join('\n  ')
        ) -%}
    {%- endif -%}
{% endmacro %}


{% macro map_var(name) %}
    {#- A var that is a map. Where it is none,
        dbt would end in a message of Jinja before the check of all vars. -#}
    {%- if var(name) is not mapping -%}
        {%- do claim_reconciliation.check_vars() -%}
    {%- endif -%}
    {{- return(var(name)) -}}
{% endmacro %}


{% macro number_var(name) %}
    {#- A var that the package computes with while dbt parses; as map_var. -#}
    {%- if var(name) is not number -%}
        {%- do claim_reconciliation.check_vars() -%}
    {%- endif -%}
    {{- return(var(name)) -}}
{% endmacro %}


{% macro is_allowed(value, rule) %}
    {#- Whether a value is of a rule's kind and within its bounds;
        one of a list of values where the rule has them. -#}
    {%- if value is none -%}
        {{- return(rule.get('or_null', false)) -}}
    {%- elif rule.kind == 'number' -%}
        {{- return(
            value is number and value is not boolean and value == value
            and (value is integer or not rule.get('whole'))
            and rule.least <= value and value <= rule.get('most', 2147483647)
        ) -}}
    {%- elif rule.kind == 'boolean' -%}
        {{- return(value is boolean) -}}
    {%- elif rule.kind == 'text' -%}
        {{- return(
            value is string
            and modules.re.fullmatch(rule.get('like', '(?s).*\\S.*'), value) is not none
        ) -}}
    {%- elif rule.kind == 'map' -%}
        {{- return(
            value is mapping
            and (value.keys() | reject('in', rule.get('keys', value.keys())) | list) == []
            and (
                not rule.get('minutes')
                or (value.values() | reject('integer') | list) == []
                and 0 < (value.values() | min | default(1))
            )
        ) -}}
    {%- endif -%}
    {#- A list of texts. -#}
    {{- return(
        value is sequence and value is not string and value is not mapping
        and (value | length) >= rule.least
        and (value | reject('string') | list) == [] and '' not in (value | map('trim') | list)
        and (value | unique(case_sensitive=true) | list | length) == (value | length)
    ) -}}
{% endmacro %}


{% macro contradictions_of_vars() %}
    {#- Sentences about vars that are right alone and not together, or inside. -#}
    {%- set wrong, columns = [], [] -%}
    {%- for name, item in var('wallet_items').items() -%}
        {%- if item is not mapping or item.get('kind') not in ('quantity', 'expiry')
            or item.get('column') is not string -%}
            {%- do wrong.append(
                'wallet_items.' ~ name ~ ' is ' ~ tojson(item, item | string)
                ~ '; it must have a column of the wallet and the kind quantity or expiry.'
            ) -%}
        {%- else -%}
            {%- if item.column in columns -%}
                {%- do wrong.append(
                    'wallet_items.' ~ name ~ ' is the column ' ~ item.column
                    ~ ', as another item is; each must have its own.'
                ) -%}
            {%- endif -%}
            {%- do columns.append(item.column) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set lists = ['recoverable_statuses', 'refund_statuses', 'ignored_statuses'] -%}
    {%- for first in lists -%}
        {%- for second in lists[loop.index:] -%}
            {%- for status in var(first) if status in var(second) -%}
                {%- do wrong.append(
                    first ~ ' and ' ~ second ~ ' both hold ' ~ status
                    ~ '; a status must be in one list.'
                ) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for table, columns in var('claim_service_columns').items() -%}
        {%- if columns is not mapping -%}
            {%- do wrong.append(
                'claim_service_columns.' ~ table ~ ' is ' ~ tojson(columns, columns | string)
                ~ '; it must map columns to their names.'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(wrong) -}}
{% endmacro %}
