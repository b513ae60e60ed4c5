{{ config(materialized='incremental') }}

with

scores as (

    select * from {{ ref('int_clv__scores') }}

),

final as (

    select
        cast(cutoff as date) as cutoff,
        cast(pred_months as integer) as pred_months,
        customer_id,
        model_id,
        cluster_id
    from scores

)

select * from final
