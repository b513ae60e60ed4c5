{%- do source('clv', 'transaction_log') -%}

with

typed as (

    select
        {{ clv_input_row_number() }} as input_row,
        customer_id,
        order_id,
        line_id,
        written_date,
        ordered_at,
        amount
    from {{ clv_log_rows() }}

),

repeats as (

    select
        *,
        {% if clv_mapped_columns().line_id is not none %}
            case when line_id is not null then row_number() over (
                partition by line_id, customer_id, order_id, ordered_at, amount
                order by input_row
            ) end as copy_number
        {% else %}
            1 as copy_number
        {% endif %}
    from typed

),

final as (

    select
        input_row,
        customer_id,
        order_id,
        line_id,
        written_date,
        ordered_at,
        cast(ordered_at as date) as order_date,
        amount,
        case
            when customer_id is null then 'no_customer'
            when {{ clv_is_nobody('customer_id') }} then 'not_a_customer'
            when written_date is null then 'date_missing'
            when ordered_at is null then 'date_unreadable'
            {% if var('earliest_date', none) %}
                when
                    cast(ordered_at as date)
                    < {{ clv_date_literal(var('earliest_date'), 'earliest_date') }} then 'date_out_of_range'
            {% endif %}
            {% if var('latest_date', none) %}
                when
                    cast(ordered_at as date)
                    > {{ clv_date_literal(var('latest_date'), 'latest_date') }} then 'date_out_of_range'
            {% endif %}
            when amount is null then 'amount_missing_or_not_finite'
            when copy_number > 1 then 'duplicate_line'
        end as reason
    from repeats

)

select * from final
