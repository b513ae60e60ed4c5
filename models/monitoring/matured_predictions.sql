{{ config(materialized='view') }}

with

actuals as (

    select * from {{ ref('clv_predictions_actual') }}

),

features as (

    select * from {{ ref('clv_features') }}

),

windows as (

    select
        *,
        {{ dbt.datediff('cutoff', add_months('cutoff', 'pred_months'), 'day') }} as pred_days
    from actuals

),

final as (

    select
        windows.cutoff,
        windows.pred_months,
        windows.customer_id,
        windows.model_id,
        windows.in_sample,
        windows.labelled_at,
        windows.predicted_clv,
        {{ naive_spend('features.revenue', 'features.T', 'windows.pred_days') }} as naive_clv,
        windows.actual_clv
    from windows
    left join features
        on
            windows.cutoff = features.cutoff
            and windows.pred_months = features.pred_months
            and windows.customer_id = features.customer_id

)

select * from final
