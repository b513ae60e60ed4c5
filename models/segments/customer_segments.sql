with

ranked as (

    select * from {{ ref('clv_ranked_predictions') }}

),

clusters as (

    select * from {{ ref('clv_clusters') }}

),

ranking as (

    select * from {{ ref('clv_cluster_ranking') }}

),

features as (

    select * from {{ ref('clv_features') }}

),

predictions as (

    select * from {{ ref('clv_predictions') }}

),

batches as (

    {{ clv_batches_newest_first('predictions') }}

),

latest_batch as (

    select
        cutoff,
        pred_months
    from batches
    where nth = 1

),

final as (

    select
        ranked.cutoff,
        ranked.pred_months,
        {{ clv_add_months('ranked.cutoff', 'ranked.pred_months') }} as window_end,
        ranked.customer_id,
        ranked.model_id,
        ranked.predicted_clv,
        ranked.predicted_clv_lower,
        ranked.predicted_clv_upper,
        ranked.predicted_purchases,
        ranked.probability_purchase,
        ranked.probability_alive,
        ranked.expected_next_purchase,
        ranked.clv_rank,
        ranked.clv_percentile,
        ranked.value_tier,
        ranked.tier_order,
        ranked.tied_customers,
        clusters.cluster_id,
        ranking.cluster_rank,
        ranking.clv_index,
        features.frequency,
        features.recency,
        features.T,
        features.monetary_value,
        features.orders,
        features.revenue,
        features.days_since_last
    from latest_batch
    inner join ranked
        on
            latest_batch.cutoff = ranked.cutoff
            and latest_batch.pred_months = ranked.pred_months
    inner join clusters
        on
            ranked.cutoff = clusters.cutoff
            and ranked.pred_months = clusters.pred_months
            and ranked.customer_id = clusters.customer_id
    inner join ranking
        on
            clusters.cutoff = ranking.cutoff
            and clusters.pred_months = ranking.pred_months
            and clusters.cluster_id = ranking.cluster_id
    inner join features
        on
            ranked.cutoff = features.cutoff
            and ranked.pred_months = features.pred_months
            and ranked.customer_id = features.customer_id

)

select * from final
