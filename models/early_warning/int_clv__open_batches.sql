{{ config(materialized='view') }}

with

predictions as (

    select * from {{ ref('clv_predictions') }}

),

log_days as (

    select * from {{ ref('int_clv__log_days') }}

),

batches as (

    select
        cutoff,
        pred_months,
        min(model_id) as model_id,
        count(*) as customers
    from predictions
    group by cutoff, pred_months

),

windows as (

    select
        batches.*,
        log_days.data_through,
        {{ clv_add_months('batches.cutoff', 'batches.pred_months') }} as window_end
    from batches
    cross join log_days

),

months as (

    select
        *,
        {{ clv_each_number('pred_months') }} as months
    from windows

),

-- The horizons: each whole month within the window, and to date.
horizons as (

    select
        cutoff,
        pred_months,
        model_id,
        customers,
        data_through,
        window_end,
        {{ clv_add_months('cutoff', 'months') }} as horizon_end
    from months
    union
    select
        cutoff,
        pred_months,
        model_id,
        customers,
        data_through,
        window_end,
        data_through as horizon_end
    from windows

),

final as (

    select
        cutoff,
        pred_months,
        model_id,
        customers,
        horizon_end,
        {{ dbt.datediff('cutoff', 'horizon_end', 'day') }}
            as horizon_days,
        {{ dbt.datediff('cutoff', 'window_end', 'day') }} as pred_days,
        horizon_end = data_through as is_latest
    from horizons
    where
        window_end > data_through
        and horizon_end <= data_through
        and horizon_end >= cutoff

)

select * from final
