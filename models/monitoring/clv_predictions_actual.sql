{#- A batch is labelled once, when its window has matured and every ledger holds it; with the var
    `rescore` the batches of this run are labelled again. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['cutoff', 'pred_months'],
    on_schema_change='append_new_columns',
    full_refresh=false,
) }}
{%- do ref('clv_clusters') -%}

with

predictions as (

    select * from {{ ref('clv_predictions') }}

),

features as (

    select * from {{ ref('clv_features') }}

),

log_days as (

    select * from {{ ref('data_through') }}

),

this_run as (

    select * from {{ ref('scoring_windows') }}

),

windows as (

    select distinct
        cutoff,
        pred_months,
        {{ add_months('cutoff', 'pred_months') }} as window_end
    from predictions

),

due as (

    select windows.*
    from windows
    cross join log_days
    {% if is_incremental() %}
        left join (select distinct cutoff, pred_months from {{ this }}) as labelled
            on
                windows.cutoff = labelled.cutoff
                and windows.pred_months = labelled.pred_months
        left join this_run
            on
                windows.cutoff = this_run.cutoff
                and windows.pred_months = this_run.pred_months
        where
            windows.window_end <= log_days.data_through
            and (labelled.cutoff is null or this_run.cutoff is not null)
    {% else %}
        where windows.window_end <= log_days.data_through
    {% endif %}

),

due_predictions as (

    select
        predictions.*,
        {{ dbt.datediff('due.cutoff', 'due.window_end', 'day') }} as pred_days
    from predictions
    inner join due
        on
            predictions.cutoff = due.cutoff
            and predictions.pred_months = due.pred_months

),

labels as (

    select * from ({{ labels_as_of('due', 'due_predictions', ref('customer_days')) }}) as as_of

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
        {{ naive_spend('features.revenue', 'features.T', 'due_predictions.pred_days') }} as naive_clv,
        due_predictions.in_sample,
        {{ run_time() }} as labelled_at
    from due_predictions
    inner join labels
        on
            due_predictions.cutoff = labels.cutoff
            and due_predictions.pred_months = labels.pred_months
            and due_predictions.customer_id = labels.customer_id
    left join features
        on
            due_predictions.cutoff = features.cutoff
            and due_predictions.pred_months = features.pred_months
            and due_predictions.customer_id = features.customer_id

)

select * from final
