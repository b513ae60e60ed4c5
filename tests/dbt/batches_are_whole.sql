-- Every ledger holds the same customers for every batch.

with

predictions as (

    select
        cutoff,
        pred_months,
        customer_id
    from {{ ref('clv_predictions') }}

),

others as (

    select
        cutoff,
        pred_months,
        customer_id
    from {{ ref('clv_clusters') }}
    intersect
    select
        cutoff,
        pred_months,
        customer_id
    from {{ ref('clv_features') }}

),

final as (

    select
        coalesce(predictions.cutoff, others.cutoff) as cutoff,
        coalesce(predictions.pred_months, others.pred_months) as pred_months,
        coalesce(predictions.customer_id, others.customer_id) as customer_id
    from predictions
    full outer join others
        on
            predictions.cutoff = others.cutoff
            and predictions.pred_months = others.pred_months
            and predictions.customer_id = others.customer_id
    where predictions.customer_id is null or others.customer_id is null

)

select * from final
