{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['cutoff', 'pred_months'],
    on_schema_change='append_new_columns',
    full_refresh=false,
) }}

with

assignments as (

    select * from {{ ref('clv_cluster_assignments') }}

),

final as (

    select
        cast(cutoff as date) as cutoff,
        cast(pred_months as integer) as pred_months,
        customer_id,
        model_id,
        cluster_id
    from assignments

)

select * from final
