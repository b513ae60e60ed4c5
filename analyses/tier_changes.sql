-- Customers whose value tier differs between the two latest batches.

with

ranked as (

    select * from {{ ref('clv_ranked_predictions') }}

),

batches as (

    select
        cutoff,
        pred_months,
        row_number() over (order by cutoff desc, pred_months desc) as nth
    from ranked
    group by cutoff, pred_months

),

latest as (

    select ranked.*
    from ranked
    inner join batches
        on
            ranked.cutoff = batches.cutoff
            and ranked.pred_months = batches.pred_months
            and batches.nth = 1

),

previous as (

    select ranked.*
    from ranked
    inner join batches
        on
            ranked.cutoff = batches.cutoff
            and ranked.pred_months = batches.pred_months
            and batches.nth = 2

),

final as (

    select
        latest.customer_id,
        previous.value_tier as previous_tier,
        latest.value_tier as latest_tier,
        previous.predicted_clv as previous_clv,
        latest.predicted_clv as latest_clv
    from latest
    inner join previous
        on latest.customer_id = previous.customer_id
    where latest.value_tier <> previous.value_tier
    order by latest.predicted_clv desc, latest.customer_id asc

)

select * from final
