{% test well_formed(model, key=[], not_null=[], values={}, within={}) %}
-- One query a model for all that its columns promise: a test a column costs dbt more time than
-- PostgreSQL. One row a promise that is broken. A null is unknown and breaks no promise but
-- not_null; NaN lies above every maximum.
{#- A view is computed once and kept for both readings; a table is read twice,
    which costs less than a copy of it. -#}
{%- set relation = load_relation(model) if execute and model is not string else none -%}
{%- set is_view = relation is not none and relation.is_view -%}
{%- set judged = 'judged' if is_view else model -%}
{%- set broken = [] -%}
{%- for column in not_null -%}
    {%- do broken.append((column ~ ' is null', column ~ ' is null')) -%}
{%- endfor -%}
{%- for column, allowed in values.items() -%}
    {%- do broken.append((
        column ~ ' is an unknown value', column ~ " not in ('" ~ allowed | join("', '") ~ "')"
    )) -%}
{%- endfor -%}
{%- for column, range in within.items() -%}
    {%- do broken.append((
        column ~ ' is out of its range',
        column ~ ' < ' ~ range[0] ~ ' or ' ~ column ~ ' > ' ~ range[1]
    )) -%}
{%- endfor %}
with

{% if is_view -%}
judged as (
    select * from {{ model }}
),

{% endif -%}
{% if broken -%}
counted as (
    select
        {%- for promise, condition in broken %}
        count(*) filter (where {{ condition }}) as broken_{{ loop.index }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ judged }}
),

{% endif -%}
promises as (
{%- for promise, condition in broken %}
    select '{{ promise }}' as promise, broken_{{ loop.index }} as broken_rows from counted
    {{ 'union all' if not loop.last or key }}
    {%- endfor %}
{%- if key %}
    select '{{ key | join(', ') }} is no key' as promise, count(*) as broken_rows
    from (
        select 1 as one from {{ judged }} group by {{ key | join(', ') }} having count(*) > 1
    ) as repeated
    {%- endif %}
)

select * from promises where broken_rows > 0
{% endtest %}
