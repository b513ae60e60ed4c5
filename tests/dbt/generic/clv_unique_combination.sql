{% test clv_unique_combination(model, columns) %}

-- Rows returned are keys that stand more than once.
select {{ columns | join(', ') }}
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
