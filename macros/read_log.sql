{#- How the transaction log is found and read. What differs between engines (reading a file,
    describing a query, parsing a date) is dispatched here and nowhere else. -#}

{% macro clv_log_setting(name) -%}
  {#- What the var `name` says of the log; none where it says nothing. -#}
  {{ return(var(name, none)) }}
{%- endmacro %}

{% macro clv_log_location() -%}
  {#- Where the log is: CLV_TRANSACTIONS, else the var, else an empty string (the CDNOW log). -#}
  {{ return((env_var('CLV_TRANSACTIONS', '') or var('transactions', none) or '') | string | trim) }}
{%- endmacro %}

{% macro clv_refuse_forgotten_log() -%}
  {#- Where no log is named, CDNOW is read, but never in a home whose champion was trained on
      another log: there the name was forgotten. The champion's card says which log it was. -#}
  {%- if execute and flags.WHICH in ['run', 'build', 'test'] and clv_log_location() == '' -%}
    {%- set model_id = clv_champion_model_id() -%}
    {%- if model_id is not none -%}
      {%- set settings = clv_recorded_settings(model_id) -%}
      {%- set trained_on = settings.get('transactions') or (settings.get('vars') or {}).get('transactions') -%}
      {%- if trained_on -%}
        {{ clv_fail("no transaction log is named, and the champion of this home, " ~ model_id ~ ", was trained on '" ~ trained_on ~ "', not on the CDNOW log that would be read in its place. Name the log: CLV_TRANSACTIONS='" ~ trained_on ~ "', or the var transactions. For CDNOW point CLV_HOME at another folder.") }}
      {%- endif -%}
    {%- endif -%}
  {%- endif -%}
{%- endmacro %}

{% macro clv_champion_model_id() -%}
  {#- The model in the last row of the manifest, none where no model was promoted yet. -#}
  {%- set manifest = clv_home_path('registry/champion_manifest.csv') -%}
  {%- if not clv_file_exists(manifest) -%}{{ return(none) }}{%- endif -%}
  {%- set rows = run_query('select model_id from ' ~ clv_read_manifest(manifest) ~ ' order by try_cast(manifest_row as integer) desc nulls last limit 1').rows -%}
  {{ return(rows[0][0] if rows | length > 0 else none) }}
{%- endmacro %}

{% macro clv_recorded_settings(model_id) -%}
  {#- What a training was asked for, from the model's card: the log, the vars, the clusters. -#}
  {%- if not modules.re.match('^clv_[0-9]{8}_h[0-9]+_p[0-9]+_[0-9]{8}T[0-9]{6}Z$', model_id | string) -%}
    {{ clv_fail('the last row of the manifest names no model. `clv verify` names what does not fit.') }}
  {%- endif -%}
  {%- set path = clv_home_path('registry/cards/' ~ model_id ~ '.json') -%}
  {%- set card = fromjson(clv_first_row("select content from read_text('" ~ path ~ "')")[0]) if clv_file_exists(path) else none -%}
  {%- if card is not mapping or card.get('settings') is not mapping -%}
    {{ clv_fail('which log the champion of this home was trained on is not known, since its card ' ~ path ~ ' is missing or cannot be read. Restore it from a backup, or name the log with CLV_TRANSACTIONS.') }}
  {%- endif -%}
  {{ return(card.settings) }}
{%- endmacro %}

{% macro clv_log_relation() -%}
  {#- The log as something that stands behind `from`. Fails with the fix where there is none. -#}
  {%- set location = clv_log_location() -%}
  {%- if location == '' -%}
    {%- do clv_refuse_forgotten_log() -%}
    {{ return(ref('stg_clv__cdnow_transactions') | string) }}
  {%- endif -%}
  {%- if not execute -%}
    {{ return('(select 1) as not_read_while_parsing') }}
  {%- endif -%}
  {%- set form = clv_log_form(location) -%}
  {%- if form in ['csv', 'parquet'] -%}
    {{ return(adapter.dispatch('clv_read_files', 'clv')(location, form)) }}
  {%- elif form == 'table' -%}
    {{ return(adapter.dispatch('clv_existing_table', 'clv')(location)) }}
  {%- else -%}
    {{ clv_fail("CLV_TRANSACTIONS is '" ~ location ~ "', which is neither a file or glob that ends in .csv, .tsv or .parquet (.gz and .zst behind them are read too), nor a table written schema.table.") }}
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
  {%- if clv_first_row("select getvariable('clv_log_location') is not null")[0] -%}
    {#- An address with secrets: dbt does not see it, the plugin hands it to the engine. -#}
    {%- set path = "getvariable('clv_log_location')" -%}
  {%- endif -%}
  {%- if clv_first_row("select count(*) from glob(" ~ path ~ ")")[0] == 0 -%}
    {{ clv_fail("no file matches CLV_TRANSACTIONS='" ~ location ~ "'. Give the path or glob of the transaction log (CSV or Parquet); `clv` takes a relative path from where it is called, `dbt` from the project's folder.") }}
  {%- endif -%}
  {%- if form == 'csv' and clv_first_row("select coalesce(sum(size), 0) from read_blob(" ~ path ~ ")")[0] == 0 -%}
    {{ clv_fail("the transaction log CLV_TRANSACTIONS='" ~ location ~ "' is empty: it has not even a header line.") }}
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
    {{ clv_fail("CLV_TRANSACTIONS='" ~ location ~ "' names no table or view of the database " ~ target.database ~ " in the home. Check schema and name, or give the path of a CSV or Parquet file.") }}
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
  {%- set asked = var('columns', {}) or {} -%}
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
    'ordered_at_format': var('ordered_at_format', none),
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
  {%- set format = var('ordered_at_format', none) -%}
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

{% macro clv_log_can_be_described() -%}
  {#- False where models are only compiled and the CDNOW table has not been built yet. -#}
  {{ return(clv_building() or flags.WHICH == 'test' or clv_log_location() != '' or clv_own_relation('stg_clv__cdnow_transactions') is not none) }}
{%- endmacro %}

{% macro clv_log_columns(relation) -%}
  {#- Everything that the staging model selects from the log, each as SQL. -#}
  {%- if not execute or not clv_log_can_be_described() -%}
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
