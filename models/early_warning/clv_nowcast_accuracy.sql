{{ config(materialized='view') }}

with

nowcasts as (

    select * from {{ ref('clv_nowcast') }}

),

accuracy as (

    select * from {{ ref('clv_accuracy') }}

),

known as (

    select
        nowcasts.*,
        accuracy.actual_total,
        case
            when nowcasts.window_share <= 0.25 then 1
            when nowcasts.window_share <= 0.5 then 2
            when nowcasts.window_share <= 0.75 then 3
            else 4
        end as window_quarter
    from nowcasts
    inner join accuracy
        on
            nowcasts.cutoff = accuracy.cutoff
            and nowcasts.pred_months = accuracy.pred_months
            and nowcasts.model_id = accuracy.model_id
    where nowcasts.unknown_reason is null

),

judged as (

    select
        *,
        cast(actual_total between nowcast_lower and nowcast_upper as integer) as is_held,
        cast(actual_total between predicted_total_lower and predicted_total_upper as integer) as is_held_by_batch,
        cast(abs(nowcast_total - actual_total) / nullif(actual_total, 0) as decimal(18, 9)) as nowcast_off,
        cast(abs(predicted_total - actual_total) / nullif(actual_total, 0) as decimal(18, 9)) as predicted_off,
        cast(
            ln(nowcast_upper / nullif(nowcast_lower, 0)) / nullif(ln(predicted_total_upper / predicted_total_lower), 0)
            as decimal(18, 9)
        ) as width
    from known

),

final as (

    select
        pred_months,
        window_quarter,
        count(distinct cutoff) as batches,
        count(*) as nowcasts,
        cast(sum(is_held) as double) / count(*) as held_share,
        cast(sum(is_held_by_batch) as double) / count(*) as batch_held_share,
        cast(sum(nowcast_off) as double) / count(nowcast_off) as nowcast_off,
        cast(sum(predicted_off) as double) / count(predicted_off) as predicted_off,
        cast(sum(width) as double) / count(width) as width_to_batch
    from judged
    group by pred_months, window_quarter

)

select * from final
