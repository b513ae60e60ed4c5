with

log_days as (

    select * from {{ ref('int_clv__log_days') }}

),

totals as (

    select * from {{ ref('int_clv__daily_totals') }}

),

numbers as (

    select
        data_from,
        {{ clv_each_number('cast(' ~ dbt.datediff('data_from', 'data_through', 'day') ~ ' as integer) + 2') }} as nth
    from log_days

),

calendar as (

    select
        nth,
        cast({{ dbt.dateadd('day', 'cast(nth - 1 as integer)', 'data_from') }} as date) as order_date
    from numbers

),

days as (

    select
        calendar.nth,
        calendar.order_date,
        coalesce(totals.customers, 0) as customers
    from calendar
    left join totals
        on calendar.order_date = totals.order_date

),

stretches as (

    select
        nth,
        order_date,
        'day' as stretch,
        customers
    from days
    union all
    select
        nth,
        order_date,
        'week' as stretch,
        sum(customers) over (order by nth rows between 6 preceding and current row) as customers
    from days

),

-- The same weekday of the last eight weeks, and of the five weeks around it a year ago.
usual as (

    select
        *,
        min(customers) over (
            partition by stretch, nth % 7 order by nth rows between 8 preceding and 1 preceding
        ) as lowest,
        max(customers) over (
            partition by stretch, nth % 7 order by nth rows between 8 preceding and 1 preceding
        ) as highest,
        min(customers) over (
            partition by stretch, nth % 7 order by nth rows between 54 preceding and 50 preceding
        ) as lowest_a_year_ago,
        max(customers) over (
            partition by stretch, nth % 7 order by nth rows between 54 preceding and 50 preceding
        ) as highest_a_year_ago
    from stretches

),

ranges as (

    select
        *,
        least(lowest, coalesce(lowest_a_year_ago, lowest)) as usual_low,
        greatest(highest, coalesce(highest_a_year_ago, highest)) as usual_high
    from usual
    -- eight whole weeks before it
    where nth > 62

),

kinds as (

    select
        *,
        case
            when stretch = 'day' and customers = 0 and usual_low >= 5 then 'no_orders'
            when stretch = 'day' and 3 * customers < usual_low and usual_low >= 10 then 'few_customers'
            when stretch = 'day' and customers > 3 * greatest(usual_high, 10) then 'many_customers'
            when
                stretch = 'week' and 2 * customers < usual_low and usual_low >= 30
                then 'few_customers_in_a_week'
            when
                stretch = 'week' and customers > 2 * greatest(usual_high, 30)
                then 'many_customers_in_a_week'
        end as kind
    from ranges

),

-- A week that goes on is told once.
begun as (

    select
        *,
        lag(kind) over (partition by stretch order by nth) as kind_before
    from kinds

),

final as (

    select
        order_date,
        kind,
        cast(customers as bigint) as customers,
        cast(usual_low as bigint) as usual_low,
        cast(usual_high as bigint) as usual_high
    from begun
    where
        kind is not null
        and (stretch = 'day' or kind_before is distinct from kind)

)

select * from final
