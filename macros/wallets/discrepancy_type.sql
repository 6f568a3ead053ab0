{% macro quantity_discrepancy_type(has_wallet, wallet, expected) %}
    {#- What is wrong with a quantity: missing_wallet, short (the user is owed), excess;
        null where nothing is. -#}
    case
        when not {{ has_wallet }} and {{ expected }} <> 0 then 'missing_wallet'
        when not {{ has_wallet }} then null
        when {{ wallet }} is null or {{ wallet }} < {{ expected }} then 'short'
        when {{ wallet }} > {{ expected }} then 'excess'
    end
{%- endmacro %}


{% macro expiry_discrepancy_type(has_wallet, wallet, expected, now) %}
    {#- What is wrong with an expiry time: missing_wallet, short, excess; null where nothing is.
        Times that lie within booster_tolerance_seconds of each other are equal, and where neither
        lies after now nothing is wrong any more. -#}
    {%- set tolerance = var('booster_tolerance_seconds') ~ " * interval '1 second'" -%}
    case
        when ({{ wallet }} > {{ now }}) is not true and ({{ expected }} > {{ now }}) is not true
            then null
        when not {{ has_wallet }} then 'missing_wallet'
        when {{ wallet }} is null or {{ wallet }} < {{ expected }} - {{ tolerance }} then 'short'
        when {{ expected }} is null or {{ wallet }} > {{ expected }} + {{ tolerance }} then 'excess'
    end
{%- endmacro %}
