{% macro clv_features_as_of(windows, days) -%}
{#- One row per window (cutoff, history_months) and customer with a purchase day in its history:
    the one definition of every feature, for scoring, backfill, training and grid search alike.
    `windows` has cutoff, history_months and history_start; `days` is int_clv__customer_days. Money is
    summed as DECIMAL and squares as exact numbers, so that no result depends on the order in
    which rows are read. -#}

with

windows as (

    select distinct
        cutoff,
        history_months,
        history_start
    from {{ windows }}

),

days as (

    select * from {{ days }}

),

first_purchases as (

    select
        customer_id,
        min(order_date) as first_purchase_ever
    from days
    where is_purchase_day
    group by customer_id

),

history as (

    select
        windows.cutoff,
        windows.history_months,
        days.customer_id,
        days.order_date,
        days.net_amount,
        days.refund_amount,
        days.orders,
        days.is_purchase_day,
        {{ dbt.datediff('days.order_date', 'windows.cutoff', 'day') }} as days_ago
    from windows
    inner join days
        on
            days.order_date > windows.history_start
            and days.order_date <= windows.cutoff

),

purchases as (

    select
        *,
        {{ dbt.datediff('previous_date', 'order_date', 'day') }} as gap,
        row_number() over (
            partition by cutoff, history_months, customer_id
            order by order_date
        ) as nth,
        row_number() over (
            partition by cutoff, history_months, customer_id
            order by order_date desc
        ) as nth_from_last
    from (
        select
            *,
            lag(order_date) over (
                partition by cutoff, history_months, customer_id
                order by order_date
            ) as previous_date
        from history
        where is_purchase_day
    ) as ordered

),

purchase_features as (

    select
        cutoff,
        history_months,
        customer_id,
        count(*) as purchase_days,
        max(days_ago) as t_days,
        min(days_ago) as days_since_last,
        sum(net_amount) as purchase_amount,
        sum(cast(net_amount as decimal(38, 4)) * net_amount) as squared_amount,
        sum(case when nth > 1 then net_amount else 0 end) as repeat_amount,
        max(net_amount) as largest_order_value,
        max(case when nth = 1 then net_amount end) as first_order_value,
        max(case when nth_from_last = 1 then net_amount end) as last_order_value,
        sum(gap * gap) as squared_gaps
    from purchases
    group by cutoff, history_months, customer_id

),

activity as (

    select
        cutoff,
        history_months,
        customer_id,
        sum(net_amount) as revenue,
        sum(refund_amount) as refunds,
        sum(orders) as orders
        {%- for n in [30, 90, 180, 365] %},
        sum(case when days_ago < {{ n }} then net_amount else 0 end) as revenue_{{ n }}d,
        sum(case when days_ago < {{ n }} then orders else 0 end) as orders_{{ n }}d
        {%- endfor %}
    from history
    group by cutoff, history_months, customer_id

)

select
    p.cutoff,
    p.history_months,
    p.customer_id,
    cast(p.purchase_days - 1 as bigint) as frequency,
    cast(p.t_days - p.days_since_last as bigint) as recency,
    cast(p.t_days as bigint) as T,
    coalesce(
        cast(p.repeat_amount as double) / nullif(p.purchase_days - 1, 0), cast(0 as double)
    ) as monetary_value,
    cast(a.orders as bigint) as orders,
    cast(a.revenue as decimal(18, 4)) as revenue,
    cast(a.refunds as decimal(18, 4)) as refunds,
    cast(p.purchase_amount as double) / p.purchase_days as average_order_value,
    cast(p.largest_order_value as decimal(18, 4)) as largest_order_value,
    cast(p.last_order_value as decimal(18, 4)) as last_order_value,
    cast(p.first_order_value as decimal(18, 4)) as first_order_value,
    {{ clv_spread('p.squared_amount', 'p.purchase_amount', 'p.purchase_days') }} as spread_order_value,
    cast(p.days_since_last as bigint) as days_since_last,
    cast(p.t_days - p.days_since_last as double) / nullif(p.purchase_days - 1, 0) as mean_gap,
    {{ clv_spread('p.squared_gaps', '(p.t_days - p.days_since_last)', '(p.purchase_days - 1)') }} as spread_gap
    {%- for n in [30, 90, 180, 365] %},
    cast(a.revenue_{{ n }}d as decimal(18, 4)) as revenue_{{ n }}d,
    cast(a.orders_{{ n }}d as bigint) as orders_{{ n }}d
    {%- endfor %},
    cast({{ dbt.datediff('f.first_purchase_ever', 'p.cutoff', 'day') }} as bigint) as days_since_first_ever
from purchase_features as p
inner join activity as a
    on
        p.cutoff = a.cutoff
        and p.history_months = a.history_months
        and p.customer_id = a.customer_id
inner join first_purchases as f
    on p.customer_id = f.customer_id

{%- endmacro %}

{% macro clv_spread(sum_of_squares, total, n) -%}
  {#- Sample standard deviation from exact sums; null below two values. Rounding below 0 is 0: the
      greatest() passes nulls over, so the case asks first. -#}
  case
        when {{ n }} >= 2
            then sqrt(greatest(
                (cast({{ sum_of_squares }} as double) - cast({{ total }} as double) * cast({{ total }} as double) / {{ n }})
                / ({{ n }} - 1),
                cast(0 as double)
            ))
    end
{%- endmacro %}

{% macro clv_labels_as_of(windows, population, days) -%}
{#- One row per window (cutoff, pred_months) and customer of the population: what the customer
    spent in (cutoff, window_end], refunds netted, and on how many purchase days. A customer who
    bought nothing has 0. `windows` has cutoff, pred_months and window_end; `population` has
    cutoff, pred_months and customer_id; `days` is int_clv__customer_days. -#}

with

windows as (

    select distinct
        cutoff,
        pred_months,
        window_end
    from {{ windows }}

),

customers as (

    select distinct
        cutoff,
        pred_months,
        customer_id
    from {{ population }}

),

days as (

    select * from {{ days }}

),

bought as (

    select
        windows.cutoff,
        windows.pred_months,
        days.customer_id,
        sum(days.net_amount) as actual_clv,
        sum(case when days.is_purchase_day then 1 else 0 end) as actual_purchases
    from windows
    inner join days
        on
            days.order_date > windows.cutoff
            and days.order_date <= windows.window_end
    group by windows.cutoff, windows.pred_months, days.customer_id

)

select
    customers.cutoff,
    customers.pred_months,
    customers.customer_id,
    cast(coalesce(bought.actual_clv, 0) as decimal(18, 4)) as actual_clv,
    cast(coalesce(bought.actual_purchases, 0) as bigint) as actual_purchases
from customers
left join bought
    on
        customers.cutoff = bought.cutoff
        and customers.pred_months = bought.pred_months
        and customers.customer_id = bought.customer_id

{%- endmacro %}

{% macro clv_history_days(cutoff, history_months, data_from) -%}
  {#- Days of history that the log holds in the history window. The same as
      clv.naive.history_days. -#}
  greatest(
        least(
            {{ dbt.datediff(clv_add_months(cutoff, '-' ~ history_months), cutoff, 'day') }},
            {{ dbt.datediff(data_from, cutoff, 'day') }} + 1
        ),
        1
    )
{%- endmacro %}

{% macro clv_naive_spend(revenue, T, pred_days, history_days) -%}
  {#- The naive rule: spend goes on at the customer's own rate, revenue per day of T. One purchase
      yesterday is no daily habit, so at least as many days count as lie halfway between the
      prediction window and the history. The same as clv.naive.rule for `naive_spend_rate`. -#}
  greatest(cast({{ revenue }} as double), cast(0 as double)) * {{ pred_days }}
    / greatest(
        cast({{ T }} as double),
        cast({{ pred_days }} + greatest({{ history_days }}, {{ pred_days }}) as double) / 2
    )
{%- endmacro %}
