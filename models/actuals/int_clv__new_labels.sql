{#- A batch is labelled when every ledger holds it, the one of clusters too. -#}
{%- do ref('clv_clusters') -%}

with

due as (

    select * from {{ ref('int_clv__due_batches') }}

),

predictions as (

    select * from {{ ref('clv_predictions') }}

),

features as (

    select * from {{ ref('clv_features') }}

),

due_predictions as (

    select predictions.*
    from predictions
    inner join due
        on
            predictions.cutoff = due.cutoff
            and predictions.pred_months = due.pred_months

),

labels as (

    select * from ({{ clv_labels_as_of('due', 'due_predictions', ref('int_clv__customer_days')) }}) as as_of

),

histories as (

    select
        features.*,
        due.pred_days,
        {{ clv_history_days('features.cutoff', 'features.history_months', 'due.data_from') }} as history_days
    from features
    inner join due
        on
            features.cutoff = due.cutoff
            and features.pred_months = due.pred_months

),

final as (

    select
        due_predictions.cutoff,
        due_predictions.pred_months,
        due_predictions.customer_id,
        due_predictions.model_id,
        due_predictions.predicted_clv,
        labels.actual_clv,
        due_predictions.predicted_purchases,
        labels.actual_purchases,
        {{ clv_naive_spend('histories.revenue', 'histories.T', 'histories.pred_days', 'histories.history_days') }}
            as naive_clv,
        due_predictions.in_sample
    from due_predictions
    inner join labels
        on
            due_predictions.cutoff = labels.cutoff
            and due_predictions.pred_months = labels.pred_months
            and due_predictions.customer_id = labels.customer_id
    left join histories
        on
            due_predictions.cutoff = histories.cutoff
            and due_predictions.pred_months = histories.pred_months
            and due_predictions.customer_id = histories.customer_id

)

select * from final
