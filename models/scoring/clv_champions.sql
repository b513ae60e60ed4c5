with

manifest as (

    select * from {{ ref('stg_clv__champion_manifest') }}

),

totals as (

    select * from {{ ref('clv_batch_totals') }}

),

-- A model can become champion more than once; its facts are the same in each of its rows.
promotions as (

    select
        *,
        count(*) over (partition by model_id) as promotions,
        min(promoted_at) over (partition by model_id) as first_promoted_at,
        row_number() over (partition by model_id order by manifest_row desc) as nth_from_last
    from manifest

),

latest as (

    select * from promotions
    where nth_from_last = 1

),

scored as (

    select
        model_id,
        count(*) as batches,
        min(cutoff) as first_cutoff,
        max(cutoff) as latest_cutoff
    from totals
    group by model_id

),

final as (

    select
        latest.model_id,
        latest.kind,
        latest.is_champion as is_current,
        latest.trained_at,
        latest.first_promoted_at,
        latest.promoted_at,
        latest.promotions,
        latest.reason,
        latest.training_cutoff,
        cast({{ dbt.dateadd('day', 1, clv_add_months('latest.training_cutoff', '-latest.history_months')) }} as date)
            as history_start,
        latest.labels_end,
        latest.history_months,
        latest.pred_months,
        latest.baseline_rmse,
        latest.baseline_r2,
        latest.baseline_method,
        latest.baseline_pred_months,
        latest.code_commit,
        coalesce(scored.batches, 0) as batches,
        scored.first_cutoff,
        scored.latest_cutoff
    from latest
    left join scored
        on latest.model_id = scored.model_id

)

select * from final
