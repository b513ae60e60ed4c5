{{ config(tags=['training']) }}

with

asked as (

    {% for window in var('training_windows') %}
        select
            {{ clv_date_literal(window[0], 'training cutoff') }} as cutoff,
            cast({{ window[1] }} as integer) as history_months,
            cast({{ window[2] }} as integer) as pred_months
        {% if not loop.last %}union all{% endif %}
    {% else %}
        select
            data_through as cutoff,
            cast(0 as integer) as history_months,
            cast(0 as integer) as pred_months
        from {{ ref('int_clv__log_days') }}
        where 1 = 0
    {% endfor %}

),

windows as (

    select
        *,
        {{ clv_add_months('cutoff', '-history_months') }} as history_start,
        {{ clv_add_months('cutoff', 'pred_months') }} as window_end
    from asked

),

final as (

    select
        *,
        {{ dbt.datediff('cutoff', 'window_end', 'day') }} as pred_days
    from windows

)

select * from final
