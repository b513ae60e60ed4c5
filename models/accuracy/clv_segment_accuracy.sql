{#- A ledger, so that what purged batches came to stays: without their predictions nobody's cluster is known. -#}
{{ config(materialized='incremental') }}

with

actuals as (

    select * from {{ ref('clv_predictions_actual') }}

),

ranked as (

    select * from {{ ref('clv_ranked_predictions') }}

),

clusters as (

    select * from {{ ref('clv_clusters') }}

),

features as (

    select * from {{ ref('clv_features') }}

),

attributes as (

    {{ clv_entries_of('features') }}

),

groups as (

    select
        cutoff,
        pred_months,
        customer_id,
        'tier' as group_kind,
        value_tier as group_value
    from ranked
    union all
    select
        cutoff,
        pred_months,
        customer_id,
        'cluster' as group_kind,
        cast(cluster_id as {{ dbt.type_string() }}) as group_value
    from clusters
    union all
    select
        cutoff,
        pred_months,
        customer_id,
        attribute_name as group_kind,
        attribute_value as group_value
    from attributes

),

members as (

    select
        actuals.cutoff,
        actuals.pred_months,
        groups.group_kind,
        groups.group_value,
        actuals.model_id,
        actuals.in_sample,
        actuals.predicted_clv,
        actuals.actual_clv,
        actuals.predicted_clv - cast(actuals.actual_clv as double) as error
    from actuals
    inner join groups
        on
            actuals.cutoff = groups.cutoff
            and actuals.pred_months = groups.pred_months
            and actuals.customer_id = groups.customer_id

),

sums as (

    -- sums of exact numbers, so the order of reading does not matter
    select
        cutoff,
        pred_months,
        group_kind,
        group_value,
        model_id,
        in_sample,
        count(*) as customers,
        sum(case when actual_clv > 0 then 1 else 0 end) as buyers,
        cast(sum(cast(predicted_clv as decimal(28, 8))) as double) as predicted_total,
        cast(sum(actual_clv) as double) as actual_total,
        cast(sum(cast(error * error as decimal(34, 6))) as double) as squared_error
    from members
    group by cutoff, pred_months, group_kind, group_value, model_id, in_sample

),

measured as (

    select
        *,
        actual_total - predicted_total as difference,
        buyers >= {{ clv_drift_limit('buyers') }} as tells
    from sums

),

final as (

    select
        cutoff,
        pred_months,
        group_kind,
        group_value,
        model_id,
        in_sample,
        customers,
        cast(buyers as bigint) as buyers,
        predicted_total,
        actual_total,
        difference,
        case when tells and actual_total > 0 then predicted_total / actual_total - 1 end as total_off,
        case when tells then sqrt(squared_error / customers) end as rmse,
        case when tells then (predicted_total - actual_total) / customers end as bias,
        row_number() over (
            partition by cutoff, pred_months
            order by abs(difference) desc, group_kind desc, group_value asc
        ) as nth
    from measured

)

select * from final
