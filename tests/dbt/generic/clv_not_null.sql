{% test clv_not_null(model, columns) %}

-- Rows returned are columns that are null somewhere. One test of a model, where one of each column would
-- cost dbt as much time again as all else that it does in a night.
{% for column in columns %}
select
    '{{ column }}' as column_name,
    count(*) as null_rows,
from {{ model }}
where {{ column }} is null
having count(*) > 0
{% if not loop.last %}union all{% endif %}
{% endfor %}

{% endtest %}
