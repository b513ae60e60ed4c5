{{ config(materialized='view') }}

with

segments as (

    select * from {{ ref('customer_segments') }}

),

totals as (

    select sum(predicted_clv) as predicted_total
    from segments

),

tiers as (

    select
        value_tier,
        count(*) as customers,
        avg(predicted_clv) as mean_predicted_clv,
        sum(predicted_clv) as predicted_total,
        min(clv_rank) as first_rank
    from segments
    group by value_tier

),

final as (

    select
        tiers.value_tier,
        tiers.customers,
        tiers.mean_predicted_clv,
        tiers.predicted_total / totals.predicted_total as share_of_predicted_value,
        tiers.first_rank
    from tiers
    cross join totals

)

select * from final
