{#- An empty log ends the run here, with the reasons for which rows were rejected. -#}
{%- do ref('clv_rejected_transactions') -%}
{%- if clv_building() -%}
    {%- set kept = clv_first_row('select count(*) from ' ~ ref('stg_clv__transactions'))[0] -%}
    {%- if kept == 0 -%}
        {%- set reasons = [] -%}
        {%- for row in run_query('select reason, count(*) from ' ~ ref('clv_rejected_transactions') ~ ' group by reason order by count(*) desc').rows -%}
            {%- do reasons.append(row[1] ~ ' ' ~ row[0]) -%}
        {%- endfor -%}
        {{ clv_fail('the transaction log has no usable row (' ~ (reasons | join(', ') or 'it is empty') ~ "). Check which log is read, and columns and ordered_at_format in section log of the config, or the vars; `select * from clv_rejected_transactions` shows the rows left out.") }}
    {%- elif var('data_through', none) -%}
        {%- do clv_check_data_through(ref('stg_clv__transactions')) -%}
    {%- else -%}
        {%- do clv_check_last_rows(ref('stg_clv__transactions')) -%}
    {%- endif -%}
{%- endif -%}

with

transactions as (

    select * from {{ ref('stg_clv__transactions') }}

),

days as (

    select
        min(order_date) as data_from,
        max(order_date) as last_order_date
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
