with

predictions as (

    select * from {{ ref('clv_predictions') }}

),

log_days as (

    select * from {{ ref('int_clv__log_days') }}

),

this_run as (

    select * from {{ ref('int_clv__scoring_windows') }}

),

windows as (

    select distinct
        cutoff,
        pred_months,
        {{ clv_add_months('cutoff', 'pred_months') }} as window_end
    from predictions

),

final as (

    select
        windows.*,
        log_days.data_from,
        {{ dbt.datediff('windows.cutoff', 'windows.window_end', 'day') }}
            as pred_days
    from windows
    cross join log_days
    left join this_run
        on
            windows.cutoff = this_run.cutoff
            and windows.pred_months = this_run.pred_months
    where
        windows.window_end <= log_days.data_through
        and (
            this_run.cutoff is not null
            or {{ clv_names_cutoff(var('relabel', false), 'relabel', 'windows.cutoff') }}
            or {{ clv_not_among(clv_labelled_batches(), 'windows.cutoff', 'windows.pred_months') }}
        )

)

select * from final
