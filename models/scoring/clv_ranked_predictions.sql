{{ config(materialized='view') }}

with

predictions as (

    select * from {{ ref('clv_predictions') }}

),

tiers as (

    select * from {{ ref('clv_value_tiers') }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by cutoff, pred_months
            order by predicted_clv desc, customer_id asc
        ) as clv_rank,
        count(*) over (partition by cutoff, pred_months) as customers,
        count(*) over (partition by cutoff, pred_months, predicted_clv) as tied_customers
    from predictions

),

tier_ends as (

    select
        value_tier,
        cast(top_share as decimal(9, 6)) as top_share,
        row_number() over (order by top_share) as tier_order,
        -- DuckDB 1.x cannot read a stored view that gives `lag` its default
        coalesce(
            lag(cast(top_share as decimal(9, 6))) over (order by top_share),
            cast(0 as decimal(9, 6))
        ) as share_above
    from tiers

),

final as (

    select
        ranked.cutoff,
        ranked.pred_months,
        ranked.customer_id,
        ranked.model_id,
        ranked.predicted_clv,
        ranked.predicted_clv_lower,
        ranked.predicted_clv_upper,
        ranked.predicted_purchases,
        ranked.probability_purchase,
        ranked.probability_alive,
        ranked.expected_next_purchase,
        ranked.in_sample,
        ranked.scored_at,
        ranked.clv_rank,
        ranked.tied_customers,
        cast(ranked.customers - ranked.clv_rank + 1 as double) / ranked.customers as clv_percentile,
        tier_ends.value_tier,
        tier_ends.tier_order
    from ranked
    inner join tier_ends
        on
            ranked.clv_rank <= ceil(tier_ends.top_share * ranked.customers)
            and ranked.clv_rank > ceil(tier_ends.share_above * ranked.customers)

)

select * from final
