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
  {#- Where the log is a table, the table; none where it is files. Fails with the fix where it is
      neither. -#}
  {%- set location = clv_log_location() if execute else '' -%}
  {%- if location == '' and execute and flags.WHICH in ['run', 'build', 'test'] -%}
    {{ clv_fail(clv_plugin_answer('clv_unnamed_log', '')) }}
  {%- endif -%}
  {%- if location == '' -%}
    {{ return(none) }}
  {%- endif -%}
  {%- do clv_say_what_wins() -%}
  {%- set form = clv_log_form(location) -%}
  {%- if form == 'table' -%}
    {{ return(clv_existing_table(location, 'the transaction log')) }}
  {%- elif form == 'unknown' -%}
    {{ clv_fail("the transaction log '" ~ location ~ "' is neither a file, folder or glob of files that end in .csv, .tsv, .txt, .parquet, .jsonl, .ndjson, .json or .xlsx (.gz and .zst behind them are read too), nor a table written schema.table.") }}
  {%- endif -%}
  {{ return(none) }}
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

{% macro clv_existing_table(location, called) -%}
  {#- The table of the database that a location names; ends the run where there is none. -#}
  {{ return(adapter.dispatch('clv_existing_table', 'clv')(location, called)) }}
{%- endmacro %}

{% macro default__clv_existing_table(location, called) -%}
  {%- set parts = location.split('.') -%}
  {%- set database = parts[0] if parts | length == 3 else target.database -%}
  {%- set relation = adapter.get_relation(database, parts[-2], parts[-1]) -%}
  {%- if relation is none -%}
    {{ clv_fail(called ~ " '" ~ location ~ "' names no table or view of the database " ~ target.database ~ " in the home. Check schema and name, or give the path of a CSV or Parquet file.") }}
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
  {%- if not execute or clv_log_location() == '' -%}
    {{ return('(select null as customer_id, null as order_id, null as line_id, null as written_date, null as ordered_at, null as amount, null as updated_at, null as status, null as currency) as log_rows') }}
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
  {%- if opened.apart -%}{{ return(opened.relation) }}{%- endif -%}
  {%- do request.update({'relation': opened.relation, 'types': clv_described_columns('select * from ' ~ opened.relation)}) -%}
  {%- set looked = clv_asked('clv_look_at_log', request) -%}
  {%- do request.update({'seen': fromjson(clv_first_row(looked.sql)[0])}) -%}
  {{ return(clv_asked('clv_read_log', request).relation) }}
{%- endmacro %}

{% macro clv_with_customer_map(rows) -%}
  {#- The rows with the customers that the var `customer_map` names for their ids. -#}
  {%- set location = (clv_log_setting('customer_map') or '') | string | trim -%}
  {%- if location == '' -%}{{ return(rows) }}{%- endif -%}
  {%- if clv_log_form(location) == 'table' -%}
    {%- set relation = clv_existing_table(location, 'the var customer_map') -%}
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

{% macro clv_tell_largest_customer(days) -%}
  {#- Tells of a customer who holds an implausible share of the orders: ids of guests that the var
      `not_customers` does not know look so. In logs of real shops the largest hold up to 3 %. -#}
  {%- if clv_building() -%}
    {%- set query -%}
      select customer_id, 1.0 * orders / total, customers
      from (
        select customer_id, sum(orders) as orders, sum(sum(orders)) over () as total, count(*) over () as customers
        from {{ days }}
        group by customer_id
      ) as held
      where customers >= 100 and orders > 0.05 * total and orders > 20.0 * total / customers
      order by orders desc, customer_id
      limit 3
    {%- endset -%}
    {%- for row in run_query(query).rows -%}
      {%- do clv_tell("the customer '" ~ row[0] ~ "' holds " ~ '%.1f' | format(100 * row[1] | float) ~ ' % of the orders of ' ~ row[2] ~ ' customers. If the id is nobody (a guest, a till), add it to the var not_customers.') -%}
    {%- endfor -%}
  {%- endif -%}
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
