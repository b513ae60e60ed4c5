{#- A view: its rows stand in two ledgers already, and a copy would be as long as both. -#}
{{ config(materialized='view') }}

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

final as (

    select
        ranked.cutoff,
        ranked.pred_months,
        ranked.customer_id,
        ranked.model_id,
        ranked.predicted_clv,
        ranked.clv_rank,
        ranked.value_tier,
        ranked.tier_order,
        clusters.cluster_id,
        ranking.cluster_rank
    from ranked
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

)

select * from final
