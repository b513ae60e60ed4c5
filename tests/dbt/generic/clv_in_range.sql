{% test clv_in_range(model, column_name, at_least=none, at_most=none) %}

-- Rows returned are not null and outside the range, or not a number (NaN, infinity).
select {{ column_name }}
from {{ model }}
where
    {% if at_least is not none %} {{ column_name }} < {{ at_least }} or {% endif %}
    {% if at_most is not none %} {{ column_name }} > {{ at_most }} or {% endif %}
    not abs(cast({{ column_name }} as double)) < 1e300

{% endtest %}
