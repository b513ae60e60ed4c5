with

actuals as (

    select * from {{ ref('int_clv__matured_predictions') }}

),

placed as (

    -- Decile 1 holds the customers predicted highest.
    select
        *,
        cast(floor(cast((predicted_rank - 1) * 10 as double) / batch_customers) as integer) + 1 as decile
    from actuals

),

deciles as (

    select
        cutoff,
        pred_months,
        model_id,
        in_sample,
        decile,
        count(*) as customers,
        sum(cast(predicted_clv as decimal(28, 8))) as predicted_total,
        sum(actual_at_predicted_rank) as actual_total
    from placed
    group by cutoff, pred_months, model_id, in_sample, decile

),

final as (

    select
        cutoff,
        pred_months,
        decile,
        model_id,
        in_sample,
        customers,
        cast(predicted_total as double) / customers as mean_predicted_clv,
        cast(actual_total as double) / customers as mean_actual_clv,
        cast(predicted_total as double)
        / nullif(cast(sum(predicted_total) over (partition by cutoff, pred_months) as double), 0)
            as share_of_predicted_value,
        cast(actual_total as double)
        / nullif(cast(sum(actual_total) over (partition by cutoff, pred_months) as double), 0)
            as share_of_value
    from deciles

)

select * from final
