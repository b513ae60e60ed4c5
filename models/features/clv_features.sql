{{ config(materialized='incremental') }}
{#- Scores come first: a batch that is held leaves nothing in any ledger. -#}
{%- do ref('int_clv__scores') -%}

with

features as (

    select * from {{ ref('int_clv__scoring_features') }}

),

final as (

    select
        cutoff,
        pred_months,
        customer_id,
        model_id,
        history_months,
        frequency,
        recency,
        T,
        monetary_value,
        orders,
        revenue,
        refunds,
        average_order_value,
        largest_order_value,
        last_order_value,
        first_order_value,
        spread_order_value,
        days_since_last,
        mean_gap,
        spread_gap,
        revenue_30d,
        orders_30d,
        revenue_90d,
        orders_90d,
        revenue_180d,
        orders_180d,
        revenue_365d,
        orders_365d,
        days_since_first_ever,
        attributes
    from features

)

select * from final
