with

actuals as (

    select * from {{ ref('int_clv__matured_predictions') }}

),

shares as (

    {% for percent in [1, 5, 10, 20, 50] %}
        select cast({{ percent }} as integer) as top_percent
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

placed as (

    select
        actuals.cutoff,
        actuals.pred_months,
        shares.top_percent,
        actuals.model_id,
        actuals.in_sample,
        actuals.predicted_rank,
        actuals.actual_rank,
        cast(actuals.actual_clv as decimal(28, 4)) as actual_clv,
        actuals.actual_at_predicted_rank,
        ceil(cast(shares.top_percent * actuals.batch_customers as double) / 100) as last_rank
    from actuals
    cross join shares

),

gains as (

    select
        cutoff,
        pred_months,
        top_percent,
        model_id,
        in_sample,
        sum(case when predicted_rank <= last_rank then 1 else 0 end) as customers,
        sum(actual_clv) as actual_total,
        sum(case when predicted_rank <= last_rank then actual_at_predicted_rank else 0 end) as actual_held,
        sum(case when actual_rank <= last_rank then actual_clv else 0 end) as actual_best
    from placed
    group by cutoff, pred_months, top_percent, model_id, in_sample

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
