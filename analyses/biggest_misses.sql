-- The customers that the latest matured batch was most wrong about: where to look after an alert.

with

actuals as (

    select * from {{ ref('clv_predictions_actual') }}

),

latest as (

    select max(cutoff) as cutoff
    from actuals

),

final as (

    select
        actuals.cutoff,
        actuals.pred_months,
        actuals.customer_id,
        actuals.predicted_clv,
        actuals.actual_clv,
        actuals.predicted_clv - actuals.actual_clv as error
    from actuals
    inner join latest
        on actuals.cutoff = latest.cutoff
    order by abs(actuals.predicted_clv - actuals.actual_clv) desc, actuals.customer_id asc
    limit 100

)

select * from final
