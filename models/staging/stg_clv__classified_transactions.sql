{%- do source('clv', 'transaction_log') -%}
{%- set mapped = clv_mapped_columns() -%}
{%- set has_lines = mapped.line_id is not none -%}
{%- set has_currency = mapped.currency is not none -%}
{%- set content = 'line_id, own_reason is null, customer_id, order_id, ordered_at, amount, status, currency' -%}
{%- set rates = clv_exchange_rates() -%}
{%- set left_out = clv_status_left_out('status') -%}

with

typed as (

    select
        {{ clv_input_row_number() }} as input_row,
        customer_id,
        order_id,
        line_id,
        written_date,
        ordered_at,
        amount,
        updated_at,
        status,
        currency
    from {{ clv_log_rows() }}

),

converted as (

    {% if rates is none %}
        select
            typed.*,
            typed.amount as shop_amount,
            cast(null as decimal(18, 12)) as exchange_rate
        from typed
    {% else %}
        select
            typed.*,
            -- the product of two decimals of 18 digits has 36
            try_cast(cast(typed.amount as decimal(38, 4)) * rates.rate as decimal(18, 4)) as shop_amount,
            rates.rate as exchange_rate
        from typed
        left join {{ rates.relation }} as rates
            on
                typed.currency = rates.currency
                and greatest(least(cast(typed.ordered_at as date), {{ rates.last_day }}), {{ rates.first_day }}) = rates.valid_on
    {% endif %}

),

judged as (

    select
        *,
        case
            when customer_id is null then 'no_customer'
            when {{ clv_is_nobody('customer_id') }} then 'not_a_customer'
            when written_date is null then 'date_missing'
            when ordered_at is null then 'date_unreadable'
            {% if clv_log_setting('earliest_date') %}
                when
                    cast(ordered_at as date)
                    < {{ clv_date_literal(clv_log_setting('earliest_date'), 'earliest_date') }} then 'date_out_of_range'
            {% endif %}
            {% if clv_log_setting('latest_date') %}
                when
                    cast(ordered_at as date)
                    > {{ clv_date_literal(clv_log_setting('latest_date'), 'latest_date') }} then 'date_out_of_range'
            {% endif %}
            when amount is null then 'amount_missing_or_not_finite'
            when {{ 'currency is null' if has_currency else '1 = 0' }} then 'currency_missing'
            when {{ '1 = 0' if rates is none else 'exchange_rate is null' }} then 'no_exchange_rate'
            when shop_amount is null then 'amount_missing_or_not_finite'
        end as own_reason
    from converted

),

versions as (

    select
        *,
        {% if has_lines %}
            row_number() over (
                partition by line_id, own_reason is null
                order by updated_at desc nulls last, input_row desc
            ) as version_age
        {% else %}
            1 as version_age
        {% endif %}
    from judged

),

copies as (

    select
        *,
        {% if has_lines %}
            min(version_age) over (partition by {{ content }}) as content_age,
            row_number() over (partition by {{ content }} order by input_row) as copy_number
        {% else %}
            1 as content_age,
            1 as copy_number
        {% endif %}
    from versions

),

classified as (

    select
        *,
        case
            when own_reason is not null and {{ left_out }} then 'status_left_out'
            when own_reason is not null then own_reason
            when line_id is not null and copy_number > 1 then 'duplicate_line'
            when line_id is not null and content_age > 1 then 'superseded_line'
            when {{ left_out }} then 'status_left_out'
        end as reason
    from copies

),

dated as (

    select
        *,
        {% if clv_log_setting('net_refunds') %}
            case
                when amount < 0 and order_id is not null then least(
                    cast(ordered_at as date),
                    min(case when reason is null and amount > 0 then cast(ordered_at as date) end) over (
                        partition by customer_id, order_id
                    )
                )
                else cast(ordered_at as date)
            end as order_date
        {% else %}
            cast(ordered_at as date) as order_date
        {% endif %}
    from classified

),

final as (

    select
        input_row,
        customer_id,
        order_id,
        line_id,
        written_date,
        ordered_at,
        order_date,
        shop_amount as amount,
        status,
        currency,
        amount as logged_amount,
        reason
    from dated

)

select * from final
