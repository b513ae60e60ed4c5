{{ config(materialized='incremental') }}

with

noise as (

    select * from {{ ref('int_clv__batch_noise') }}

),

to_judge as (

    select * from {{ ref('int_clv__batches_to_judge') }}

),

rule_a_year_ago as (

    select * from {{ ref('int_clv__rule_a_year_ago') }}

),

labelled as (

    select distinct
        cutoff,
        pred_months,
        labelled_at
    from to_judge

),

final as (

    select
        cast(noise.cutoff as date) as cutoff,
        cast(noise.pred_months as integer) as pred_months,
        noise.model_id,
        labelled.labelled_at,
        noise.buyers,
        noise.baseline_customers,
        noise.baseline_buyers,
        noise.baseline_bias,
        noise.log_rmse_change,
        noise.log_rmse_error,
        noise.r2_change,
        noise.r2_error,
        noise.naive_log_rmse_change,
        noise.naive_log_rmse_error,
        noise.bias_change,
        noise.bias_error,
        noise.naive_bias_change,
        noise.naive_bias_error,
        noise.paired_bias_change,
        noise.paired_bias_error,
        noise.gini_change,
        noise.gini_error,
        noise.naive_gini_change,
        noise.naive_gini_error,
        noise.paired_gini_change,
        noise.paired_gini_error,
        case
            when
                rule_a_year_ago.buyers >= {{ clv_drift_limit('buyers') }}
                and rule_a_year_ago.naive_total > 0 and rule_a_year_ago.actual_total > 0
                then ln(rule_a_year_ago.naive_total / rule_a_year_ago.actual_total)
        end as naive_bias_a_year_ago
    from noise
    inner join labelled
        on
            noise.cutoff = labelled.cutoff
            and noise.pred_months = labelled.pred_months
    left join rule_a_year_ago
        on
            noise.cutoff = rule_a_year_ago.cutoff
            and noise.pred_months = rule_a_year_ago.pred_months

)

select * from final
