{#- Batches labelled by an older version have no naive_clv; their features still say it. -#}
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
        {{ clv_add_months('cutoff', 'pred_months') }} as window_end
    from actuals

),

lengths as (

    select
        *,
        {{ dbt.datediff('cutoff', 'window_end', 'day') }} as pred_days
    from windows

),

measured as (

    select
        lengths.cutoff,
        lengths.pred_months,
        lengths.customer_id,
        lengths.model_id,
        lengths.in_sample,
        lengths.labelled_at,
        lengths.predicted_clv,
        coalesce(
            lengths.naive_clv,
            {{ clv_naive_spend('features.revenue', 'features.T', 'lengths.pred_days') }}
        ) as naive_clv,
        lengths.actual_clv
    from lengths
    left join features
        on
            lengths.cutoff = features.cutoff
            and lengths.pred_months = features.pred_months
            and lengths.customer_id = features.customer_id

),

final as (

    select
        *,
        row_number() over (
            partition by cutoff, pred_months
            order by predicted_clv desc, customer_id asc
        ) as predicted_rank,
        row_number() over (
            partition by cutoff, pred_months
            order by naive_clv desc, customer_id asc
        ) as naive_rank,
        row_number() over (
            partition by cutoff, pred_months
            order by actual_clv desc, customer_id asc
        ) as actual_rank,
        count(*) over (partition by cutoff, pred_months) as batch_customers
    from measured

)

select * from final
