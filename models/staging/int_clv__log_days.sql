{#- A log that cannot be used, or is not what it was, ends the run here. -#}
{%- do [ref('clv_rejected_transactions'), ref('stg_clv__classified_transactions'), ref('int_clv__customer_days')] -%}
{%- do ref('stg_clv__customer_attributes') -%}
{%- if clv_building() -%}
    {%- do clv_check_log(ref('stg_clv__classified_transactions'), ref('stg_clv__transactions'), ref('int_clv__customer_days')) -%}
    {%- do clv_check_attributes(ref('stg_clv__customer_attributes'), ref('int_clv__customer_days')) -%}
{%- endif -%}

with

transactions as (

    select * from {{ ref('stg_clv__transactions') }}

),

days as (

    select
        min(order_date) as data_from,
        max(cast(ordered_at as date)) as last_order_date
    from transactions

),

final as (

    select
        data_from,
        last_order_date,
        {% if var('data_through', none) %}
            {{ clv_date_literal(var('data_through'), 'data_through') }} as data_through
        {% else %}
            last_order_date as data_through
        {% endif %}
    from days

)

select * from final
