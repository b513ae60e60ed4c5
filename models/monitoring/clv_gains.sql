with

actuals as (

    select * from {{ ref('clv_predictions_actual') }}

),

shares as (

    {% for percent in [1, 5, 10, 20, 50] %}
        select cast({{ percent }} as integer) as top_percent
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

ordered as (

    select
        *,
        row_number() over (
            partition by cutoff, pred_months
            order by predicted_clv desc, customer_id
        ) as predicted_rank,
        row_number() over (
            partition by cutoff, pred_months
            order by actual_clv desc, customer_id
        ) as actual_rank,
        count(*) over (partition by cutoff, pred_months) as batch_customers
    from actuals

),

gains as (

    select
        ordered.cutoff,
        ordered.pred_months,
        shares.top_percent,
        ordered.model_id,
        ordered.in_sample,
        sum(case when ordered.predicted_rank <= ceil(cast(shares.top_percent * ordered.batch_customers as double) / 100) then 1 else 0 end)
            as customers,
        sum(cast(ordered.actual_clv as decimal(28, 4))) as actual_total,
        sum(
            case
                when ordered.predicted_rank <= ceil(cast(shares.top_percent * ordered.batch_customers as double) / 100)
                    then cast(ordered.actual_clv as decimal(28, 4))
                else 0
            end
        ) as actual_held,
        sum(
            case
                when ordered.actual_rank <= ceil(cast(shares.top_percent * ordered.batch_customers as double) / 100)
                    then cast(ordered.actual_clv as decimal(28, 4))
                else 0
            end
        ) as actual_best
    from ordered
    cross join shares
    group by ordered.cutoff, ordered.pred_months, shares.top_percent, ordered.model_id, ordered.in_sample

),

final as (

    select
        cutoff,
        pred_months,
        top_percent,
        model_id,
        in_sample,
        cast(customers as bigint) as customers,
        cast(actual_held as double) / nullif(cast(actual_total as double), 0) as share_of_value,
        cast(actual_best as double) / nullif(cast(actual_total as double), 0) as best_possible_share
    from gains

)

select * from final
