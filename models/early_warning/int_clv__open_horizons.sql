with

open_batches as (

    select * from {{ ref('int_clv__open_batches') }}

),

open_customers as (

    select * from {{ ref('int_clv__open_customers') }}

),

bought as (

    select * from {{ ref('int_clv__open_purchases') }}

),

customers as (

    select
        *,
        cast(predicted_purchases as decimal(18, 9)) as predicted
    from open_customers

),

expected as (

    select
        cutoff,
        pred_months,
        frequency,
        recency,
        T,
        sum(predicted) as predicted,
        sum(cast(predicted * predicted as decimal(36, 18))) as squared_predicted,
        sum(cast(predicted_clv as decimal(28, 8))) as predicted_spend
    from customers
    group by cutoff, pred_months, frequency, recency, T

),

purchases as (

    select
        cutoff,
        pred_months,
        horizon_end,
        frequency,
        recency,
        T,
        sum(purchases) as purchases,
        sum(purchases * purchases) as squared_purchases,
        sum(purchases * predicted) as purchases_predicted
    from bought
    group by cutoff, pred_months, horizon_end, frequency, recency, T

),

final as (

    select
        open_batches.cutoff,
        open_batches.pred_months,
        open_batches.model_id,
        open_batches.horizon_end,
        open_batches.horizon_days,
        open_batches.pred_days,
        expected.frequency,
        expected.recency,
        expected.T,
        cast(expected.predicted as double) as predicted,
        cast(expected.squared_predicted as double) as squared_predicted,
        cast(expected.predicted_spend as double) as predicted_spend,
        cast(coalesce(purchases.purchases, 0) as double) as purchases,
        cast(coalesce(purchases.squared_purchases, 0) as double) as squared_purchases,
        cast(coalesce(purchases.purchases_predicted, 0) as double) as purchases_predicted
    from open_batches
    inner join expected
        on
            open_batches.cutoff = expected.cutoff
            and open_batches.pred_months = expected.pred_months
    left join purchases
        on
            open_batches.cutoff = purchases.cutoff
            and open_batches.pred_months = purchases.pred_months
            and open_batches.horizon_end = purchases.horizon_end
            and expected.frequency = purchases.frequency
            and expected.recency = purchases.recency
            and expected.T = purchases.T
    order by
        open_batches.cutoff, open_batches.pred_months, open_batches.horizon_end,
        expected.frequency, expected.recency, expected.T

)

select * from final
