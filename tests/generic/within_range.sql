{% test within_range(model, column_name, minimum, maximum) %}
-- A null is unknown and not out of range: where it must not be, say not_null. NaN lies above every maximum.
select {{ column_name }}
from {{ model }}
where
    {{ column_name }} < {{ minimum }}
    or {{ column_name }} > {{ maximum }}
{% endtest %}
