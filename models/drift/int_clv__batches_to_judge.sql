{#- The batches whose noise is not known yet, or that were labelled again since. The ledger of noise
    lies downstream, so it is looked up, not referred to. -#}
{%- set ledger = clv_own_relation('int_clv__drift_noise') if clv_building() else none %}

with

matured as (

    select * from {{ ref('int_clv__matured_predictions') }}

),

judged as (

    {% if ledger is not none %}
        select
            cutoff,
            pred_months,
            labelled_at
        from {{ ledger }}
    {% else %}
        select
            cutoff,
            pred_months,
            labelled_at
        from matured
        where 1 = 0
    {% endif %}

),

final as (

    select
        matured.cutoff,
        matured.pred_months,
        matured.customer_id,
        matured.model_id,
        matured.labelled_at,
        matured.predicted_clv,
        matured.naive_clv,
        cast(matured.actual_clv as double) as actual_clv
    from matured
    left join judged
        on
            matured.cutoff = judged.cutoff
            and matured.pred_months = judged.pred_months
            and matured.labelled_at = judged.labelled_at
    where judged.cutoff is null

)

select * from final
