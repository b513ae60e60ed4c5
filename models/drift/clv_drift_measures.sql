with

drift as (

    select * from {{ ref('clv_drift') }}

),

measures as (

    {% for name, measure, baseline, change, threshold in [
        ('rmse', 'rmse', 'baseline_rmse', 'rmse_change', 'drift_threshold_rmse'),
        ('r2', 'r2', 'baseline_r2', 'r2_change', 'drift_threshold_r2'),
        ('level', 'total_off', 'baseline_total_off', 'level_change', 'drift_threshold_level'),
        ('level_against_rule', 'total_off', none, 'paired_level_change', 'drift_threshold_level'),
        ('order', 'normalized_gini', none, 'gini_change', none),
        ('order_against_rule', 'normalized_gini', none, 'paired_gini_change', 'drift_threshold_order'),
    ] -%}
        select
            cutoff,
            pred_months,
            window_end,
            model_id,
            status,
            verdict,
            '{{ name }}' as measure_name,
            {{ measure }} as measured,
            cast({{ baseline or 'null' }} as double) as baseline,
            {{ change }} as changed_by,
            {{ change }}_low as changed_by_low,
            {{ change }}_high as changed_by_high,
            cast({{ threshold or 'null' }} as double) as threshold
        from drift
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- Level moves either way, and its threshold is on the log scale; order is worse where it fell.
worse as (

    select
        *,
        case
            when measure_name like 'level%' then abs(ln(1 + changed_by))
            when measure_name like 'order%' then -changed_by
            else changed_by
        end as worse_by,
        case
            when measure_name like 'level%' then greatest(ln(1 + changed_by_low), -ln(1 + changed_by_high))
            when measure_name like 'order%' then -changed_by_high
            else changed_by_low
        end as surely_worse_by
    from measures

),

final as (

    select
        cutoff,
        pred_months,
        window_end,
        model_id,
        status,
        verdict,
        measure_name,
        measured,
        baseline,
        changed_by,
        changed_by_low,
        changed_by_high,
        threshold,
        case when status <> 'in_sample' then worse_by > threshold end as crossed,
        case when status <> 'in_sample' then surely_worse_by > threshold end as crossed_beyond_noise
    from worse

)

select * from final
