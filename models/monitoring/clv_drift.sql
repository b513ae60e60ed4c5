with

accuracy as (

    select * from {{ ref('clv_accuracy') }}

),

manifest as (

    select * from {{ ref('stg_champion_manifest') }}

),

-- A model that was promoted more than once has the same baseline in each of its rows.
baselines as (

    select
        model_id,
        max(baseline_rmse) as baseline_rmse,
        max(baseline_r2) as baseline_r2
    from manifest
    group by model_id

),

changes as (

    select
        accuracy.cutoff,
        accuracy.pred_months,
        accuracy.model_id,
        accuracy.in_sample,
        accuracy.customers,
        accuracy.rmse,
        accuracy.r2,
        baselines.baseline_rmse,
        baselines.baseline_r2,
        (accuracy.rmse - baselines.baseline_rmse) / nullif(baselines.baseline_rmse, 0) as rmse_change,
        -- a share of |baseline|, or the plain difference where the baseline is exactly 0
        (baselines.baseline_r2 - accuracy.r2) / coalesce(nullif(abs(baselines.baseline_r2), 0), 1) as r2_change,
        {{ monitoring_threshold('drift_threshold_rmse') }} as drift_threshold_rmse,
        {{ monitoring_threshold('drift_threshold_r2') }} as drift_threshold_r2
    from accuracy
    left join baselines
        on accuracy.model_id = baselines.model_id

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
        r2_change,
        drift_threshold_rmse,
        drift_threshold_r2,
        case
            when in_sample then 'in_sample'
            when rmse_change is null and r2_change is null then 'no_baseline'
            when rmse_change > drift_threshold_rmse or r2_change > drift_threshold_r2 then 'alert'
            else 'ok'
        end as status
    from changes

)

select * from final
