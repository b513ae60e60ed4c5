{%- do source('clv', 'champion_manifest') -%}
{%- set path = clv_home_path('registry/champion_manifest.csv') -%}
{%- if clv_building() and not clv_file_exists(path) -%}
    {{ clv_fail('there is no champion yet (' ~ path ~ ' does not exist). Run `clv train` first, then score.') }}
{%- endif -%}

with

manifest as (

    select * from {{ clv_read_manifest(path) }}

),

typed as (

    select
        cast(manifest_row as integer) as manifest_row,
        model_id,
        kind,
        cast(training_cutoff as date) as training_cutoff,
        cast(labels_end as date) as labels_end,
        cast(history_months as integer) as history_months,
        cast(pred_months as integer) as pred_months,
        cast(baseline_rmse as double) as baseline_rmse,
        cast(baseline_r2 as double) as baseline_r2,
        baseline_method,
        cast(baseline_pred_months as integer) as baseline_pred_months,
        model_sha256,
        cast(promoted_at as timestamp) as promoted_at
    from manifest

),

final as (

    select
        *,
        manifest_row = max(manifest_row) over () as is_champion
    from typed

)

select * from final
