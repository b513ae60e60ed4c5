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
  {#- Where the log is a table, the table; none where it is files. Fails with the fix where it is
      neither. -#}
  {%- set location = clv_log_location() -%}
  {%- if location == '' -%}
    {%- do clv_refuse_forgotten_log() -%}
    {{ return(ref('stg_clv__cdnow_transactions') | string) }}
  {%- endif -%}
  {%- if not execute -%}{{ return(none) }}{%- endif -%}
  {%- set form = clv_log_form(location) -%}
  {%- if form == 'table' -%}
    {{ return(adapter.dispatch('clv_existing_table', 'clv')(location)) }}
  {%- elif form == 'unknown' -%}
    {{ clv_fail("the transaction log '" ~ location ~ "' is neither a file, folder or glob of files that end in .csv, .tsv, .txt, .parquet, .jsonl, .ndjson, .json or .xlsx (.gz and .zst behind them are read too), nor a table written schema.table.") }}
  {%- endif -%}
  {{ return(none) }}
{%- endmacro %}

{% macro clv_log_form(location) -%}
  {#- What the location names: files of a kind, a folder, a table, or unknown. -#}
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

{% macro clv_asked(function, request) -%}
  {#- The answer of the plugin to a question that is a dict, as a dict; its error ends the run. What is
      to be told is told. -#}
  {%- set answer = fromjson(clv_plugin_answer(function, tojson(request))) -%}
  {%- if 'error' in answer -%}{{ clv_fail(answer.error) }}{%- endif -%}
  {%- for note in answer.get('notes', []) -%}{%- do clv_tell(note) -%}{%- endfor -%}
  {{ return(answer) }}
{%- endmacro %}

{% macro default__clv_existing_table(location) -%}
  {%- set parts = location.split('.') -%}
  {%- set database = parts[0] if parts | length == 3 else target.database -%}
  {%- set relation = adapter.get_relation(database, parts[-2], parts[-1]) -%}
  {%- if relation is none -%}
    {{ clv_fail("the transaction log '" ~ location ~ "' is no table or view of the database " ~ target.database ~ " in the home. Check schema and name, or give the path of a CSV or Parquet file.") }}
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
  {%- set defaults = {'customer_id': 'customer_id', 'ordered_at': 'ordered_at', 'amount': 'amount', 'order_id': none, 'line_id': none} -%}
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

{% macro clv_log_can_be_described() -%}
  {#- False where models are only compiled and the CDNOW table has not been built yet. -#}
  {{ return(clv_building() or flags.WHICH == 'test' or clv_log_location() != '' or clv_own_relation('stg_clv__cdnow_transactions') is not none) }}
{%- endmacro %}

{% macro clv_reading_options() -%}
  {#- What is said of how the log is written, by the name of the var. -#}
  {%- set options = {} -%}
  {%- for name in ['ordered_at_format', 'timezone', 'decimal_separator', 'thousands_separator', 'null_markers', 'not_customers', 'reader'] -%}
    {%- do options.update({name: clv_log_setting(name)}) -%}
  {%- endfor -%}
  {{ return(options) }}
{%- endmacro %}

{% macro clv_log_rows() -%}
  {#- The rows of the log, renamed and typed, in their order, as something that stands behind `from`. -#}
  {%- set relation = clv_log_relation() -%}
  {%- if not execute or not clv_log_can_be_described() -%}
    {{ return('(select null as customer_id, null as order_id, null as line_id, null as written_date, null as ordered_at, null as amount, null as written_amount, null as updated_at, null as status, null as currency) as log_rows') }}
  {%- endif -%}
  {{ return(clv_with_customer_map(adapter.dispatch('clv_typed_rows', 'clv')(relation))) }}
{%- endmacro %}

{% macro default__clv_typed_rows(relation) -%}
  {#- Files are read on a database of their own, which reaches nothing else, and stand as
      `clv_log_rows` (python/clv/project/log_reader.py). A table of the home, and files at an address,
      can only be read here. -#}
  {%- set request = {'location': clv_log_location(), 'columns': clv_mapped_columns(), 'options': clv_reading_options()} -%}
  {%- if relation is not none -%}{%- do request.update({'relation': relation}) -%}{%- endif -%}
  {%- set opened = clv_asked('clv_open_log', request) -%}
  {%- if opened.apart -%}{{ return('clv_log_rows') }}{%- endif -%}
  {%- do request.update({'relation': opened.relation, 'types': clv_described_columns('select * from ' ~ opened.relation)}) -%}
  {%- set looked = clv_asked('clv_look_at_log', request) -%}
  {%- do request.update({'seen': fromjson(clv_first_row(looked.sql)[0])}) -%}
  {{ return('(' ~ clv_asked('clv_read_log', request).sql ~ ') as log_rows') }}
{%- endmacro %}

{% macro clv_with_customer_map(rows) -%}
  {#- The rows with the customers that the var `customer_map` names for their ids. -#}
  {%- set location = (clv_log_setting('customer_map') or '') | string | trim -%}
  {%- if location == '' -%}{{ return(rows) }}{%- endif -%}
  {%- if clv_log_form(location) == 'table' -%}
    {%- set relation = adapter.dispatch('clv_existing_table', 'clv')(location) -%}
    {%- set request = {'relation': relation, 'types': clv_described_columns('select * from ' ~ relation)} -%}
    {%- set map = '(' ~ clv_asked('clv_read_customer_map', request).sql ~ ')' -%}
  {%- else -%}
    {%- do clv_asked('clv_open_customer_map', {'location': location}) -%}
    {%- set map = 'clv_customer_map' -%}
  {%- endif -%}
  {%- do clv_check_customer_map(map, location) -%}
  {{ return('(select log_rows.* exclude (log_row) replace (coalesce(mapped.customer_id, log_rows.customer_id) as customer_id) from (select ' ~ clv_input_row_number() ~ ' as log_row, * from ' ~ rows ~ ') as log_rows left join ' ~ map ~ ' as mapped on log_rows.customer_id = mapped.id order by log_rows.log_row) as log_rows') }}
{%- endmacro %}

{% macro clv_check_customer_map(map, location) -%}
  {#- An id of the map names one customer, and no customer of it is an id again. -#}
  {%- for row in run_query('select id, count(*) as several from ' ~ map ~ ' where id is not null group by id having count(*) > 1 order by id limit 1').rows -%}
    {{ clv_fail("the var customer_map, '" ~ location ~ "', has the id '" ~ row[0] ~ "' " ~ row[1] ~ ' times. An id belongs to one customer: leave one row of each.') }}
  {%- endfor -%}
  {%- for row in run_query('select chained.id, chained.customer_id from ' ~ map ~ ' as chained inner join ' ~ map ~ ' as further on chained.customer_id = further.id where further.customer_id <> further.id order by 1 limit 1').rows -%}
    {{ clv_fail("the var customer_map, '" ~ location ~ "', maps '" ~ row[0] ~ "' to '" ~ row[1] ~ "', which it maps to another customer again. Map every id to the customer that it is in the end.") }}
  {%- endfor -%}
{%- endmacro %}

{% macro clv_is_nobody(customer) -%}
  {#- A condition that is true where an id is that of nobody: a guest, 0 (the var `not_customers`). -#}
  {%- if not execute -%}{{ return('1 = 0') }}{%- endif -%}
  {{ return(clv_asked('clv_nobody', {'customer': customer, 'options': clv_reading_options()}).sql) }}
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
