{%- set months_back = [3, 6, 12] -%}
{%- set earlier = ['before', '3m', '6m', '12m'] -%}

with

predictions as (

    select * from {{ ref('clv_predictions') }}

),

ranked as (

    select * from {{ ref('clv_ranked_predictions') }}

),

batches as (

    {{ clv_batches_newest_first('predictions') }}

),

latest as (

    select
        cutoff,
        pred_months
    from batches
    where nth = 1

),

-- Spend of three months and of six do not compare: only batches as long as the latest are looked at.
distances as (

    select
        batches.cutoff,
        batches.pred_months,
        {%- for months in months_back %}
            abs({{ dbt.datediff(clv_add_months('latest.cutoff', -months), 'batches.cutoff', 'day') }})
                as days_off_{{ months }}m,
        {%- endfor %}
        row_number() over (order by batches.cutoff desc) as nth_before
    from batches
    inner join latest
        on
            batches.pred_months = latest.pred_months
            and batches.cutoff < latest.cutoff

),

nearest as (

    select
        {%- for months in months_back %}
            row_number() over (order by days_off_{{ months }}m, cutoff) as nth_{{ months }}m,
        {%- endfor %}
        *
    from distances

),

compared as (

    select
        'latest' as place,
        cutoff,
        pred_months
    from latest
    union all
    select
        'before' as place,
        cutoff,
        pred_months
    from nearest
    where nth_before = 1
    {%- for months in months_back %}
        union all
        select
            '{{ months }}m' as place,
            cutoff,
            pred_months
        from nearest
        where nth_{{ months }}m = 1 and days_off_{{ months }}m <= 31
    {%- endfor %}

),

cutoffs as (

    select
        {%- for place in ['latest'] + earlier %}
            max(case when place = '{{ place }}' then cutoff end) as cutoff_{{ place }},
        {%- endfor %}
        max(pred_months) as pred_months
    from compared

),

places as (

    select
        {%- for place in ['latest'] + earlier %}
            max(case when compared.place = '{{ place }}' then ranked.value_tier end) as value_tier_{{ place }},
            max(case when compared.place = '{{ place }}' then ranked.tier_order end) as tier_order_{{ place }},
            max(case when compared.place = '{{ place }}' then ranked.predicted_clv end) as predicted_clv_{{ place }},
        {%- endfor %}
        ranked.customer_id
    from ranked
    inner join compared
        on
            ranked.cutoff = compared.cutoff
            and ranked.pred_months = compared.pred_months
    group by ranked.customer_id

),

first_seen as (

    select
        customer_id,
        min(cutoff) as first_seen_cutoff
    from predictions
    group by customer_id

),

final as (

    select
        cutoffs.cutoff_latest as cutoff,
        cutoffs.pred_months,
        places.customer_id,
        places.value_tier_latest as value_tier,
        places.tier_order_latest as tier_order,
        places.predicted_clv_latest as predicted_clv,
        {%- for place in earlier %}
            cutoffs.cutoff_{{ place }},
            places.value_tier_{{ place }},
            places.tier_order_{{ place }},
            places.predicted_clv_{{ place }},
            case
                when places.tier_order_latest < places.tier_order_{{ place }} then 'rose'
                when places.tier_order_latest > places.tier_order_{{ place }} then 'fell'
                when places.tier_order_latest = places.tier_order_{{ place }} then 'same'
                when places.tier_order_{{ place }} is not null then 'left'
                when cutoffs.cutoff_{{ place }} is null or places.tier_order_latest is null then null
                when first_seen.first_seen_cutoff > cutoffs.cutoff_{{ place }} then 'new'
                else 'returned'
            end as movement_{{ place }},
        {%- endfor %}
        first_seen.first_seen_cutoff
    from places
    inner join first_seen
        on places.customer_id = first_seen.customer_id
    cross join cutoffs

)

select * from final
