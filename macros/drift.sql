{% macro clv_drift_limit(name) -%}
{#- The numbers that verdicts and early signs rest on, each named here alone. -#}
{{ {
    'errors': 2.326,
    'paired_errors': 1.96,
    'buyers': 30,
    'level': 0.10,
    'order': 0.02,
    'total': 0.05,
    'purchases': 0.20,
    'population': 0.25,
    'customers': 200,
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

{% macro clv_drift_signs() -%}
{#- What can be said of a matured batch, each sign true or false, from the columns of
    int_clv__drift_changes. What is undefined is no sign.

    - Level: against the naive rule on the same customers, the model's total moved by more than 10 %
      beyond noise, it is the model that moved, and its total is off by more than 5 % and not clearly
      closer to what was spent than at training.
    - Order: the normalized Gini fell by more than 0.02 against that of the rule, beyond noise.
    - Spend: the totals of both moved by more than 10 % against what was spent, beyond noise and the
      same way. -#}
{%- set level, order, total = clv_drift_limit('level'), clv_drift_limit('order'), clv_drift_limit('total') -%}
    coalesce(least(buyers, baseline_buyers), 0) >= {{ clv_drift_limit('buyers') }} as enough_buyers,
    coalesce(rmse_change > drift_threshold_rmse, false)
    or coalesce(r2_change > drift_threshold_r2, false) as is_crossed,
    coalesce(rmse_change_low > drift_threshold_rmse, false)
    or coalesce(r2_change_low > drift_threshold_r2, false) as is_crossed_beyond_noise,
    coalesce(
        (paired_bias_low > {{ level }} or paired_bias_high < -{{ level }})
        and abs(bias_change) > abs(naive_bias_change)
        and (bias_low > 0 or bias_high < 0)
        and abs(total_bias) > {{ total }}
        and abs(total_bias) > abs(baseline_bias) - {{ total }},
        false
    ) as level_lost,
    coalesce(paired_gini_high < -{{ order }} and gini_change < 0, false) as order_lost,
    coalesce(bias_low > {{ level }} and naive_bias_low > {{ level }}, false) as spend_fell,
    coalesce(bias_high < -{{ level }} and naive_bias_high < -{{ level }}, false) as spend_rose,
    coalesce(2 * naive_log_rmse_change > log_rmse_change, false) as rule_suffered
{%- endmacro %}

{% macro clv_drift_reason() -%}
{#- Why a batch has its verdict, from the signs; null where nothing is to be said. The order is that
    of what is surest: too few buyers in either group make figures of spend say nothing, what is
    paired with the naive rule is steadier than a total, and a total than an error. -#}
case
    when in_sample then 'in_sample'
    when rmse_change is null and r2_change is null then 'no_baseline'
    when not enough_buyers and is_crossed then 'few_buyers'
    when not enough_buyers then null
    when level_lost and order_lost then 'level_and_order_lost'
    when level_lost then 'level_lost'
    when order_lost then 'order_lost'
    when spend_fell then 'spend_fell'
    when spend_rose then 'spend_rose'
    when is_crossed_beyond_noise and rule_suffered then 'error_rose_alike'
    when is_crossed_beyond_noise then 'error_rose'
    when is_crossed then 'inside_noise'
end
{%- endmacro %}

{% macro clv_drift_verdict() -%}
{#- The verdict that a reason stands for. -#}
case
    when verdict_reason is null then 'ok'
    when verdict_reason in ('few_buyers', 'inside_noise') then 'watch'
    when verdict_reason in ('level_and_order_lost', 'level_lost', 'order_lost', 'error_rose') then 'model_decay'
    when verdict_reason in ('spend_fell', 'spend_rose', 'error_rose_alike') then 'population_shift'
    else verdict_reason
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
