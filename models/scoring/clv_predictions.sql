{{ config(materialized='incremental') }}

with

scores as (

    select * from {{ ref('int_clv__scores') }}

),

windows as (

    select * from {{ ref('int_clv__scoring_windows') }}

),

scored as (

    select
        cast(scores.cutoff as date) as cutoff,
        cast(scores.pred_months as integer) as pred_months,
        scores.customer_id,
        scores.model_id,
        scores.predicted_clv,
        scores.predicted_clv_lower,
        scores.predicted_clv_upper,
        scores.predicted_purchases,
        scores.probability_purchase,
        scores.probability_alive,
        cast(scores.expected_next_purchase as date) as expected_next_purchase,
        windows.in_sample
    from scores
    inner join windows
        on
            scores.cutoff = windows.cutoff
            and scores.pred_months = windows.pred_months

),

{% if is_incremental() %}
    -- A run that finds what an earlier run found leaves it as it is, its time included.
    final as (

        select
            scored.*,
            coalesce(ledger.scored_at, {{ clv_run_time() }}) as scored_at
        from scored
        left join {{ this }} as ledger
            on
                scored.cutoff = ledger.cutoff
                and scored.pred_months = ledger.pred_months
                and scored.customer_id = ledger.customer_id
                and scored.model_id = ledger.model_id
                and scored.predicted_clv = ledger.predicted_clv
                and scored.predicted_purchases is not distinct from ledger.predicted_purchases
                and scored.probability_alive is not distinct from ledger.probability_alive

    )
{% else %}
    final as (

        select
            *,
            {{ clv_run_time() }} as scored_at
        from scored

    )
{% endif %}

select * from final
