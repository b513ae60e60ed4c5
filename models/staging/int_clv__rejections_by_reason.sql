{{ config(materialized='view') }}

with

rejected as (

    select * from {{ ref('clv_rejected_transactions') }}

),

final as (

    select
        reason,
        count(*) as log_rows,
        sum(amount) as amount
    from rejected
    group by reason

)

select * from final
