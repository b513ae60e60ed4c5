{{ config(materialized='view') }}

with

open_batches as (

    select * from {{ ref('int_clv__open_batches') }}

),

predictions as (

    select * from {{ ref('clv_predictions') }}

),

features as (

    select * from {{ ref('clv_features') }}

),

batches as (

    select distinct
        cutoff,
        pred_months
    from open_batches

),

final as (

    select
        predictions.cutoff,
        predictions.pred_months,
        predictions.customer_id,
        predictions.model_id,
        predictions.predicted_clv,
        predictions.predicted_purchases,
        features.frequency,
        features.recency,
        features.T,
        features.monetary_value,
        features.days_since_last,
        features.average_order_value,
        cast(features.revenue as double) as revenue,
        row_number() over (
            partition by predictions.cutoff, predictions.pred_months
            order by md5(predictions.customer_id), predictions.customer_id
        ) as nth
    from batches
    inner join predictions
        on
            batches.cutoff = predictions.cutoff
            and batches.pred_months = predictions.pred_months
    inner join features
        on
            predictions.cutoff = features.cutoff
            and predictions.pred_months = features.pred_months
            and predictions.customer_id = features.customer_id

)

select * from final
