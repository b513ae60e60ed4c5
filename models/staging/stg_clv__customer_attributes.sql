{#- The log comes first: where it is not there, that is what a person is told. -#}
{%- do ref('stg_clv__classified_transactions') -%}
{%- set rows = clv_attribute_rows() -%}

with

given as (

    {% if rows is none %}
        select
            cast(null as {{ dbt.type_string() }}) as customer_id,
            cast(null as {{ dbt.type_string() }}) as attribute_name,
            cast(null as {{ dbt.type_string() }}) as attribute_value,
            cast(null as {{ dbt.type_string() }}) as written_known_from,
            cast(null as date) as known_from
        where 1 = 0
    {% else %}
        select
            customer_id,
            attribute_name,
            attribute_value,
            written_known_from,
            known_from
        from {{ clv_with_customer_map(rows) }}
    {% endif %}

),

final as (

    select distinct
        customer_id,
        attribute_name,
        attribute_value,
        written_known_from,
        known_from
    from given

)

select * from final
