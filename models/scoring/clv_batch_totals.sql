{{ config(materialized='incremental') }}

with

scores as (

    select * from {{ ref('int_clv__scores') }}

),

totals as (

    -- summed as exact numbers, so that the total does not depend on the order of reading
    select
        cutoff,
        pred_months,
        model_id,
        count(*) as customers,
        sum(cast(predicted_clv as decimal(28, 8))) as predicted_total,
        max(batch_total_lower) as predicted_total_lower,
        max(batch_total_upper) as predicted_total_upper,
        max(held_because) as held_because
    from scores
    group by cutoff, pred_months, model_id

),

final as (

    select
        cast(cutoff as date) as cutoff,
        cast(pred_months as integer) as pred_months,
        model_id,
        customers,
        cast(predicted_total as double) as predicted_total,
        predicted_total_lower,
        predicted_total_upper,
        held_because
    from totals

)

select * from final
