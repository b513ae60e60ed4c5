{% macro clv_drift_limit(name) -%}
{#- The numbers that verdicts, early signs and nowcasts rest on, each named here alone. -#}
{{ {
    'errors': 2.326,
    'paired_errors': 1.96,
    'buyers': 30,
    'level': 0.10,
    'order': 0.02,
    'total': 0.0953,
    'surely': 0.15,
    'slightly': 0.05,
    'far': 0.40,
    'surely_off': 0.223,
    'collapse': 0.5,
    'expected_buyers': 200,
    'purchases': 0.20,
    'population': 0.25,
    'customers': 200,
    'most': 1.2816,
}[name] }}
{%- endmacro %}

{% macro clv_drift_intervals() -%}
{#- Changes and their intervals, from change and error of each measure. 98 % (2.326 errors), and
    95 % (1.96) for the steadiest, which are paired with the naive rule or the order of customers.
    RMSE on its log scale; bias is log(predicted total / actual total), so that 0.10 is some 10 %. -#}
{%- set errors, paired = clv_drift_limit('errors'), clv_drift_limit('paired_errors') -%}
    (1 + rmse_change) * exp(-{{ errors }} * log_rmse_error) - 1 as rmse_change_low,
    (1 + rmse_change) * exp({{ errors }} * log_rmse_error) - 1 as rmse_change_high,
    r2_change - {{ errors }} * r2_error / coalesce(nullif(abs(baseline_r2), 0), 1) as r2_change_low,
    r2_change + {{ errors }} * r2_error / coalesce(nullif(abs(baseline_r2), 0), 1) as r2_change_high,
    bias_change - {{ errors }} * bias_error as bias_low,
    bias_change + {{ errors }} * bias_error as bias_high,
    naive_bias_change - {{ errors }} * naive_bias_error as naive_bias_low,
    naive_bias_change + {{ errors }} * naive_bias_error as naive_bias_high,
    paired_bias_change - {{ paired }} * paired_bias_error as paired_bias_low,
    paired_bias_change + {{ paired }} * paired_bias_error as paired_bias_high,
    gini_change - {{ paired }} * gini_error as gini_low,
    gini_change + {{ paired }} * gini_error as gini_high,
    paired_gini_change - {{ paired }} * paired_gini_error as paired_gini_low,
    paired_gini_change + {{ paired }} * paired_gini_error as paired_gini_high
{%- endmacro %}

{% macro clv_drift_truth() -%}
{#- What the batch came to, true or false, null where that cannot be told: is its total, its order
    and its error good enough to act on? Held against what happened alone, whatever training said. -#}
{%- set errors, paired = clv_drift_limit('errors'), clv_drift_limit('paired_errors') -%}
    case
        when actual_total <= 0 and predicted_total > 0 then false
        when abs(total_bias) <= {{ clv_drift_limit('total') }} then true
        when abs(total_bias) - {{ errors }} * bias_error > {{ clv_drift_limit('total') }} then false
    end as total_is_good,
    case
        when normalized_gini - {{ paired }} * gini_error > 0 then true
        when normalized_gini + {{ paired }} * gini_error <= 0 then false
    end as order_is_good,
    case
        when r2 - {{ errors }} * r2_error > 0 then true
        when r2 + {{ errors }} * r2_error <= 0 then false
    end as error_is_good
{%- endmacro %}

{% macro clv_drift_signs() -%}
{#- What can be said of a matured batch, each sign true or false, from the columns of
    int_clv__drift_changes. What is undefined is no sign.

    - Buying collapsed: fewer than half of the buyers that were expected, beyond chance, and less than
      half of the share that bought at training.
    - Total far off: by more than 40 % where 200 buyers or more were expected; or by more than 25 %
      beyond noise, and not closer to what was spent than at training.
    - No better: the total is not closer to what was spent than at training, by more than the error.
    - Level: against the naive rule on the same customers, the model's total moved by more than 10 %
      beyond noise, it is the model that moved, its total is off by more than 10 % and no better; or
      it moved by more than 15 % while the rule stayed, and is off by more than 5 % and no better.
    - Order: the normalized Gini fell beyond its own noise, and by more than 0.02 against that of the
      rule, beyond noise.
    - Spend: the totals of both moved by more than 10 % against what was spent, beyond noise and the
      same way, and the model's is off by more than 10 % and no better.
    - Error worse: a threshold is crossed beyond noise, and the other measure of error is no better. -#}
{%- set level, order, total = clv_drift_limit('level'), clv_drift_limit('order'), clv_drift_limit('total') -%}
{%- set errors, far, half = clv_drift_limit('errors'), clv_drift_limit('far'), clv_drift_limit('collapse') -%}
{%- set surely, slightly = clv_drift_limit('surely'), clv_drift_limit('slightly') -%}
{%- set no_better -%}
    abs(total_bias) > abs(coalesce(baseline_bias, 0)) - bias_error
{%- endset -%}
    greatest(coalesce(buyers, 0), coalesce(expected_buyers, 0)) >= {{ clv_drift_limit('buyers') }}
    and coalesce(baseline_buyers, 0) >= {{ clv_drift_limit('buyers') }} as enough_buyers,
    coalesce(rmse_change > drift_threshold_rmse, false) as rmse_crossed,
    coalesce(r2_change > drift_threshold_r2, false) as r2_crossed,
    coalesce(
        expected_buyers >= {{ clv_drift_limit('buyers') }}
        and buyers + {{ errors }} * sqrt(expected_buyers) < {{ half }} * expected_buyers
        and cast(buyers as double) / customers < {{ half }} * coalesce(
            cast(baseline_buyers as double) / baseline_customers, 1
        ),
        false
    ) as buying_collapsed,
    coalesce(
        expected_buyers >= {{ clv_drift_limit('expected_buyers') }}
        and case
            when actual_total > 0 then abs(predicted_total / actual_total - 1) > {{ far }}
            else predicted_total > 0
        end,
        false
    )
    or coalesce(
        abs(total_bias) - {{ errors }} * bias_error > {{ clv_drift_limit('surely_off') }} and {{ no_better }},
        false
    ) as total_far_off,
    coalesce(2 * naive_total_bias * sign(total_bias) > abs(total_bias), false)
    or coalesce(actual_total <= 0 and naive_total > 0, false) as rule_is_off,
    coalesce(
        paired_bias_change * total_bias > 0
        and {{ no_better }}
        and (
            (paired_bias_low > {{ level }} or paired_bias_high < -{{ level }})
            and abs(bias_change) > abs(naive_bias_change)
            and (bias_low > 0 or bias_high < 0)
            and bias_change * total_bias > 0
            and abs(total_bias) > {{ total }}
            or (paired_bias_low > {{ surely }} or paired_bias_high < -{{ surely }})
            and abs(naive_bias_change) <= {{ errors }} * naive_bias_error
            and abs(total_bias) > {{ slightly }}
        ),
        false
    ) as level_lost,
    coalesce(paired_gini_high < -{{ order }} and gini_high < 0, false) as order_lost,
    coalesce(
        bias_low > {{ level }} and naive_bias_low > {{ level }} and total_bias > {{ total }} and {{ no_better }}, false
    ) as spend_fell,
    coalesce(
        bias_high < -{{ level }} and naive_bias_high < -{{ level }} and total_bias < -{{ total }} and {{ no_better }}, false
    ) as spend_rose,
    coalesce(rmse_change_low > drift_threshold_rmse, false)
    or coalesce(r2_change_low > drift_threshold_r2, false) as is_crossed_beyond_noise,
    coalesce(rmse_change < 0, false) or coalesce(r2_change < 0, false) as is_better_otherwise,
    coalesce(2 * naive_log_rmse_change > log_rmse_change, false) as rule_suffered,
    coalesce(
        abs(naive_total_bias - naive_bias_a_year_ago) <= {{ errors }} * naive_bias_error
        and 2 * abs(naive_total_bias - naive_bias_a_year_ago) < abs(naive_bias_change),
        false
    ) as season_is_known
{%- endmacro %}

{% macro clv_drift_reason() -%}
{#- Why a batch has its verdict, from the signs; null where nothing is to be said. What is plain
    against the truth comes first, also where there is nothing to compare with; then that of what is
    surest: what is paired with the naive rule is steadier than a total, and a total than an error. -#}
case
    when in_sample then 'in_sample'
    when buying_collapsed then 'buying_collapsed'
    when total_far_off and rule_is_off then 'total_far_off_alike'
    when total_far_off then 'total_far_off'
    when rmse_change is null and r2_change is null then 'no_baseline'
    when not enough_buyers and (rmse_crossed or r2_crossed) then 'few_buyers'
    when not enough_buyers then null
    when level_lost and order_lost then 'level_and_order_lost'
    when level_lost then 'level_lost'
    when order_lost then 'order_lost'
    when (spend_fell or spend_rose) and season_is_known then 'season_as_known'
    when spend_fell then 'spend_fell'
    when spend_rose then 'spend_rose'
    when is_crossed_beyond_noise and is_better_otherwise then 'better_otherwise'
    when is_crossed_beyond_noise and rule_suffered and season_is_known then 'season_as_known'
    when is_crossed_beyond_noise and rule_suffered then 'error_rose_alike'
    when is_crossed_beyond_noise then 'error_rose'
    when rmse_crossed or r2_crossed then 'inside_noise'
end
{%- endmacro %}

{% macro clv_drift_verdict() -%}
{#- The verdict that a reason stands for. -#}
case
    when verdict_reason is null then 'ok'
    when verdict_reason in ('few_buyers', 'inside_noise', 'better_otherwise', 'season_as_known') then 'watch'
    when
        verdict_reason in ('total_far_off', 'level_and_order_lost', 'level_lost', 'order_lost', 'error_rose')
        then 'model_decay'
    when
        verdict_reason in (
            'buying_collapsed', 'total_far_off_alike', 'spend_fell', 'spend_rose', 'error_rose_alike'
        )
        then 'population_shift'
    else verdict_reason
end
{%- endmacro %}

{% macro clv_drift_gravity() -%}
{#- How grave an alarming reason is: an alert that stands escalates when it becomes graver. -#}
case
    when verdict_reason = 'buying_collapsed' then 4
    when verdict_reason in ('total_far_off', 'total_far_off_alike') then 3
    when verdict_reason = 'level_and_order_lost' then 2
    else 1
end
{%- endmacro %}

{% macro clv_early_flag() -%}
{#- Which signs an open batch gives, as text; empty without any. Purchases count when they are off
    by more than 20 % beyond noise; a population when its predictions are spread as another one's
    (PSI above 0.25). Features that moved explain a sign and are none of their own: a cohort ages. -#}
{%- set errors, purchases = clv_drift_limit('errors'), clv_drift_limit('purchases') -%}
case
    when purchase_ratio + {{ errors }} * purchase_ratio_error < 1 - {{ purchases }} then 'fewer purchases than expected'
    when purchase_ratio - {{ errors }} * purchase_ratio_error > 1 + {{ purchases }} then 'more purchases than expected'
    when psi_predicted_clv > {{ clv_drift_limit('population') }} then 'predictions are spread unlike those of training'
end
{%- endmacro %}
