{#- Which batches this run scores. Every check of a cutoff stands here, before anything is
    computed: after the data, before it, nobody to score, labelled already. -#}
{%- do ref('int_clv__customer_days') -%}
{%- set cutoffs = clv_requested_cutoffs() -%}
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

windows as (

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

final as (

    select
        cutoff,
        history_months,
        pred_months,
        model_id,
        history_start,
        window_end,
        {{ dbt.datediff('cutoff', 'window_end', 'day') }} as pred_days,
        cutoff < labels_end as in_sample
    from windows
    {% if not var('rescore', false) %}
        where {{ clv_not_among(clv_labelled_batches(), 'cutoff', 'pred_months') }}
    {% endif %}

)

select * from final
