{{ config(post_hook="{{ clv_tell_largest_customer(this) }}") }}
with

transactions as (

    select * from {{ ref('stg_clv__transactions') }}

),

final as (

    select
        customer_id,
        order_date,
        cast(sum(amount) as decimal(18, 4)) as net_amount,
        cast(sum(case when amount < 0 then amount else 0 end) as decimal(18, 4)) as refund_amount,
        count(distinct case when amount >= 0 then order_id end)
        + count(case when amount >= 0 and order_id is null then 1 end) as orders,
        count(*) as log_rows,
        sum(amount) > 0 or (sum(amount) = 0 and min(amount) >= 0) as is_purchase_day
    from transactions
    group by customer_id, order_date

)

select * from final
