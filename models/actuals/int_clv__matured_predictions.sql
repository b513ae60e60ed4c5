with

actuals as (

    select * from {{ ref('clv_predictions_actual') }}

),

final as (

    select
        cutoff,
        pred_months,
        customer_id,
        model_id,
        in_sample,
        labelled_at,
        predicted_clv,
        naive_clv,
        actual_clv,
        row_number() over (
            partition by cutoff, pred_months
            order by predicted_clv desc, customer_id asc
        ) as predicted_rank,
        row_number() over (
            partition by cutoff, pred_months
            order by naive_clv desc, customer_id asc
        ) as naive_rank,
        row_number() over (
            partition by cutoff, pred_months
            order by actual_clv desc, customer_id asc
        ) as actual_rank,
        count(*) over (partition by cutoff, pred_months) as batch_customers,
        cast(
            cast(sum(actual_clv) over (partition by cutoff, pred_months, predicted_clv) as double)
            / count(*) over (partition by cutoff, pred_months, predicted_clv)
            as decimal(30, 12)
        ) as actual_at_predicted_rank,
        cast(
            cast(sum(actual_clv) over (partition by cutoff, pred_months, naive_clv) as double)
            / count(*) over (partition by cutoff, pred_months, naive_clv)
            as decimal(30, 12)
        ) as actual_at_naive_rank
    from actuals

)

select * from final
