{#- A batch is labelled once, when its window has matured and every ledger holds it; with the var
    `rescore` the batches of this run are labelled again, with `relabel` those that it names. -#}
{{ config(materialized='incremental') }}
{%- do ref('clv_clusters') -%}

with

predictions as (

    select * from {{ ref('clv_predictions') }}

),

features as (

    select * from {{ ref('clv_features') }}

),

log_days as (

    select * from {{ ref('int_clv__log_days') }}

),

this_run as (

    select * from {{ ref('int_clv__scoring_windows') }}

),

{% if is_incremental() %}
    ledger as (

        select * from {{ this }}

    ),

    labelled as (

        select distinct
            cutoff,
            pred_months
        from ledger

    ),

{% endif %}
windows as (

    select distinct
        cutoff,
        pred_months,
        {{ clv_add_months('cutoff', 'pred_months') }} as window_end
    from predictions

),

due as (

    select windows.*
    from windows
    cross join log_days
    {% if is_incremental() %}
        left join labelled
            on
                windows.cutoff = labelled.cutoff
                and windows.pred_months = labelled.pred_months
        left join this_run
            on
                windows.cutoff = this_run.cutoff
                and windows.pred_months = this_run.pred_months
        where
            windows.window_end <= log_days.data_through
            and (
                labelled.cutoff is null
                or this_run.cutoff is not null
                or {{ clv_asked_to_relabel('windows.cutoff') }}
            )
    {% else %}
        where windows.window_end <= log_days.data_through
    {% endif %}

),

due_predictions as (

    select
        predictions.*,
        {{ dbt.datediff('due.cutoff', 'due.window_end', 'day') }}
            as pred_days
    from predictions
    inner join due
        on
            predictions.cutoff = due.cutoff
            and predictions.pred_months = due.pred_months

),

labels as (

    select * from ({{ clv_labels_as_of('due', 'due_predictions', ref('int_clv__customer_days')) }}) as as_of

),

labelled_now as (

    select
        due_predictions.cutoff,
        due_predictions.pred_months,
        due_predictions.customer_id,
        due_predictions.model_id,
        due_predictions.predicted_clv,
        labels.actual_clv,
        due_predictions.predicted_purchases,
        labels.actual_purchases,
        {{ clv_naive_spend('features.revenue', 'features.T', 'due_predictions.pred_days') }} as naive_clv,
        due_predictions.in_sample
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

),

{% if is_incremental() %}
    customers_now as (

        select
            cutoff,
            pred_months,
            count(*) as customers
        from labelled_now
        group by cutoff, pred_months

    ),

    -- A batch whose labels come out as they were keeps the time at which they were made.
    unchanged as (

        select
            ledger.cutoff,
            ledger.pred_months,
            max(ledger.labelled_at) as labelled_at
        from ledger
        inner join customers_now
            on
                ledger.cutoff = customers_now.cutoff
                and ledger.pred_months = customers_now.pred_months
        left join labelled_now
            on
                ledger.cutoff = labelled_now.cutoff
                and ledger.pred_months = labelled_now.pred_months
                and ledger.customer_id = labelled_now.customer_id
                and ledger.model_id = labelled_now.model_id
                and ledger.predicted_clv = labelled_now.predicted_clv
                and ledger.actual_clv = labelled_now.actual_clv
                and ledger.actual_purchases = labelled_now.actual_purchases
                and ledger.predicted_purchases is not distinct from labelled_now.predicted_purchases
                and ledger.naive_clv is not distinct from labelled_now.naive_clv
        group by ledger.cutoff, ledger.pred_months
        having
            count(*) = count(labelled_now.customer_id)
            and count(*) = max(customers_now.customers)

    ),

    final as (

        select
            labelled_now.*,
            coalesce(unchanged.labelled_at, {{ clv_run_time() }}) as labelled_at
        from labelled_now
        left join unchanged
            on
                labelled_now.cutoff = unchanged.cutoff
                and labelled_now.pred_months = unchanged.pred_months

    )
{% else %}
    final as (

        select
            *,
            {{ clv_run_time() }} as labelled_at
        from labelled_now

    )
{% endif %}

select * from final
