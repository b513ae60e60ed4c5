{#- The nowcast: what an open batch will have come to at the end of its window, from the columns of
    `clv_nowcast`. Errors are those of logs. -#}

{% macro clv_nowcast_unknown() -%}
{#- Why nothing can be said of an open batch yet, in a word; null where something can. -#}
case
    when predicted_total <= 0 then 'nothing_predicted'
    when coalesce(expected_buyers, 0) < {{ clv_drift_limit('buyers') }} then 'few_buyers'
    when horizon_days < 3 or coalesce(expected_purchases, 0) < 10 then 'too_early'
    when coalesce(expected_share, 0) <= 0 or expected_share >= 1 or level_noise is null then 'no_course'
end
{%- endmacro %}

{% macro clv_nowcast_evidence() -%}
{#- How far spend so far is from what was expected by now, how much of that is chance among customers,
    and how sure the prediction was of itself. (Nearly) no spend counts as a hundredth of the expected. -#}
    expected_share * predicted_total as expected_so_far,
    ln(greatest(spent / (expected_share * predicted_total), 0.01)) as level,
    coalesce(least(squared_spent / nullif(spent * spent, 0), 0.49), 0.49) as chance,
    ln(predicted_total_upper / predicted_total) / {{ clv_drift_limit('most') }} as own_error
{%- endmacro %}

{% macro clv_nowcast_witnesses() -%}
{#- The variances of two witnesses of the rest of the window: the prediction, which is taken to be no
    surer than 0.4, and spend so far, by chance and by what one stretch of the log says of the next. -#}
    power(greatest(own_error, 0.4), 2) as prior_variance,
    chance + level_noise * level_noise as level_variance
{%- endmacro %}

{% macro clv_nowcast_rest() -%}
{#- Spend in the rest of the window, the witnesses weighed by their precision, with its error; and what
    it is at least and at most, with 98 %, where spend goes on as it has. -#}
{%- set expected_rest = '(1 - expected_share) * predicted_total' -%}
{%- set errors = clv_drift_limit('errors') -%}
    {{ expected_rest }} * exp(level * prior_variance / (prior_variance + level_variance)) as rest,
    sqrt(
        prior_variance * level_variance / (prior_variance + level_variance)
        + least(chance * expected_share / (1 - expected_share), 1)
    ) as rest_error,
    {{ expected_rest }} * exp(level - {{ errors }} * sqrt(level_variance)) as rest_at_least,
    {{ expected_rest }} * exp(level + {{ errors }} * sqrt(level_variance)) as rest_at_most
{%- endmacro %}

{% macro clv_nowcast_ends() -%}
{#- The ends of the 80 % interval of the rest; the width, as a log, that the total may have: that of
    the batch's own interval, less and less as the window passes; and whether the prediction can
    hardly come true: spend that goes on as it has would end more than 25 % beside it. -#}
{%- set most, off = clv_drift_limit('most'), clv_drift_limit('surely_off') -%}
    rest * exp(-{{ most }} * rest_error) as rest_low,
    rest * exp({{ most }} * rest_error) as rest_high,
    2 * {{ most }} * own_error * sqrt(1 - window_share) as widest,
    spent + rest_at_most < predicted_total * exp(-{{ off }})
    or spent + rest_at_least > predicted_total * exp({{ off }}) as is_implausible
{%- endmacro %}

{% macro clv_nowcast_narrowed(end) -%}
{#- An end of the total's interval, `low` or `high`, drawn towards the estimate where it is too wide. -#}
case
    when spent + rest_low > 0 and widest < ln((spent + rest_high) / (spent + rest_low))
        then (spent + rest) * power(
            (spent + rest_{{ end }}) / (spent + rest),
            widest / ln((spent + rest_high) / (spent + rest_low))
        )
    else spent + rest_{{ end }}
end
{%- endmacro %}
