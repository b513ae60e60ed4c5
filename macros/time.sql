{#- Time has one owner: this file. No model calls current_date or now(); dates come from the
    var `cutoff`, from data_through and from the windows. -#}

{% macro clv_valid_date(value, what) -%}
  {#- `value` as yyyy-mm-dd, or one clear error. YAML hands over unquoted dates as date objects,
      so a date, a timestamp at midnight and a string are all taken. -#}
  {%- set text = value | string | trim -%}
  {%- set text = text[:10] if text[10:] == ' 00:00:00' else text -%}
  {%- set problem = namespace(found=not modules.re.match('^\\d{4}-\\d{2}-\\d{2}$', text)) -%}
  {%- if not problem.found -%}
    {%- set year, month, day = text[:4] | int, text[5:7] | int, text[8:] | int -%}
    {%- if year < 1 or month < 1 or month > 12 or day < 1 -%}
      {%- set problem.found = true -%}
    {%- else -%}
      {%- set leap = (year % 4 == 0 and year % 100 != 0) or year % 400 == 0 -%}
      {%- set lengths = [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] -%}
      {%- set problem.found = day > lengths[month - 1] -%}
    {%- endif -%}
  {%- endif -%}
  {%- if problem.found -%}
    {{ clv_fail(what ~ " '" ~ value ~ "' is not a date of the calendar. Write it as yyyy-mm-dd, for example 2021-12-31.") }}
  {%- endif -%}
  {{ return(text) }}
{%- endmacro %}

{% macro clv_date_literal(value, what) -%}
  cast('{{ clv_valid_date(value, what) }}' as date)
{%- endmacro %}

{% macro clv_add_months(date, months) -%}
  {#- Calendar months: 31 January plus one month is the last day of February. -#}
  cast({{ dbt.dateadd('month', months, date) }} as date)
{%- endmacro %}

{% macro clv_each_number(limit) -%}
  {#- The numbers 1, 2, … up to, but without, `limit`, a row each. -#}
  {{ return(adapter.dispatch('clv_each_number', 'clv')(limit)) }}
{%- endmacro %}

{% macro default__clv_each_number(limit) -%}
  unnest(range(1, {{ limit }}))
{%- endmacro %}

{% macro spark__clv_each_number(limit) -%}
  explode(filter(sequence(1, {{ limit }}), n -> n < {{ limit }}))
{%- endmacro %}

{% macro clv_requested_cutoffs() -%}
  {#- The var `cutoff` as a list of yyyy-mm-dd without repeats; none where it is not set. -#}
  {%- set asked = var('cutoff', none) -%}
  {%- if asked is none or asked == '' -%}
    {{ return(none) }}
  {%- endif -%}
  {%- if asked is mapping or asked is boolean -%}
    {{ clv_fail("the var cutoff is neither a date nor a list of dates. Write --vars '{cutoff: 2021-12-31}' or --vars '{cutoff: [2021-11-30, 2021-12-31]}'.") }}
  {%- endif -%}
  {%- set values = asked if asked is iterable and asked is not string else [asked] -%}
  {%- set dates = [] -%}
  {%- for value in values -%}
    {%- set date = clv_valid_date(value, 'cutoff') -%}
    {%- if date not in dates -%}{%- do dates.append(date) -%}{%- endif -%}
  {%- endfor -%}
  {{ return(dates) }}
{%- endmacro %}

{% macro clv_run_time() -%}
  {#- When this run started (UTC), the only clock that a model writes down. -#}
  cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f") }}' as timestamp)
{%- endmacro %}
