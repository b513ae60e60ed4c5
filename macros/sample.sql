{% macro clv_is_sampled(customer, share) -%}
  {#- SQL that is true for a fixed share of the customers: the first six hexadecimal digits of the
      hash of the id, which are as good as drawn by lot and the same on every engine and day. -#}
  {%- if share is string or share is not number or share is boolean or share <= 0 or share > 1 -%}
    {{ clv_fail('the var training_sample is ' ~ share ~ '; it takes a share of the customers above 0 and up to 1.') }}
  {%- endif -%}
  {%- set bound = '%06x' | format((share * 16 ** 6) | int) -%}
  {%- if share < 1 -%}
    substr(md5({{ customer }}), 1, 6) < '{{ bound }}'
  {%- else -%}
    1 = 1
  {%- endif -%}
{%- endmacro %}
