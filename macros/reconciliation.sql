{% macro clv_unreconciled_batches(comparison) -%}
{#- The labelled batches whose sum of actual_clv is not the sum of the kept rows of their customers
    in the window, straight from staging; `comparison` (=, <) picks batches labelled by this run or
    by earlier ones. -#}

with

labelled as (

    select
        cutoff,
        pred_months,
        customer_id,
        actual_clv,
        {{ clv_add_months('cutoff', 'pred_months') }} as window_end
    from {{ ref('clv_predictions_actual') }}
    where labelled_at {{ comparison }} {{ clv_run_time() }}

),

batches as (

    select
        cutoff,
        pred_months,
        sum(actual_clv) as actual_total
    from labelled
    group by cutoff, pred_months

),

spent as (

    select
        labelled.cutoff,
        labelled.pred_months,
        sum(transactions.amount) as spent_total
    from labelled
    inner join {{ ref('stg_clv__transactions') }} as transactions
        on
            labelled.customer_id = transactions.customer_id
            and transactions.order_date > labelled.cutoff
            and transactions.order_date <= labelled.window_end
    group by labelled.cutoff, labelled.pred_months

),

final as (

    select
        batches.cutoff,
        batches.pred_months,
        batches.actual_total,
        coalesce(spent.spent_total, 0) as spent_total
    from batches
    left join spent
        on
            batches.cutoff = spent.cutoff
            and batches.pred_months = spent.pred_months
    where batches.actual_total <> coalesce(spent.spent_total, 0)

)

select * from final

{%- endmacro %}
