{{ config(materialized='view') }}

with

actuals as (

    select * from {{ ref('clv_predictions_actual') }}

),

ranked as (

    select * from {{ ref('clv_ranked_predictions') }}

),

clusters as (

    select * from {{ ref('clv_clusters') }}

),

tier_members as (

    select
        actuals.*,
        ranked.value_tier as segment
    from actuals
    inner join ranked
        on
            actuals.cutoff = ranked.cutoff
            and actuals.pred_months = ranked.pred_months
            and actuals.customer_id = ranked.customer_id

),

cluster_members as (

    select
        actuals.*,
        {{ dbt.concat(["'cluster '", dbt.cast('clusters.cluster_id', dbt.type_string())]) }} as segment
    from actuals
    inner join clusters
        on
            actuals.cutoff = clusters.cutoff
            and actuals.pred_months = clusters.pred_months
            and actuals.customer_id = clusters.customer_id

),

members as (

    select * from tier_members
    union all
    select * from cluster_members

),

totals as (

    select
        cutoff,
        pred_months,
        segment,
        count(*) as customers,
        cast(sum(cast(predicted_clv as decimal(28, 8))) as double) as predicted_total,
        cast(sum(actual_clv) as double) as actual_total
    from members
    group by cutoff, pred_months, segment

),

final as (

    select
        cutoff,
        pred_months,
        segment,
        customers,
        predicted_total,
        actual_total,
        actual_total - predicted_total as difference,
        row_number() over (
            partition by cutoff, pred_months
            order by abs(actual_total - predicted_total) desc, segment asc
        ) as nth
    from totals

)

select * from final
