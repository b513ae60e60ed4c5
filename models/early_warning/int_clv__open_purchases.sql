{{ config(materialized='view') }}

with

open_batches as (

    select * from {{ ref('int_clv__open_batches') }}

),

open_customers as (

    select * from {{ ref('int_clv__open_customers') }}

),

days as (

    select * from {{ ref('int_clv__customer_days') }}
    where is_purchase_day

),

final as (

    select
        open_batches.cutoff,
        open_batches.pred_months,
        open_batches.horizon_end,
        open_customers.customer_id,
        open_customers.frequency,
        open_customers.recency,
        open_customers.T,
        cast(open_customers.predicted_purchases as decimal(18, 9)) as predicted,
        count(*) as purchases
    from open_batches
    inner join days
        on
            open_batches.cutoff < days.order_date
            and open_batches.horizon_end >= days.order_date
    inner join open_customers
        on
            open_batches.cutoff = open_customers.cutoff
            and open_batches.pred_months = open_customers.pred_months
            and days.customer_id = open_customers.customer_id
    group by
        open_batches.cutoff, open_batches.pred_months, open_batches.horizon_end, open_customers.customer_id,
        open_customers.frequency, open_customers.recency, open_customers.T, open_customers.predicted_purchases

)

select * from final
