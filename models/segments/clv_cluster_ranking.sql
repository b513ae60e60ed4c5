with

clusters as (

    select * from {{ ref('clv_clusters') }}

),

predictions as (

    select * from {{ ref('clv_predictions') }}

),

members as (

    select
        predictions.cutoff,
        predictions.pred_months,
        predictions.model_id,
        clusters.cluster_id,
        predictions.predicted_clv
    from predictions
    inner join clusters
        on
            predictions.cutoff = clusters.cutoff
            and predictions.pred_months = clusters.pred_months
            and predictions.customer_id = clusters.customer_id

),

batch_medians as (

    select
        cutoff,
        pred_months,
        median(predicted_clv) as batch_median_clv
    from members
    group by cutoff, pred_months

),

cluster_medians as (

    select
        cutoff,
        pred_months,
        model_id,
        cluster_id,
        count(*) as customers,
        median(predicted_clv) as median_clv
    from members
    group by cutoff, pred_months, model_id, cluster_id

),

final as (

    select
        cluster_medians.cutoff,
        cluster_medians.pred_months,
        cluster_medians.cluster_id,
        cluster_medians.model_id,
        cluster_medians.customers,
        cluster_medians.median_clv,
        cluster_medians.median_clv / nullif(batch_medians.batch_median_clv, 0) as clv_index,
        row_number() over (
            partition by cluster_medians.cutoff, cluster_medians.pred_months
            order by cluster_medians.median_clv desc, cluster_medians.cluster_id asc
        ) as cluster_rank
    from cluster_medians
    inner join batch_medians
        on
            cluster_medians.cutoff = batch_medians.cutoff
            and cluster_medians.pred_months = batch_medians.pred_months

)

select * from final
