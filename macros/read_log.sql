{#- How the transaction log is found and read. What differs between engines (reading a file,
    describing a query, parsing a date) is dispatched here and nowhere else. -#}

{% macro clv_log_setting(name) -%}
  {#- What the var `name` says of the log, else the key of that name in the section `log` of the home's
      config; none where neither says anything. While parsing only vars are known. -#}
  {%- set given = var(name, none) -%}
  {%- if given is not none or not execute -%}{{ return(given) }}{%- endif -%}
  {{ return(clv_home_log().get(name)) }}
{%- endmacro %}

{% macro clv_home_log() -%}
  {#- The section `log` of the home's config as a dict, its paths whole. -#}
  {%- set log = fromjson(clv_plugin_answer('clv_home_log', '')) -%}
  {%- if 'error' in log -%}{{ clv_fail(log.error) }}{%- endif -%}
  {{ return(log) }}
{%- endmacro %}

{% macro clv_log_location() -%}
  {#- Where the log is: CLV_TRANSACTIONS, else the var, else the home's config, else an empty string. -#}
  {{ return((env_var('CLV_TRANSACTIONS', '') or clv_log_setting('transactions') or '') | string | trim) }}
{%- endmacro %}

{% macro clv_log_relation() -%}
  {#- The log as something that stands behind `from`. Fails with the fix where there is none. -#}
  {%- set location = clv_log_location() if execute else '' -%}
  {%- if location == '' and execute and flags.WHICH in ['run', 'build', 'test'] -%}
    {{ clv_fail(clv_plugin_answer('clv_unnamed_log', '')) }}
  {%- endif -%}
  {%- if location == '' -%}
    {{ return('(select 1) as not_read') }}
  {%- endif -%}
  {%- do clv_say_what_wins() -%}
  {%- set form = clv_log_form(location) -%}
  {%- if form in ['csv', 'parquet'] -%}
    {{ return(adapter.dispatch('clv_read_files', 'clv')(location, form)) }}
  {%- elif form == 'table' -%}
    {{ return(adapter.dispatch('clv_existing_table', 'clv')(location)) }}
  {%- else -%}
    {{ clv_fail("the transaction log '" ~ location ~ "' is neither a file or glob that ends in .csv, .tsv or .parquet (.gz and .zst behind them are read too), nor a table written schema.table.") }}
  {%- endif -%}
{%- endmacro %}

{% macro clv_say_what_wins() -%}
  {#- One line about what stands in place of the home's config; `clv` says it itself. -#}
  {%- set home_log = clv_home_log() -%}
  {%- set winners = [] -%}
  {%- if env_var('CLV_TRANSACTIONS', '') and 'transactions' in home_log -%}
    {%- do winners.append('CLV_TRANSACTIONS') -%}
  {%- endif -%}
  {%- for name in home_log if var(name, none) is not none -%}{%- do winners.append('the var ' ~ name) -%}{%- endfor -%}
  {%- if winners -%}
    {%- do log(winners | join(' and ') ~ " in place of what section log of the home's config says", info=true) -%}
  {%- endif -%}
{%- endmacro %}

{% macro clv_log_form(location) -%}
  {#- What the location names: csv or parquet files, a table, or unknown. -#}
  {{ return(clv_plugin_answer('clv_log_form', location)) }}
{%- endmacro %}

{% macro clv_plugin_answer(function, question) -%}
  {#- What a function of the plugin clv.project.dbt_plugin answers. Without the plugin nothing is read:
      expressions that people wrote would reach the engine unchecked. -#}
  {{ return(adapter.dispatch('clv_plugin_answer', 'clv')(function, question)) }}
{%- endmacro %}

{% macro default__clv_plugin_answer(function, question) -%}
  {%- if clv_first_row("select count(*) from duckdb_functions() where function_name = '" ~ function ~ "'")[0] == 0 -%}
    {{ clv_fail("the plugin that checks how the transaction log is read is not loaded. Add it to the profile, below outputs: `plugins: [{module: clv.project.dbt_plugin}]`, as in profiles.yml of this project.") }}
  {%- endif -%}
  {{ return(clv_first_row('select ' ~ function ~ "('" ~ question | replace("'", "''") ~ "')")[0]) }}
{%- endmacro %}

{% macro default__clv_read_files(location, form) -%}
  {#- CSV comes in as text, so that leading zeros survive and one bad cell is one rejected row,
      not a failed run. -#}
  {%- set path = "'" ~ location | replace("'", "''") ~ "'" -%}
  {%- if clv_plugin_answer('clv_log_is_hidden', location) == 'yes' -%}
    {#- An address with secrets: dbt does not see it, the plugin hands it to the engine. -#}
    {%- set path = "getvariable('clv_log_location')" -%}
  {%- endif -%}
  {%- if clv_first_row("select count(*) from glob(" ~ path ~ ")")[0] == 0 -%}
    {{ clv_fail("no file matches the transaction log '" ~ location ~ "'. Give its path or glob (CSV or Parquet): the config takes a relative path from its own folder, `clv` from where it is called, `dbt` from the project's folder.") }}
  {%- endif -%}
  {%- if form == 'csv' and clv_first_row("select coalesce(sum(size), 0) from read_blob(" ~ path ~ ")")[0] == 0 -%}
    {{ clv_fail("the transaction log '" ~ location ~ "' is empty: it has not even a header line.") }}
  {%- endif -%}
  {{ return(clv_plugin_answer('clv_log_reader', location)) }}
{%- endmacro %}

{% macro spark__clv_read_files(location, form) -%}
  {%- if form == 'parquet' -%}
    {{ return('parquet.`' ~ location ~ '`') }}
  {%- endif -%}
  {{ return("read_files('" ~ location ~ "', format => 'csv', header => true, inferSchema => false)") }}
{%- endmacro %}

{% macro default__clv_existing_table(location) -%}
  {%- set parts = location.split('.') -%}
  {%- set database = parts[0] if parts | length == 3 else target.database -%}
  {%- set relation = adapter.get_relation(database, parts[-2], parts[-1]) -%}
  {%- if relation is none -%}
    {{ clv_fail("the transaction log '" ~ location ~ "' names no table or view of the database " ~ target.database ~ " in the home. Check schema and name, or give the path of a CSV or Parquet file.") }}
  {%- endif -%}
  {{ return(relation | string) }}
{%- endmacro %}

{% macro clv_described_columns(query) -%}
  {#- A dict from column name to its type, upper case, of a query. -#}
  {{ return(adapter.dispatch('clv_described_columns', 'clv')(query)) }}
{%- endmacro %}

{% macro default__clv_described_columns(query) -%}
  {%- set columns = {} -%}
  {%- for row in run_query('describe ' ~ query).rows -%}
    {%- do columns.update({row[0]: row[1] | upper}) -%}
  {%- endfor -%}
  {{ return(columns) }}
{%- endmacro %}

{% macro clv_mapped_columns() -%}
  {#- The var `columns` over its defaults; unknown keys and values that are not text are errors. -#}
  {%- set defaults = {'customer_id': 'customer_id', 'ordered_at': 'ordered_at', 'amount': 'amount', 'order_id': none, 'line_id': none, 'updated_at': none, 'status': none, 'currency': none} -%}
  {%- if not execute -%}{{ return(defaults) }}{%- endif -%}
  {%- set asked = clv_log_setting('columns') or {} -%}
  {%- if asked is not mapping -%}
    {{ clv_fail("the var columns is '" ~ asked ~ "', not a mapping. Write --vars '{columns: {customer_id: Customer ID, amount: Quantity * Price}}'.") }}
  {%- endif -%}
  {%- for key in asked if key not in defaults -%}
    {{ clv_fail("the var columns has the key '" ~ key ~ "'; it takes " ~ defaults.keys() | join(', ') ~ '.') }}
  {%- endfor -%}
  {%- for key, value in asked.items() if value is not none -%}
    {%- if value is not string -%}
      {{ clv_fail('the var columns.' ~ key ~ ' is ' ~ value ~ ", which YAML reads as something else than text. Write the name of a column, or one SQL expression, in quotes: --vars '{columns: {" ~ key ~ ': "…"}}\'.') }}
    {%- elif value | trim != '' -%}
      {%- do defaults.update({key: value | trim}) -%}
    {%- endif -%}
  {%- endfor -%}
  {{ return(defaults) }}
{%- endmacro %}

{% macro clv_checked_columns(relation) -%}
  {#- For every role of the log the SQL of what it is mapped to, and its type: one expression over the
      columns of the log, parsed, checked and written anew by python/clv/project/log_columns.py. -#}
  {%- set request = {
    'mapped': clv_mapped_columns(),
    'columns': clv_described_columns('select * from ' ~ relation),
    'ordered_at_format': clv_log_setting('ordered_at_format'),
  } -%}
  {%- set answer = fromjson(clv_plugin_answer('clv_log_columns', tojson(request))) -%}
  {%- if 'error' in answer -%}{{ clv_fail(answer.error) }}{%- endif -%}
  {{ return(answer.columns) }}
{%- endmacro %}

{% macro clv_as_timestamp(expression, type) -%}
  {{ return(adapter.dispatch('clv_as_timestamp', 'clv')(expression, type)) }}
{%- endmacro %}

{% macro default__clv_as_timestamp(expression, type) -%}
  {%- if type == 'DATE' or type.startswith('TIMESTAMP') -%}
    {%- set stamp = 'cast(' ~ expression ~ ' as timestamp)' -%}
    {{ return(clv_finite(stamp)) }}
  {%- endif -%}
  {%- set written = 'trim(cast(' ~ expression ~ ' as ' ~ dbt.type_string() ~ '))' -%}
  {%- set format = clv_log_setting('ordered_at_format') -%}
  {%- if format -%}
    {{ return('try_strptime(' ~ written ~ ", '" ~ format | replace("'", "''") ~ "')") }}
  {%- endif -%}
  {%- set stamp = 'try_cast(' ~ written ~ ' as timestamp)' -%}
  {{ return(clv_finite('coalesce(' ~ stamp ~ ', try_strptime(' ~ written ~ ", '%Y%m%d'))")) }}
{%- endmacro %}

{% macro clv_finite(stamp) -%}
  {#- A timestamp, null where it is infinite: the text `infinity` is no date. -#}
  case when isfinite({{ stamp }}) then {{ stamp }} end
{%- endmacro %}

{% macro clv_as_identifier(expression, type) -%}
  {#- An id as text, null where it is blank. Ids that a tool stored as floating point (17850.0)
      are the whole numbers they were. -#}
  {%- set text = dbt.type_string() -%}
  {%- if type in ['DOUBLE', 'FLOAT'] -%}
    {{ return('case when ' ~ expression ~ ' = floor(' ~ expression ~ ') then cast(try_cast(' ~ expression ~ ' as bigint) as ' ~ text ~ ') when not isnan(' ~ expression ~ ') then cast(' ~ expression ~ ' as ' ~ text ~ ') end') }}
  {%- endif -%}
  {{ return('nullif(trim(cast(' ~ expression ~ ' as ' ~ text ~ ")), '')") }}
{%- endmacro %}

{% macro clv_log_columns(relation) -%}
  {#- Everything that the staging model selects from the log, each as SQL. -#}
  {%- if not execute or clv_log_location() == '' -%}
    {%- set nothing = {} -%}
    {%- for name in ['customer_id', 'order_id', 'line_id', 'written_date', 'ordered_at', 'amount', 'updated_at', 'status', 'currency'] -%}
      {%- do nothing.update({name: 'null'}) -%}
    {%- endfor -%}
    {{ return(nothing) }}
  {%- endif -%}
  {%- set log = clv_checked_columns(relation) -%}
  {{ return({
    'customer_id': clv_as_identifier(log.customer_id.sql, log.customer_id.type),
    'order_id': clv_as_identifier(log.order_id.sql, log.order_id.type),
    'line_id': clv_as_identifier(log.line_id.sql, log.line_id.type),
    'written_date': 'nullif(trim(cast(' ~ log.ordered_at.sql ~ ' as ' ~ dbt.type_string() ~ ")), '')",
    'ordered_at': clv_as_timestamp(log.ordered_at.sql, log.ordered_at.type),
    'amount': log.amount.sql,
    'updated_at': 'cast(null as timestamp)' if log.updated_at.sql == 'null' else clv_as_timestamp(log.updated_at.sql, log.updated_at.type),
    'status': clv_as_identifier(log.status.sql, log.status.type),
    'currency': 'upper(' ~ clv_as_identifier(log.currency.sql, log.currency.type) ~ ')',
  }) }}
{%- endmacro %}

{% macro clv_log_rows() -%}
  {#- The rows of the log, renamed and typed, as something that stands behind `from`. -#}
  {%- set relation = clv_log_relation() -%}
  {{ return(adapter.dispatch('clv_rows_apart', 'clv')(relation, clv_log_columns(relation))) }}
{%- endmacro %}

{% macro default__clv_rows_apart(relation, log) -%}
  {#- Files are read on a database of their own, which reaches nothing else: see
      python/clv/project/log_reader.py. A table of the home can only be read where it is. -#}
  {%- set location = clv_log_location() -%}
  {%- if execute and clv_log_form(location) in ['csv', 'parquet'] -%}
    {%- set answer = fromjson(clv_plugin_answer('clv_open_log', tojson({'location': location, 'columns': log}))) -%}
    {%- if 'error' in answer -%}{{ clv_fail(answer.error) }}{%- endif -%}
    {%- if answer.apart -%}{{ return('clv_log_rows') }}{%- endif -%}
  {%- endif -%}
  {{ return(spark__clv_rows_apart(relation, log)) }}
{%- endmacro %}

{% macro spark__clv_rows_apart(relation, log) -%}
  {%- set listed = [] -%}
  {%- for name, sql in log.items() -%}{%- do listed.append(sql ~ ' as ' ~ name) -%}{%- endfor -%}
  {{ return('(select ' ~ listed | join(', ') ~ ' from ' ~ relation ~ ') as log_rows') }}
{%- endmacro %}

{% macro clv_input_row_number() -%}
  {{ return(adapter.dispatch('clv_input_row_number', 'clv')()) }}
{%- endmacro %}

{% macro default__clv_input_row_number() -%}
  row_number() over ()
{%- endmacro %}

{% macro spark__clv_input_row_number() -%}
  monotonically_increasing_id() + 1
{%- endmacro %}

{% macro clv_read_manifest(path) -%}
  {{ return(adapter.dispatch('clv_read_manifest', 'clv')(path)) }}
{%- endmacro %}

{% macro default__clv_read_manifest(path) -%}
  read_csv('{{ path }}', all_varchar = true, header = true)
{%- endmacro %}
