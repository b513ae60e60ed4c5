with

to_judge as (

    select distinct
        cutoff,
        pred_months,
        model_id
    from {{ ref('int_clv__batches_to_judge') }}

),

histories as (

    select
        model_id,
        max(history_months) as history_months
    from {{ ref('stg_clv__champion_manifest') }}
    group by model_id

),

log_days as (

    select * from {{ ref('int_clv__log_days') }}

),

batches as (

    select
        to_judge.cutoff as judged_cutoff,
        to_judge.pred_months,
        histories.history_months,
        log_days.data_from,
        {{ clv_add_months('to_judge.cutoff', '-12') }} as cutoff
    from to_judge
    inner join histories
        on to_judge.model_id = histories.model_id
    cross join log_days

),

spans as (

    select
        *,
        {{ clv_add_months('cutoff', '-history_months') }} as history_start,
        {{ clv_add_months('cutoff', 'pred_months') }} as window_end
    from batches

),

lengths as (

    select
        *,
        {{ dbt.datediff('cutoff', 'window_end', 'day') }} as pred_days,
        {{ clv_history_days('cutoff', 'history_months', 'data_from') }} as history_days
    from spans

),

-- A season is known where the log holds as much history before the window as the window is long.
known as (

    select * from lengths
    where history_days >= pred_days

),

features as (

    select * from ({{ clv_features_as_of('known', ref('int_clv__customer_days')) }}) as as_of

),

population as (

    select
        known.judged_cutoff,
        known.pred_months,
        known.pred_days,
        known.history_days,
        features.cutoff,
        features.customer_id,
        features.revenue,
        features.T
    from known
    inner join features
        on
            known.cutoff = features.cutoff
            and known.history_months = features.history_months

),

labels as (

    select * from ({{ clv_labels_as_of('known', 'population', ref('int_clv__customer_days')) }}) as as_of

),

actuals as (

    select
        population.*,
        labels.actual_clv
    from population
    inner join labels
        on
            population.cutoff = labels.cutoff
            and population.pred_months = labels.pred_months
            and population.customer_id = labels.customer_id

),

spend as (

    select
        judged_cutoff,
        pred_months,
        actual_clv,
        cast({{ clv_naive_spend('revenue', 'T', 'pred_days', 'history_days') }} as decimal(28, 8)) as naive_clv
    from actuals

),

final as (

    select
        judged_cutoff as cutoff,
        pred_months,
        cast(sum(case when actual_clv > 0 then 1 else 0 end) as bigint) as buyers,
        cast(sum(naive_clv) as double) as naive_total,
        cast(sum(actual_clv) as double) as actual_total
    from spend
    group by judged_cutoff, pred_months

)

select * from final
