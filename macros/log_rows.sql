{#- Which rows of the log count, and in which currency: what the vars say about status and rates. -#}

{% macro clv_text_list(name) -%}
  {#- The var `name` as a list of trimmed texts in lower case; none where it is not set. -#}
  {%- set asked = clv_log_setting(name) -%}
  {%- if asked is none or asked == '' or (asked is iterable and asked is not string and asked is not mapping and asked | length == 0) -%}
    {{ return(none) }}
  {%- endif -%}
  {%- if asked is mapping or asked is boolean -%}
    {{ clv_fail('the var ' ~ name ~ ' is ' ~ asked ~ ", not a text or a list of texts. Write --vars '{" ~ name ~ ": [completed, shipped]}'.") }}
    {{ return(none) }}
  {%- endif -%}
  {%- set values = [] -%}
  {%- for value in (asked if asked is iterable and asked is not string else [asked]) -%}
    {#- as the engine lowers it: of the capital i with a dot it makes an i -#}
    {%- do values.append(value | string | trim | replace('İ', 'i') | lower) -%}
  {%- endfor -%}
  {{ return(values) }}
{%- endmacro %}

{% macro clv_status_left_out(column) -%}
  {#- A condition that is true where the status of a row is not to be read (`keep_status`,
      `drop_status`), upper and lower case alike. -#}
  {%- set keep, drop = clv_text_list('keep_status'), clv_text_list('drop_status') -%}
  {%- if keep is none and drop is none -%}{{ return('1 = 0') }}{%- endif -%}
  {%- if keep is not none and drop is not none -%}
    {{ clv_fail('the vars keep_status and drop_status say the same from two sides; give one of them.') }}
  {%- elif execute and clv_mapped_columns().status is none -%}
    {{ clv_fail('the var ' ~ ('drop_status' if keep is none else 'keep_status') ~ " is given, but no column is mapped to status. Add it to the var columns: --vars '{columns: {status: …}}'.") }}
  {%- endif -%}
  {%- set literals = [] -%}
  {%- for value in (drop if keep is none else keep) -%}
    {%- do literals.append("'" ~ value | replace("'", "''") ~ "'") -%}
  {%- endfor -%}
  {%- set among = 'lower(' ~ column ~ ') in (' ~ literals | join(', ') ~ ')' -%}
  {{ return(among if keep is none else 'not coalesce(' ~ among ~ ', 1 = 0)') }}
{%- endmacro %}

{% macro clv_exchange_rates() -%}
  {#- The rates of the var `exchange_rates` as a dict: a relation with a row per currency and day
      (currency, valid_on, rate), and its first and last day. Days before and after have the rates of
      these. None where amounts are not converted. -#}
  {%- set location = (clv_log_setting('exchange_rates') or '') | string | trim -%}
  {%- if location == '' or not execute -%}{{ return(none) }}{%- endif -%}
  {%- if clv_mapped_columns().currency is none -%}
    {{ clv_fail("the var exchange_rates is given, but no column is mapped to currency. Add it to the var columns: --vars '{columns: {currency: …}}'.") }}
  {%- endif -%}
  {%- set request = {'location': location, 'currency': clv_log_setting('currency')} -%}
  {%- if clv_log_form(location) == 'table' -%}
    {%- set rows = [] -%}
    {%- set table = clv_existing_table(location, 'the var exchange_rates') -%}
    {%- set listed = [] -%}
    {%- for name in ['currency', 'rate', 'valid_from'] -%}
      {%- do listed.append('cast(' ~ (name if name in clv_described_columns('select * from ' ~ table) else 'null') ~ ' as ' ~ dbt.type_string() ~ ')') -%}
    {%- endfor -%}
    {%- for row in run_query('select ' ~ listed | join(', ') ~ ' from ' ~ table).rows -%}
      {%- do rows.append([row[0], row[1], row[2]]) -%}
    {%- endfor -%}
    {%- do request.update({'rows': rows}) -%}
  {%- endif -%}
  {%- set answer = clv_asked('clv_exchange_rates', request) -%}
  {{ return({
    'relation': 'clv_exchange_rates',
    'first_day': clv_date_literal(answer.first_day, 'valid_from'),
    'last_day': clv_date_literal(answer.last_day, 'valid_from'),
  }) }}
{%- endmacro %}
