with

segments as (

    select * from {{ ref('customer_segments') }}

),

habits as (

    select
        cutoff,
        pred_months,
        cluster_rank,
        cluster_id,
        count(*) as customers,
        median(predicted_clv) as median_clv,
        max(clv_index) as clv_index,
        sum(predicted_clv) as predicted_total,
        avg(frequency) as mean_frequency,
        cast(round(median(days_since_last)) as integer) as days_since_last,
        avg(revenue / nullif(orders, 0)) as revenue_per_order
    from segments
    group by cutoff, pred_months, cluster_rank, cluster_id

),

everybody as (

    select
        count(*) as customers,
        sum(predicted_clv) as predicted_total,
        avg(frequency) as mean_frequency,
        median(days_since_last) as days_since_last,
        avg(revenue / nullif(orders, 0)) as revenue_per_order
    from segments

),

-- How far a cluster is from all customers: 2 is twice as much, 0.5 half of it.
compared as (

    select
        habits.*,
        habits.customers / everybody.customers as share_of_customers,
        habits.predicted_total / nullif(everybody.predicted_total, 0) as share_of_predicted_value,
        habits.mean_frequency / nullif(everybody.mean_frequency, 0) as frequency_ratio,
        (habits.days_since_last + 1) / (everybody.days_since_last + 1) as absence_ratio,
        habits.revenue_per_order / nullif(everybody.revenue_per_order, 0) as order_ratio
    from habits
    cross join everybody

),

named as (

    select
        *,
        case
            when absence_ratio <= 0.67 then 'Recent'
            when absence_ratio >= 1.5 then 'Lapsed'
            else 'Settled'
        end
        || case
            when mean_frequency = 0 then ' one-time buyers'
            when frequency_ratio >= 1.5 then ' frequent buyers'
            when frequency_ratio <= 0.5 then ' rare buyers'
            else ' buyers'
        end
        || case
            when order_ratio >= 1.5 then ' of large orders'
            when order_ratio <= 0.67 then ' of small orders'
            else ''
        end as words
    from compared

),

numbered as (

    select
        *,
        count(*) over (partition by words) as of_the_same_words,
        row_number() over (partition by words order by cluster_rank) as number
    from named

),

final as (

    select
        cutoff,
        pred_months,
        cluster_rank,
        cluster_id,
        words || case when of_the_same_words > 1 then ' (' || number || ')' else '' end
            as cluster_name,
        customers,
        share_of_customers,
        median_clv,
        clv_index,
        share_of_predicted_value,
        mean_frequency,
        days_since_last,
        revenue_per_order,
        frequency_ratio,
        absence_ratio,
        order_ratio
    from numbered

)

select * from final
