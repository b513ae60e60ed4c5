{% macro clv_fail(message) -%}
  {#- Ends the run with one message that says the cause and the fix. Not while parsing, where dbt
      would end with the code for wrong usage before anything ran. -#}
  {%- if execute -%}{{ exceptions.raise_compiler_error('clv: ' ~ message) }}{%- endif -%}
{%- endmacro %}

{% macro clv_tell(message) -%}
  {#- Tells a person something that ends nothing: `clv` prints it, plain dbt warns. -#}
  {%- do exceptions.warn('clv: ' ~ message) -%}
{%- endmacro %}

{% macro clv_building() -%}
  {#- True while models are being built: checks that query upstream tables wait for that, so that
      `dbt parse`, `dbt compile` and `dbt docs generate` work on an empty database. -#}
  {{ return(execute and flags.WHICH in ['run', 'build']) }}
{%- endmacro %}

{% macro clv_first_row(query) -%}
  {{ return(run_query(query).rows[0]) }}
{%- endmacro %}
