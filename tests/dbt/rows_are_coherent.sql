-- The columns of one customer's prediction do not contradict each other. Rows returned name the rule
-- that they break.

with

scores as (

    select * from {{ ref('int_clv__scores') }}

),

windows as (

    select * from {{ ref('int_clv__scoring_windows') }}

),

broken as (

    select
        scores.*,
        case
            when scores.predicted_clv = 0 and scores.predicted_purchases > 0
                then 'purchases without spend'
            when scores.predicted_clv > 0 and scores.predicted_purchases = 0
                then 'spend without purchases'
            when scores.probability_purchase > scores.predicted_purchases
                then 'a purchase is likelier than purchases are many'
            when scores.probability_purchase > scores.probability_alive
                then 'a purchase is likelier than being alive'
            when scores.predicted_clv_lower > scores.predicted_clv
                then 'lower bound above the prediction'
            when scores.predicted_clv_upper > 0 and scores.predicted_clv_upper < scores.predicted_clv
                then 'upper bound below the prediction'
            when
                scores.predicted_clv_upper = 0
                and scores.predicted_clv > 0
                and scores.probability_purchase >= cast(0.5 as double)
                then 'upper bound of 0 where a purchase is likely'
            when
                scores.expected_next_purchase is null
                and scores.probability_purchase >= cast(0.5 as double)
                then 'no next purchase where one is likely'
            when
                scores.expected_next_purchase is not null
                and scores.probability_purchase < cast(0.5 as double)
                then 'a next purchase where none is likely'
            when
                scores.expected_next_purchase <= scores.cutoff
                or scores.expected_next_purchase > windows.window_end
                then 'next purchase outside of the prediction window'
        end as contradiction
    from scores
    inner join windows
        on
            scores.cutoff = windows.cutoff
            and scores.pred_months = windows.pred_months

),

final as (

    select * from broken
    where contradiction is not null

)

select * from final
