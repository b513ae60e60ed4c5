{{ config(materialized='incremental', unique_key='cutoff, pred_months, as_of') }}

with

open_batches as (

    select * from {{ ref('int_clv__open_batches') }}
    where is_latest

),

estimates as (

    select * from {{ ref('int_clv__early_estimates') }}

),

totals as (

    select * from {{ ref('clv_batch_totals') }}

),

predictions as (

    select * from {{ ref('clv_predictions') }}

),

days as (

    select * from {{ ref('int_clv__customer_days') }}

),

spent_by_customer as (

    select
        open_batches.cutoff,
        open_batches.pred_months,
        predictions.customer_id,
        cast(sum(days.net_amount) as decimal(18, 4)) as spent
    from open_batches
    inner join days
        on
            open_batches.cutoff < days.order_date
            and open_batches.horizon_end >= days.order_date
    inner join predictions
        on
            open_batches.cutoff = predictions.cutoff
            and open_batches.pred_months = predictions.pred_months
            and days.customer_id = predictions.customer_id
    group by open_batches.cutoff, open_batches.pred_months, predictions.customer_id

),

spent as (

    select
        cutoff,
        pred_months,
        cast(sum(spent) as double) as spent,
        cast(sum(cast(spent as decimal(38, 4)) * spent) as double) as squared_spent
    from spent_by_customer
    group by cutoff, pred_months

),

buyers as (

    select
        cutoff,
        pred_months,
        cast(sum(cast(probability_purchase as decimal(18, 9))) as double) as expected_buyers
    from predictions
    group by cutoff, pred_months

),

so_far as (

    select
        open_batches.cutoff,
        open_batches.pred_months,
        open_batches.horizon_end,
        open_batches.model_id,
        open_batches.horizon_days,
        cast(open_batches.horizon_days as double) / open_batches.pred_days as window_share,
        totals.predicted_total,
        totals.predicted_total_lower,
        totals.predicted_total_upper,
        buyers.expected_buyers,
        coalesce(spent.spent, 0) as spent,
        coalesce(spent.squared_spent, 0) as squared_spent,
        estimates.expected_purchases,
        estimates.expected_share,
        estimates.level_noise
    from open_batches
    inner join totals
        on
            open_batches.cutoff = totals.cutoff
            and open_batches.pred_months = totals.pred_months
    inner join buyers
        on
            open_batches.cutoff = buyers.cutoff
            and open_batches.pred_months = buyers.pred_months
    left join estimates
        on
            open_batches.cutoff = estimates.cutoff
            and open_batches.pred_months = estimates.pred_months
            and open_batches.horizon_end = estimates.horizon_end
    left join spent
        on
            open_batches.cutoff = spent.cutoff
            and open_batches.pred_months = spent.pred_months

),

known as (

    select
        *,
        {{ clv_nowcast_unknown() }} as unknown_reason
    from so_far

),

evidence as (

    select
        *,
        {{ clv_nowcast_evidence() }}
    from known
    where unknown_reason is null

),

witnesses as (

    select
        *,
        {{ clv_nowcast_witnesses() }}
    from evidence

),

rests as (

    select
        *,
        {{ clv_nowcast_rest() }}
    from witnesses

),

ends as (

    select
        *,
        {{ clv_nowcast_ends() }}
    from rests

),

nowcasts as (

    select
        *,
        spent + rest as nowcast_total,
        {{ clv_nowcast_narrowed('low') }} as nowcast_lower,
        {{ clv_nowcast_narrowed('high') }} as nowcast_upper
    from ends

),

final as (

    select
        known.cutoff,
        known.pred_months,
        known.horizon_end as as_of,
        known.model_id,
        {{ clv_add_months('known.cutoff', 'known.pred_months') }} as window_end,
        cast(known.horizon_days as integer) as horizon_days,
        known.window_share,
        known.predicted_total,
        known.predicted_total_lower,
        known.predicted_total_upper,
        known.spent,
        nowcasts.expected_so_far,
        nowcasts.nowcast_total,
        nowcasts.nowcast_lower,
        nowcasts.nowcast_upper,
        known.unknown_reason,
        coalesce(nowcasts.is_implausible, false) as is_implausible
    from known
    left join nowcasts
        on
            known.cutoff = nowcasts.cutoff
            and known.pred_months = nowcasts.pred_months
    {% if is_incremental() %}
        -- What was said on a day stands once a later day has spoken.
        left join (
            select
                cutoff,
                pred_months,
                max(as_of) as last_said
            from {{ this }}
            group by cutoff, pred_months
        ) as said
            on
                known.cutoff = said.cutoff
                and known.pred_months = said.pred_months
        where said.last_said is null or said.last_said <= known.horizon_end
    {% endif %}

)

select * from final
