-- Customers of the upper tiers who may have left: highest prediction first among those whose
-- probability of being alive is below a half.

with

segments as (

    select * from {{ ref('customer_segments') }}

),

final as (

    select
        customer_id,
        value_tier,
        predicted_clv,
        probability_alive,
        days_since_last,
        frequency,
        monetary_value
    from segments
    where
        value_tier in ('Top 1 %', 'Top 5 %', 'Top 10 %', 'Top 20 %')
        and probability_alive < 0.5
    order by predicted_clv desc, customer_id asc

)

select * from final
