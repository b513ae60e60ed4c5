with

actuals as (

    select * from {{ ref('int_clv__matured_predictions') }}

),

errors as (

    select
        *,
        predicted_clv - cast(actual_clv as double) as error,
        naive_clv - cast(actual_clv as double) as naive_error
    from actuals

),

sums as (

    -- Gini's areas as sums over ranks: the customer of rank i counts in the n - i + 1 partial
    -- sums from i on. Customers with the same prediction share the mean of what they spent, so that
    -- their order does not matter. Ranks and money are exact numbers, so the order of reading does not matter.
    select
        cutoff,
        pred_months,
        model_id,
        in_sample,
        count(*) as customers,
        sum(actual_clv) as actual_total,
        sum(cast(predicted_clv as decimal(28, 8))) as predicted_total,
        sum(cast(error * error as decimal(34, 6))) as squared_error,
        sum(cast(naive_clv as decimal(28, 8))) as naive_total,
        sum(cast(naive_error * naive_error as decimal(34, 6))) as naive_squared_error,
        sum(cast(abs(error) as decimal(28, 8))) as absolute_error,
        sum(cast(actual_clv as decimal(38, 4)) * actual_clv) as squared_actual,
        sum(actual_at_predicted_rank * (batch_customers - predicted_rank + 1)) as area_predicted,
        sum(actual_at_naive_rank * (batch_customers - naive_rank + 1)) as area_naive,
        sum(cast(actual_clv as decimal(28, 4)) * (batch_customers - actual_rank + 1)) as area_actual,
        max(actual_clv) > min(actual_clv) as actuals_differ,
        sum(
            case
                when predicted_rank <= ceil(cast(batch_customers as double) / 10)
                    then actual_at_predicted_rank
                else 0
            end
        ) as top_decile_total
    from errors
    group by cutoff, pred_months, model_id, in_sample

),

numbers as (

    select
        cutoff,
        pred_months,
        model_id,
        in_sample,
        customers,
        actuals_differ,
        cast(actual_total as double) as actual_total,
        cast(predicted_total as double) as predicted_total,
        cast(squared_error as double) as squared_error,
        cast(naive_total as double) as naive_total,
        cast(naive_squared_error as double) as naive_squared_error,
        cast(absolute_error as double) as absolute_error,
        cast(squared_actual as double)
        - cast(actual_total as double) * cast(actual_total as double) / customers as total_squares,
        cast(area_predicted as double)
        - cast(actual_total as double) * (customers + 1) / 2 as gini_predicted,
        cast(area_naive as double)
        - cast(actual_total as double) * (customers + 1) / 2 as gini_naive,
        cast(area_actual as double)
        - cast(actual_total as double) * (customers + 1) / 2 as gini_actual,
        cast(top_decile_total as double) as top_decile_total
    from sums

),

final as (

    select
        cutoff,
        pred_months,
        model_id,
        in_sample,
        customers,
        predicted_total,
        actual_total,
        sqrt(squared_error / customers) as rmse,
        -- where all actuals are the same, what rounding leaves of their spread means nothing
        case when actuals_differ then 1 - squared_error / nullif(total_squares, 0) end as r2,
        absolute_error / customers as mae,
        (predicted_total - actual_total) / customers as bias,
        case when actuals_differ then gini_predicted / nullif(gini_actual, 0) end as normalized_gini,
        top_decile_total / nullif(actual_total, 0) as top_decile_share,
        case when actuals_differ then sqrt(squared_error / nullif(total_squares, 0)) end as rmse_to_spread,
        naive_total,
        sqrt(naive_squared_error / customers) as naive_rmse,
        case when actuals_differ then 1 - naive_squared_error / nullif(total_squares, 0) end as naive_r2,
        case when actuals_differ then gini_naive / nullif(gini_actual, 0) end as naive_normalized_gini
    from numbers

)

select * from final
