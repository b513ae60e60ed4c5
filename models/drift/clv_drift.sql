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
        noise.buyers,
        noise.baseline_customers,
        noise.baseline_buyers,
        noise.baseline_bias,
        case
            when accuracy.predicted_total > 0 and accuracy.actual_total > 0
                then ln(accuracy.predicted_total / accuracy.actual_total)
        end as total_bias,
        noise.log_rmse_change,
        noise.log_rmse_error,
        noise.r2_error,
        noise.naive_log_rmse_change,
        noise.bias_change,
        noise.bias_error,
        noise.naive_bias_change,
        noise.naive_bias_error,
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

),

intervals as (

    select
        *,
        {{ clv_drift_intervals() }}
    from changes

),

verdicts as (

    select
        *,
        {{ clv_drift_verdict() }} as verdict
    from intervals

),

statuses as (

    select
        *,
        case
            when verdict in ('model_decay', 'population_shift') then 'alert'
            when verdict = 'watch' then 'ok'
            else verdict
        end as status
    from verdicts

),

-- Alerts in a row: batches of the model since the last that was judged and raised none.
numbered as (

    select
        *,
        sum(case when status = 'ok' then 1 else 0 end) over (
            partition by model_id, pred_months
            order by cutoff
            rows between unbounded preceding and current row
        ) as calm_batches
    from statuses

),

runs as (

    select
        *,
        sum(case when status = 'alert' then 1 else 0 end) over (
            partition by model_id, pred_months, calm_batches
            order by cutoff
            rows between unbounded preceding and current row
        ) as alerts_so_far
    from numbered

),

final as (

    select
        cutoff,
        pred_months,
        model_id,
        customers,
        rmse,
        r2,
        baseline_rmse,
        baseline_r2,
        rmse_change,
        rmse_change_low,
        rmse_change_high,
        r2_change,
        r2_change_low,
        r2_change_high,
        drift_threshold_rmse,
        drift_threshold_r2,
        status,
        verdict,
        case when status = 'alert' then cast(alerts_so_far as integer) else 0 end as alerts_in_a_row,
        case when status = 'alert' and alerts_so_far >= 2 then 'clv tune' end as recommendation,
        buyers,
        baseline_customers,
        baseline_buyers,
        exp(total_bias) - 1 as total_off,
        exp(baseline_bias) - 1 as baseline_total_off,
        rmse_to_spread,
        mae,
        bias,
        normalized_gini,
        naive_rmse,
        naive_r2,
        naive_normalized_gini,
        exp(naive_log_rmse_change) - 1 as naive_rmse_change,
        exp(bias_change) - 1 as level_change,
        exp(bias_low) - 1 as level_change_low,
        exp(bias_high) - 1 as level_change_high,
        exp(naive_bias_change) - 1 as naive_level_change,
        exp(naive_bias_low) - 1 as naive_level_change_low,
        exp(naive_bias_high) - 1 as naive_level_change_high,
        exp(paired_bias_change) - 1 as paired_level_change,
        exp(paired_bias_low) - 1 as paired_level_change_low,
        exp(paired_bias_high) - 1 as paired_level_change_high,
        gini_change,
        gini_low as gini_change_low,
        gini_high as gini_change_high,
        paired_gini_change,
        paired_gini_low as paired_gini_change_low,
        paired_gini_high as paired_gini_change_high
    from runs

)

select * from final
