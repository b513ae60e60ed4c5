with

windows as (

    select * from {{ ref('int_clv__scoring_windows') }}

),

features as (

    select * from ({{ clv_features_as_of(ref('int_clv__scoring_windows'), ref('int_clv__customer_days')) }}) as as_of

),

attributes as (

    select * from ({{ clv_attributes_as_of('windows', ref('stg_clv__customer_attributes')) }}) as as_of

),

final as (

    select
        windows.pred_months,
        windows.pred_days,
        windows.model_id,
        windows.is_accepted,
        windows.accepted_total,
        windows.accepted_rate_least,
        windows.accepted_rate_most,
        features.*,
        attributes.attributes
    from windows
    inner join features
        on
            windows.cutoff = features.cutoff
            and windows.history_months = features.history_months
    left join attributes
        on
            features.cutoff = attributes.cutoff
            and features.customer_id = attributes.customer_id

)

select * from final
