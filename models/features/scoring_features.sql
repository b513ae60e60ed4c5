with

windows as (

    select * from {{ ref('scoring_windows') }}

),

features as (

    select * from ({{ features_as_of(ref('scoring_windows'), ref('customer_days')) }}) as as_of

),

final as (

    select
        windows.pred_months,
        windows.pred_days,
        windows.model_id,
        features.*
    from windows
    inner join features
        on
            windows.cutoff = features.cutoff
            and windows.history_months = features.history_months

)

select * from final
