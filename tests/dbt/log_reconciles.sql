-- Rows and money of kept + rejected are those of the log, to the cent. The log is read again here,
-- beside staging, so that a row lost or doubled on the way shows.
-- Amounts may be converted; logged_amount is what the log has.
with

log as (

    select
        count(*) as log_rows,
        coalesce(sum(amount), 0) as total
    from {{ clv_log_rows() }}

),

staged as (

    select
        count(*) as log_rows,
        coalesce(sum(amount), 0) as total
    from (
        select logged_amount as amount from {{ ref('stg_clv__transactions') }}
        union all
        select logged_amount as amount from {{ ref('clv_rejected_transactions') }}
    ) as both_classes

),

days as (

    select coalesce(sum(net_amount), 0) as total
    from {{ ref('int_clv__customer_days') }}

),

kept as (

    select coalesce(sum(amount), 0) as total
    from {{ ref('stg_clv__transactions') }}

),

final as (

    select
        log.log_rows as rows_in_log,
        staged.log_rows as rows_staged,
        log.total as total_in_log,
        staged.total as total_staged,
        kept.total as total_kept,
        days.total as total_in_days
    from log
    cross join staged
    cross join kept
    cross join days
    where
        log.log_rows <> staged.log_rows
        or log.total <> staged.total
        or kept.total <> days.total

)

select * from final
