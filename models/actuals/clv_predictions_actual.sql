{{ config(materialized='incremental') }}

with

labels as (

    select * from {{ ref('int_clv__new_labels') }}

),

{% if is_incremental() %}
    ledger as (

        select * from {{ this }}

    ),

    sizes as (

        select
            cutoff,
            pred_months,
            count(*) as customers
        from labels
        group by cutoff, pred_months

    ),

    -- A batch whose labels come out as they were keeps the time at which they were made.
    unchanged as (

        select
            ledger.cutoff,
            ledger.pred_months,
            max(ledger.labelled_at) as labelled_at
        from ledger
        inner join sizes
            on
                ledger.cutoff = sizes.cutoff
                and ledger.pred_months = sizes.pred_months
        left join labels
            on
                ledger.cutoff = labels.cutoff
                and ledger.pred_months = labels.pred_months
                and ledger.customer_id = labels.customer_id
                and ledger.model_id = labels.model_id
                and ledger.predicted_clv = labels.predicted_clv
                and ledger.actual_clv = labels.actual_clv
                and ledger.actual_purchases = labels.actual_purchases
                and ledger.predicted_purchases is not distinct from labels.predicted_purchases
                and ledger.naive_clv is not distinct from labels.naive_clv
        group by ledger.cutoff, ledger.pred_months
        having
            count(*) = count(labels.customer_id)
            and count(*) = max(sizes.customers)

    ),

    final as (

        select
            labels.*,
            coalesce(unchanged.labelled_at, {{ clv_run_time() }}) as labelled_at
        from labels
        left join unchanged
            on
                labels.cutoff = unchanged.cutoff
                and labels.pred_months = unchanged.pred_months

    )
{% else %}
    final as (

        select
            *,
            {{ clv_run_time() }} as labelled_at
        from labels

    )
{% endif %}

select * from final
