{% macro clv_drift_verdict() -%}
{#- The verdict on one matured batch, from the columns of clv_drift's CTE `intervals`. Plain SQL, so
    that `benchmarks/monitor.py` runs the very same text. The order is that of what is surest.

    1. Too few buyers in either group: figures of spend say nothing.
    2. Against the naive rule on the same customers, the model's total moved by more than 10 % beyond
       noise, it is the model that moved, and its total is off by more than 5 % and not clearly
       closer to what was spent than at training: decay. Or it lost order: the normalized Gini fell
       by more than 0.02 against that of the rule, beyond noise.
    3. Both totals moved by more than 10 % against what was spent, beyond noise and the same way:
       the level of spend moved, which is the world's doing.
    4. A threshold is crossed beyond noise: a shift where the naive rule's RMSE rose at least half
       as much, decay where it did not.
    5. A threshold is crossed inside the noise: watch. -#}
case
    when in_sample then 'in_sample'
    when rmse_change is null and r2_change is null then 'no_baseline'
    when not (rmse_change > drift_threshold_rmse or r2_change > drift_threshold_r2) and not enough_buyers then 'ok'
    when not enough_buyers then 'watch'
    when
        (paired_bias_low > 0.10 or paired_bias_high < -0.10)
        and abs(bias_change) > abs(naive_bias_change)
        and (bias_low > 0 or bias_high < 0)
        and abs(total_bias) > 0.05
        and abs(total_bias) > abs(baseline_bias) - 0.05
        then 'model_decay'
    when paired_gini_high < -0.02 and gini_change < 0 then 'model_decay'
    when
        (bias_low > 0.10 and naive_bias_low > 0.10) or (bias_high < -0.10 and naive_bias_high < -0.10)
        then 'population_shift'
    when
        (rmse_change_low > drift_threshold_rmse or r2_change_low > drift_threshold_r2)
        and 2 * naive_log_rmse_change > log_rmse_change
        then 'population_shift'
    when rmse_change_low > drift_threshold_rmse or r2_change_low > drift_threshold_r2 then 'model_decay'
    when rmse_change > drift_threshold_rmse or r2_change > drift_threshold_r2 then 'watch'
    else 'ok'
end
{%- endmacro %}

{% macro clv_drift_intervals() -%}
{#- Changes and their intervals, from change and error of each measure. 98 % (2.326 errors), and
    95 % (1.96) for the steadiest, which are paired with the naive rule or the order of customers.
    RMSE on its log scale; bias is log(predicted total / actual total), so that 0.10 is some 10 %. -#}
    (1 + rmse_change) * exp(-2.326 * log_rmse_error) - 1 as rmse_change_low,
    (1 + rmse_change) * exp(2.326 * log_rmse_error) - 1 as rmse_change_high,
    r2_change - 2.326 * r2_error / coalesce(nullif(abs(baseline_r2), 0), 1) as r2_change_low,
    r2_change + 2.326 * r2_error / coalesce(nullif(abs(baseline_r2), 0), 1) as r2_change_high,
    bias_change - 2.326 * bias_error as bias_low,
    bias_change + 2.326 * bias_error as bias_high,
    naive_bias_change - 2.326 * naive_bias_error as naive_bias_low,
    naive_bias_change + 2.326 * naive_bias_error as naive_bias_high,
    paired_bias_change - 1.96 * paired_bias_error as paired_bias_low,
    paired_bias_change + 1.96 * paired_bias_error as paired_bias_high,
    gini_change - 1.96 * gini_error as gini_low,
    gini_change + 1.96 * gini_error as gini_high,
    paired_gini_change - 1.96 * paired_gini_error as paired_gini_low,
    paired_gini_change + 1.96 * paired_gini_error as paired_gini_high,
    coalesce(least(buyers, baseline_buyers), 0) >= 30 as enough_buyers
{%- endmacro %}

{% macro clv_early_flag() -%}
{#- Which signs an open batch gives, as text; empty without any. Purchases count when they are off
    by more than 20 % beyond noise; a population when its predictions are spread as another one's
    (PSI above 0.25). Features that moved explain a sign and are none of their own: a cohort ages. -#}
case
    when purchase_ratio + 2.326 * purchase_ratio_error < 0.80 then 'fewer purchases than expected'
    when purchase_ratio - 2.326 * purchase_ratio_error > 1.20 then 'more purchases than expected'
    when psi_predicted_clv > 0.25 then 'predictions are spread unlike those of training'
end
{%- endmacro %}
