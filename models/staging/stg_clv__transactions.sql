{{ config(materialized='view') }}

with

classified as (

    select * from {{ ref('stg_clv__classified_transactions') }}

),

final as (

    select
        input_row,
        customer_id,
        order_id,
        line_id,
        ordered_at,
        order_date,
        amount,
        logged_amount
    from classified
    where reason is null

)

select * from final
