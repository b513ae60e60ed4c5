-- Batches whose verdict is an alert. Warns, unless CLV_DRIFT_SEVERITY says error: then the build
-- fails while an alert stands.
{{ config(severity=env_var('CLV_DRIFT_SEVERITY', 'warn')) }}

with

drift as (

    select * from {{ ref('clv_drift') }}

),

final as (

    select
        cutoff,
        pred_months,
        verdict
    from drift
    where status = 'alert'

)

select * from final
