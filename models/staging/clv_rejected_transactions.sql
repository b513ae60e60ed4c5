{{ config(materialized='view') }}

with

classified as (

    select * from {{ ref('stg_clv__classified_transactions') }}

),

final as (

    select
        input_row,
        reason,
        customer_id,
        order_id,
        line_id,
        written_date,
        ordered_at,
        amount,
        status,
        currency,
        logged_amount
    from classified
    where reason is not null

)

select * from final
