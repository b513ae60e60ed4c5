{{ config(materialized='view') }}

with

days as (

    select * from {{ ref('int_clv__customer_days') }}

),

final as (

    select
        order_date,
        cast(sum(net_amount) as double) as net_amount,
        count(*) as customers
    from days
    group by order_date

)

select * from final
