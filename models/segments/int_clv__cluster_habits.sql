{{ config(materialized='view') }}

with

segments as (

    select * from {{ ref('customer_segments') }}

),

final as (

    select
        cluster_rank,
        cluster_id,
        count(*) as customers,
        median(predicted_clv) as median_clv,
        max(clv_index) as clv_index,
        avg(frequency) as mean_frequency,
        cast(round(median(days_since_last)) as integer) as days_since_last,
        avg(revenue / nullif(orders, 0)) as revenue_per_order
    from segments
    group by cluster_rank, cluster_id

)

select * from final
