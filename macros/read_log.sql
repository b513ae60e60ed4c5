{#- How the transaction log is found and read. What differs between engines (reading a file,
    describing a query, parsing a date) is dispatched here and nowhere else. -#}

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
  {%- set lowered = location | lower -%}
  {%- set file = lowered.endswith(('.csv', '.csv.gz', '.csv.zst', '.tsv', '.tsv.gz', '.parquet', '.pq')) -%}
  {%- if not execute -%}
    {{ return('(select 1) as not_read_while_parsing') }}
  {%- elif file -%}
    {{ return(adapter.dispatch('clv_read_files', 'clv')(location)) }}
  {%- elif modules.re.match('^\\w+(\\.\\w+){1,2}$', location) -%}
    {{ return(adapter.dispatch('clv_existing_table', 'clv')(location)) }}
  {%- else -%}
    {{ clv_fail("CLV_TRANSACTIONS is '" ~ location ~ "', which is neither a file or glob that ends in .csv, .csv.gz, .tsv or .parquet, nor a table written schema.table.") }}
  {%- endif -%}
{%- endmacro %}

{% macro default__clv_read_files(location) -%}
  {#- CSV comes in as text, so that leading zeros survive and one bad cell is one rejected row,
      not a failed run. -#}
  {%- set path = location | replace("'", "''") -%}
  {%- if not clv_file_exists(path) -%}
    {{ clv_fail("no file matches CLV_TRANSACTIONS='" ~ location ~ "'. Give the path or glob of the transaction log (CSV or Parquet); `clv` takes a relative path from where it is called, `dbt` from the project's folder.") }}
  {%- endif -%}
  {%- if (location | lower).endswith(('.parquet', '.pq')) -%}
    {{ return("read_parquet('" ~ path ~ "', union_by_name = true)") }}
  {%- endif -%}
  {%- if clv_first_row("select coalesce(sum(size), 0) from read_blob('" ~ path ~ "')")[0] == 0 -%}
    {{ clv_fail("the transaction log CLV_TRANSACTIONS='" ~ location ~ "' is empty: it has not even a header line.") }}
  {%- endif -%}
  {{ return("read_csv('" ~ path ~ "', all_varchar = true, header = true, union_by_name = true)") }}
{%- endmacro %}

{% macro spark__clv_read_files(location) -%}
  {%- if (location | lower).endswith(('.parquet', '.pq')) -%}
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
  {#- The var `columns` over its defaults; unknown keys are an error. -#}
  {%- set defaults = {'customer_id': 'customer_id', 'ordered_at': 'ordered_at', 'amount': 'amount', 'order_id': none, 'line_id': none} -%}
  {%- set asked = var('columns', {}) or {} -%}
  {%- if asked is not mapping -%}
    {{ clv_fail("the var columns is '" ~ asked ~ "', not a mapping. Write --vars '{columns: {customer_id: Customer ID, amount: Quantity * Price}}'.") }}
  {%- endif -%}
  {%- for key in asked if key not in defaults -%}
    {{ clv_fail("the var columns has the key '" ~ key ~ "'; it takes " ~ defaults.keys() | join(', ') ~ '.') }}
  {%- endfor -%}
  {%- for key, value in asked.items() if value is not none and value | string | trim != '' -%}
    {%- do defaults.update({key: value | string | trim}) -%}
  {%- endfor -%}
  {{ return(defaults) }}
{%- endmacro %}

{% macro clv_log_expression(role, mapped, columns) -%}
  {#- The SQL for one mapped column: a column's exact name is quoted; a lone word that is no
      column is a mistake with a clear message; anything else is the user's expression. -#}
  {%- if mapped is none -%}{{ return('null') }}{%- endif -%}
  {%- for column in columns if column | lower == mapped | lower -%}
    {{ return(adapter.quote(column)) }}
  {%- endfor -%}
  {%- if modules.re.match('^\\w[\\w ]*$', mapped) -%}
    {{ clv_fail("the transaction log has no column '" ~ mapped ~ "' for " ~ role ~ '. It has: ' ~ columns | join(', ') ~ ". Map it with --vars '{columns: {" ~ role ~ ": <its name, or an SQL expression>}}'.") }}
  {%- endif -%}
  {%- do clv_refuse_statements(role, mapped) -%}
  {{ return(mapped) }}
{%- endmacro %}

{% macro clv_refuse_statements(role, mapped) -%}
  {#- A mapped expression becomes part of a query, and the engine runs every statement that it is
      handed. So outside of quoted text and quoted names, for each of which a ? stands here, it may
      hold nothing that ends a statement, begins a comment, or quotes text in another way. -#}
  {%- set unquoted = modules.re.sub("'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"", '?', mapped) -%}
  {%- if modules.re.search("--|/\\*|[;$'\"]|(?<![^\\W\\d])[eE]\\?", unquoted) -%}
    {{ clv_fail("the var columns." ~ role ~ " is `" ~ mapped ~ "`: it takes the name of a column, or one SQL expression over columns, such as `Quantity * Price`, without semicolons, comments, dollar signs, E'' text and quotes left open. A column's name that holds such a character stands in double quotes.") }}
  {%- endif -%}
{%- endmacro %}

{% macro clv_as_number(expression, columns, relation) -%}
  {#- The amount as DECIMAL(18,4), null where it is not a finite number. Text columns in the
      expression whose values are mostly numbers are read as numbers, so that `Quantity * Price`
      works on a CSV file and one bad cell costs one row. -#}
  {%- set text = namespace(sql=expression) -%}
  {%- for column, type in columns.items() if type in ['VARCHAR', 'STRING'] -%}
    {%- set quoted = adapter.quote(column) -%}
    {%- set word = '(?<![\\w"])' ~ modules.re.escape(column) ~ '(?![\\w"(])' -%}
    {%- set pattern = modules.re.escape(quoted) ~ '|' ~ word -%}
    {%- if modules.re.search(pattern, text.sql) -%}
      {%- set counts = clv_first_row('select count(try_cast(' ~ quoted ~ ' as double)), count(' ~ quoted ~ ') from ' ~ relation) -%}
      {%- if counts[0] * 2 > counts[1] -%}
        {%- set text.sql = modules.re.sub(pattern, 'try_cast(' ~ quoted ~ ' as decimal(18, 4))', text.sql) -%}
      {%- endif -%}
    {%- endif -%}
  {%- endfor -%}
  {{ return('try_cast(' ~ text.sql ~ ' as decimal(18, 4))') }}
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
    {{ return({'customer_id': 'null', 'order_id': 'null', 'line_id': 'null', 'written_date': 'null', 'ordered_at': 'null', 'amount': 'null'}) }}
  {%- endif -%}
  {%- set mapped = clv_mapped_columns() -%}
  {%- set columns = clv_described_columns('select * from ' ~ relation) -%}
  {%- set sql = {} -%}
  {%- for role, value in mapped.items() -%}
    {%- do sql.update({role: clv_log_expression(role, value, columns.keys() | list)}) -%}
  {%- endfor -%}
  {%- set types = clv_described_columns('select ' ~ sql.customer_id ~ ' as customer_id, ' ~ sql.ordered_at ~ ' as ordered_at, ' ~ sql.order_id ~ ' as order_id from ' ~ relation) -%}
  {%- set text = dbt.type_string() -%}
  {{ return({
    'customer_id': clv_as_identifier(sql.customer_id, types.customer_id),
    'order_id': clv_as_identifier(sql.order_id, types.order_id),
    'line_id': 'cast(' ~ sql.line_id ~ ' as ' ~ text ~ ')',
    'written_date': 'nullif(trim(cast(' ~ sql.ordered_at ~ ' as ' ~ text ~ ")), '')",
    'ordered_at': clv_as_timestamp(sql.ordered_at, types.ordered_at),
    'amount': clv_as_number(sql.amount, columns, relation),
  }) }}
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
