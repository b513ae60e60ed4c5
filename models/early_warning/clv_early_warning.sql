with

open_batches as (

    select * from {{ ref('int_clv__open_batches') }}

),

horizons as (

    select * from {{ ref('int_clv__open_horizons') }}

),

estimates as (

    select * from {{ ref('int_clv__early_estimates') }}

),

purchases as (

    select
        cutoff,
        pred_months,
        horizon_end,
        sum(cast(purchases as bigint)) as purchases
    from horizons
    group by cutoff, pred_months, horizon_end

),

signs as (

    select
        open_batches.*,
        purchases.purchases,
        estimates.expected_purchases,
        estimates.purchase_ratio,
        estimates.purchase_ratio_error,
        estimates.psi_predicted_clv,
        estimates.psi_feature,
        estimates.psi_feature_value,
        case
            when open_batches.customers >= {{ clv_drift_limit('customers') }} then {{ clv_early_flag() }}
        end as early_sign
    from open_batches
    inner join purchases
        on
            open_batches.cutoff = purchases.cutoff
            and open_batches.pred_months = purchases.pred_months
            and open_batches.horizon_end = purchases.horizon_end
    left join estimates
        on
            open_batches.cutoff = estimates.cutoff
            and open_batches.pred_months = estimates.pred_months
            and open_batches.horizon_end = estimates.horizon_end

),

final as (

    select
        cutoff,
        pred_months,
        horizon_end,
        model_id,
        is_latest,
        cast(horizon_days as integer) as horizon_days,
        cast(horizon_days as double) / pred_days as window_share,
        cast(customers as bigint) as customers,
        cast(purchases as bigint) as purchases,
        expected_purchases,
        purchase_ratio,
        case
            when purchase_ratio < {{ clv_drift_limit('errors') }} * purchase_ratio_error then 0
            else purchase_ratio - {{ clv_drift_limit('errors') }} * purchase_ratio_error
        end as purchase_ratio_low,
        purchase_ratio + {{ clv_drift_limit('errors') }} * purchase_ratio_error as purchase_ratio_high,
        psi_predicted_clv,
        psi_feature,
        psi_feature_value,
        early_sign is not null as is_flagged,
        early_sign,
        true as is_estimate
    from signs

)

select * from final
