-- Customers whose value tier differs between the two latest batches of one length.

with

movements as (

    select * from {{ ref('clv_segment_movements') }}

),

final as (

    select
        customer_id,
        value_tier_before as previous_tier,
        value_tier as latest_tier,
        predicted_clv_before as previous_clv,
        predicted_clv as latest_clv
    from movements
    where movement_before in ('rose', 'fell')
    order by predicted_clv desc, customer_id asc

)

select * from final
