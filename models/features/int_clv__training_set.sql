{{ config(tags=['training']) }}

with

windows as (

    select * from {{ ref('int_clv__training_windows') }}

),

sampled_days as (

    select * from {{ ref('int_clv__customer_days') }}
    where {{ clv_is_sampled('customer_id', var('training_sample')) }}

),

features as (

    select * from ({{ clv_features_as_of(ref('int_clv__training_windows'), 'sampled_days') }}) as as_of

),

population as (

    select
        windows.pred_months,
        windows.pred_days,
        windows.window_end,
        features.*
    from windows
    inner join features
        on
            windows.cutoff = features.cutoff
            and windows.history_months = features.history_months

),

labels as (

    select * from ({{ clv_labels_as_of(ref('int_clv__training_windows'), 'population', 'sampled_days') }}) as as_of

),

attributes as (

    select * from ({{ clv_attributes_as_of('windows', ref('stg_clv__customer_attributes')) }}) as as_of

),

final as (

    select
        population.*,
        attributes.attributes,
        labels.actual_clv,
        labels.actual_purchases
    from population
    inner join labels
        on
            population.cutoff = labels.cutoff
            and population.pred_months = labels.pred_months
            and population.customer_id = labels.customer_id
    left join attributes
        on
            population.cutoff = attributes.cutoff
            and population.customer_id = attributes.customer_id

)

select * from final
