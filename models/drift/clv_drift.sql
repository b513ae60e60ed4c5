with

changes as (

    select * from {{ ref('int_clv__drift_changes') }}

),

signs as (

    select
        *,
        {{ clv_drift_truth() }},
        {{ clv_drift_signs() }}
    from changes

),

reasons as (

    select
        *,
        {{ clv_drift_reason() }} as verdict_reason
    from signs

),

verdicts as (

    select
        *,
        {{ clv_drift_verdict() }} as verdict
    from reasons

),

-- Which measures crossed a threshold, in words, of batches that can be compared.
statuses as (

    select
        *,
        case
            when in_sample then null
            when rmse_crossed and r2_crossed then 'RMSE and R²'
            when rmse_crossed then 'RMSE'
            when r2_crossed then 'R²'
        end as crossed,
        coalesce(alert_on = 'threshold', false) and not in_sample and (rmse_crossed or r2_crossed) as is_asked_for,
        case
            when verdict in ('model_decay', 'population_shift') then 'alert'
            when verdict = 'watch' then 'ok'
            else verdict
        end as status_by_verdict
    from verdicts

),

judged as (

    select
        *,
        case when is_asked_for then 'alert' else status_by_verdict end as status,
        case when status_by_verdict = 'alert' then {{ clv_drift_gravity() }} else 0 end as gravity
    from statuses

),

-- An episode is one alert that lives: batches of the model since the last that was judged and raised none.
numbered as (

    select
        *,
        sum(case when status = 'ok' then 1 else 0 end) over (
            partition by model_id, pred_months
            order by cutoff
            rows between unbounded preceding and current row
        ) as calm_batches
    from judged

),

runs as (

    select
        *,
        sum(case when status = 'alert' then 1 else 0 end) over (
            partition by model_id, pred_months, calm_batches
            order by cutoff
            rows between unbounded preceding and current row
        ) as alerts_so_far,
        max(gravity) over (
            partition by model_id, pred_months, calm_batches
            order by cutoff
            rows between unbounded preceding and 1 preceding
        ) as gravest_before,
        min(case when status = 'alert' then cutoff end) over (
            partition by model_id, pred_months, calm_batches
        ) as opened,
        lag(status) over (partition by model_id, pred_months order by cutoff) as status_before
    from numbered

),

-- Told again is what is new: that an alert opens, that it comes a second time, that it is graver.
episodes as (

    select
        *,
        case
            when status = 'ok' and status_before = 'alert' then 'ended'
            when status != 'alert' then null
            when alerts_so_far = 1 then 'opened'
            when alerts_so_far = 2 or gravity > gravest_before then 'escalated'
            else 'continues'
        end as episode
    from runs

),

final as (

    select
        cutoff,
        pred_months,
        {{ clv_add_months('cutoff', 'pred_months') }} as window_end,
        model_id,
        customers,
        predicted_total,
        actual_total,
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
        cast({{ clv_drift_limit('level') }} as double) as drift_threshold_level,
        cast({{ clv_drift_limit('order') }} as double) as drift_threshold_order,
        status,
        -- what is asked of a person: an alert asks for a decision, a watched batch for nothing
        case
            when is_asked_for or episode in ('opened', 'escalated') then 'alert'
            when status = 'alert' or crossed is not null or verdict_reason = 'season_as_known' then 'watch'
        end as severity,
        verdict,
        verdict_reason,
        crossed,
        total_is_good,
        order_is_good,
        error_is_good,
        episode,
        case when status = 'alert' then opened end as episode_opened,
        case when status = 'alert' then cast(alerts_so_far as integer) else 0 end as alerts_in_a_row,
        case when status = 'alert' and alerts_so_far >= 2 then 'clv tune' end as recommendation,
        buyers,
        expected_buyers,
        baseline_customers,
        baseline_buyers,
        exp(total_bias) - 1 as total_off,
        exp(baseline_bias) - 1 as baseline_total_off,
        exp(naive_total_bias) - 1 as naive_total_off,
        exp(naive_bias_a_year_ago) - 1 as naive_total_off_a_year_ago,
        rmse_to_spread,
        mae,
        bias,
        normalized_gini,
        top_decile_share,
        naive_total,
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
    from episodes

)

select * from final
