{% macro clv_home_path(name) -%}
  {#- A path below CLV_HOME, as SQL text. CLV_HOME defaults to the project root, which is where
      dbt stands while it runs. -#}
  {{ return(((env_var('CLV_HOME', '') or '.') ~ '/' ~ name) | replace("'", "''")) }}
{%- endmacro %}

{% macro clv_file_exists(path) -%}
  {{ return(clv_first_row("select count(*) from glob('" ~ path ~ "')")[0] > 0) }}
{%- endmacro %}

{% macro clv_model_config() -%}
  {#- config/model_config.yaml of the home as a dict; a home without one uses the project's. -#}
  {%- if not execute -%}{{ return({}) }}{%- endif -%}
  {%- set path = clv_home_path('config/model_config.yaml') -%}
  {%- if not clv_file_exists(path) -%}{%- set path = 'config/model_config.yaml' -%}{%- endif -%}
  {%- set config = fromyaml(clv_first_row("select content from read_text('" ~ path ~ "')")[0]) -%}
  {%- if config is not mapping -%}
    {{ clv_fail(path ~ ' is not YAML with sections. Restore it from the project, or from git.') }}
  {%- endif -%}
  {{ return(config) }}
{%- endmacro %}

{% macro clv_monitoring_threshold(name) -%}
  {#- A drift threshold from the config as a number of the SQL text. -#}
  {%- if not execute -%}{{ return('0') }}{%- endif -%}
  {%- set value = (clv_model_config().get('monitoring') or {}).get(name) -%}
  {%- if value is not number or value is boolean or not (value >= 0 and value < 1e6) -%}
    {{ clv_fail('config/model_config.yaml: monitoring.' ~ name ~ ' is ' ~ value ~ ', which is not a number of 0 or more. Set it, for example 0.20.') }}
  {%- endif -%}
  {{ return('cast(' ~ value ~ ' as double)') }}
{%- endmacro %}

{% macro clv_alert_on() -%}
  {#- What raises an alert by the config, as a text of the SQL: `verdict`, or every crossed `threshold`. -#}
  {%- if not execute -%}{{ return("'verdict'") }}{%- endif -%}
  {%- set value = (clv_model_config().get('monitoring') or {}).get('alert_on', 'verdict') -%}
  {%- if value not in ['verdict', 'threshold'] -%}
    {{ clv_fail("config/model_config.yaml: monitoring.alert_on is " ~ value ~ ", which is neither verdict nor threshold. Set one of them.") }}
  {%- endif -%}
  {{ return("'" ~ value ~ "'") }}
{%- endmacro %}
