with

accuracy as (

    select * from {{ ref('clv_accuracy') }}

),

manifest as (

    select * from {{ ref('stg_clv__champion_manifest') }}

),

noise as (

    select * from {{ ref('int_clv__drift_noise') }}

),

predictions as (

    select * from {{ ref('clv_predictions') }}

),

-- Buyers that were expected: the sum of each customer's chance of buying.
expected as (

    select
        cutoff,
        pred_months,
        cast(sum(cast(probability_purchase as decimal(18, 9))) as double) as expected_buyers
    from predictions
    group by cutoff, pred_months

),

-- Figures of a shorter window are no baseline: RMSE and R² grow with its length. A model that was
-- promoted more than once has the same baseline in each of its rows.
baselines as (

    select
        model_id,
        max(baseline_rmse) as baseline_rmse,
        max(baseline_r2) as baseline_r2
    from manifest
    where baseline_pred_months = pred_months
    group by model_id

),

changes as (

    select
        accuracy.*,
        baselines.baseline_rmse,
        baselines.baseline_r2,
        (accuracy.rmse - baselines.baseline_rmse) / nullif(baselines.baseline_rmse, 0) as rmse_change,
        -- a share of |baseline|, or the plain difference where the baseline is exactly 0
        (baselines.baseline_r2 - accuracy.r2) / coalesce(nullif(abs(baselines.baseline_r2), 0), 1) as r2_change,
        {{ clv_monitoring_threshold('drift_threshold_rmse') }} as drift_threshold_rmse,
        {{ clv_monitoring_threshold('drift_threshold_r2') }} as drift_threshold_r2,
        {{ clv_alert_on() }} as alert_on,
        noise.buyers,
        -- where a model knows no chance of buying, as many as bought at training
        coalesce(
            expected.expected_buyers,
            cast(accuracy.customers as double) * noise.baseline_buyers / nullif(noise.baseline_customers, 0)
        ) as expected_buyers,
        noise.baseline_customers,
        noise.baseline_buyers,
        noise.baseline_bias,
        case
            when accuracy.predicted_total > 0 and accuracy.actual_total > 0
                then ln(accuracy.predicted_total / accuracy.actual_total)
        end as total_bias,
        case
            when accuracy.naive_total > 0 and accuracy.actual_total > 0
                then ln(accuracy.naive_total / accuracy.actual_total)
        end as naive_total_bias,
        noise.log_rmse_change,
        noise.log_rmse_error,
        noise.r2_error,
        noise.naive_log_rmse_change,
        noise.bias_change,
        noise.bias_error,
        noise.naive_bias_change,
        noise.naive_bias_error,
        noise.naive_bias_a_year_ago,
        noise.paired_bias_change,
        noise.paired_bias_error,
        noise.gini_change,
        noise.gini_error,
        noise.paired_gini_change,
        noise.paired_gini_error
    from accuracy
    left join baselines
        on accuracy.model_id = baselines.model_id
    left join noise
        on
            accuracy.cutoff = noise.cutoff
            and accuracy.pred_months = noise.pred_months
    left join expected
        on
            accuracy.cutoff = expected.cutoff
            and accuracy.pred_months = expected.pred_months

),

final as (

    select
        *,
        {{ clv_drift_intervals() }}
    from changes

)

select * from final
