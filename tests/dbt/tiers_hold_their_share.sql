-- A tier "Top p" and those above it hold exactly ceil(p × customers) of a batch.

with

ranked as (

    select * from {{ ref('clv_ranked_predictions') }}

),

tiers as (

    select * from {{ ref('clv_value_tiers') }}

),

sizes as (

    select
        cutoff,
        pred_months,
        count(*) as customers
    from ranked
    group by cutoff, pred_months

),

held as (

    select
        ranked.cutoff,
        ranked.pred_months,
        tiers.value_tier,
        tiers.top_share,
        count(*) as customers
    from tiers
    inner join tiers as above
        on tiers.top_share >= above.top_share
    inner join ranked
        on above.value_tier = ranked.value_tier
    group by ranked.cutoff, ranked.pred_months, tiers.value_tier, tiers.top_share

),

final as (

    select
        held.cutoff,
        held.pred_months,
        held.value_tier,
        held.customers,
        ceil(held.top_share * sizes.customers) as expected_customers
    from held
    inner join sizes
        on
            held.cutoff = sizes.cutoff
            and held.pred_months = sizes.pred_months
    where held.customers <> ceil(held.top_share * sizes.customers)

)

select * from final
