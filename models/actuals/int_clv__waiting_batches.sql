{{ config(materialized='view') }}

with

predictions as (

    select * from {{ ref('clv_predictions') }}

),

actuals as (

    select * from {{ ref('clv_predictions_actual') }}

),

batches as (

    select
        cutoff,
        pred_months,
        model_id,
        count(*) as customers
    from predictions
    group by cutoff, pred_months, model_id

),

labelled as (

    select distinct
        cutoff,
        pred_months
    from actuals

),

final as (

    select
        batches.cutoff,
        batches.pred_months,
        {{ clv_add_months('batches.cutoff', 'batches.pred_months') }} as matures_on,
        batches.customers,
        batches.model_id
    from batches
    left join labelled
        on
            batches.cutoff = labelled.cutoff
            and batches.pred_months = labelled.pred_months
    where labelled.cutoff is null

)

select * from final
