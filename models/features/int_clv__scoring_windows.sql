{#- Which batches this run scores. Every check of a cutoff stands here, before anything is
    computed: after the data, before it, nobody to score, labelled already. -#}
{%- do ref('int_clv__customer_days') -%}
{%- set cutoffs = clv_requested_cutoffs() -%}
{%- set accepts = clv_names_cutoff(var('accept_batch', false), 'accept_batch', 'windows.cutoff') -%}
{%- if clv_building() -%}
    {%- do clv_check_cutoffs(cutoffs) -%}
{%- endif -%}

with

champion as (

    select * from {{ ref('stg_clv__champion_manifest') }}
    where is_champion

),

log_days as (

    select * from {{ ref('int_clv__log_days') }}

),

cutoffs as (

    {% if cutoffs is none %}
        select data_through as cutoff from log_days
    {% elif cutoffs | length == 0 %}
        select data_through as cutoff from log_days
        where 1 = 0
    {% else %}
        {% for cutoff in cutoffs %}
            select {{ clv_date_literal(cutoff, 'cutoff') }} as cutoff
            {% if not loop.last %}union all{% endif %}
        {% endfor %}
    {% endif %}

),

spans as (

    select
        cutoffs.cutoff,
        champion.history_months,
        champion.pred_months,
        champion.model_id,
        champion.labels_end,
        {{ clv_add_months('cutoffs.cutoff', '-champion.history_months') }} as history_start,
        {{ clv_add_months('cutoffs.cutoff', 'champion.pred_months') }} as window_end
    from cutoffs
    cross join champion

),

windows as (

    select
        *,
        {{ dbt.datediff('cutoff', 'window_end', 'day') }} as pred_days
    from spans

),

accepted as (

    select * from ({{ clv_accepted_batches() }}) as accepted_batches

),

-- What a person accepted in the year before is part of the past that explains a batch.
known as (

    select
        windows.cutoff,
        windows.pred_months,
        max(case when accepted.cutoff = windows.cutoff then accepted.predicted_total end) as accepted_total,
        min(case when accepted.cutoff < windows.cutoff then accepted.spend_rate end) as accepted_rate_least,
        max(case when accepted.cutoff < windows.cutoff then accepted.spend_rate end) as accepted_rate_most
    from windows
    inner join accepted
        on
            windows.pred_months = accepted.pred_months
            and windows.cutoff >= accepted.cutoff
            and {{ clv_add_months('windows.cutoff', '-12') }} <= accepted.cutoff
    group by windows.cutoff, windows.pred_months

),

final as (

    select
        windows.cutoff,
        windows.history_months,
        windows.pred_months,
        windows.model_id,
        windows.history_start,
        windows.window_end,
        windows.pred_days,
        windows.cutoff < windows.labels_end as in_sample,
        {{ accepts }} as is_accepted,
        known.accepted_total,
        known.accepted_rate_least,
        known.accepted_rate_most
    from windows
    left join known
        on
            windows.cutoff = known.cutoff
            and windows.pred_months = known.pred_months
    {% if not var('rescore', false) %}
        where {{ clv_not_among(clv_labelled_batches(), 'windows.cutoff', 'windows.pred_months') }}
    {% endif %}

)

select * from final
