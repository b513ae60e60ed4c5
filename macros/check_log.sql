{#- What staging found is judged once, for `clv` and plain dbt alike: python/clv/project/log_verdict.py
    decides, these macros only ask the database. -#}

{% macro clv_check_log(classified, kept, days) -%}
  {#- Ends the run where the log cannot be used or is not what it was; else says what was kept and
      left out. Asked by int_clv__log_days, on which all that is scored and judged rests. -#}
  {%- set mapped = clv_mapped_columns() -%}
  {%- set outcomes = clv_text_rows("select coalesce(reason, 'kept'), count(*), coalesce(sum(amount), 0), coalesce(sum(abs(amount)), 0), coalesce(sum(case when amount > 0 then 1 else 0 end), 0), coalesce(sum(case when amount < 0 then 1 else 0 end), 0) from " ~ classified ~ " group by reason order by 1", 6) -%}
  {#- a line without an amount whose order has its own in another row, or is named in a row before alone, as shops export their orders -#}
  {%- set further = "(reason in ('no_customer', 'date_missing', 'amount_missing_or_not_finite') and amount is null and (order_id in (select order_id from " ~ classified ~ ' where order_id is not null and amount is not null) or (order_id is null and customer_id is null and written_date is null)))' -%}
  {%- set continued = clv_text_rows('select reason, count(*) from ' ~ classified ~ ' where ' ~ further ~ ' group by reason order by reason', 2) if mapped.order_id is not none and outcomes | length > 1 else [] -%}
  {%- set reasons, examples = [], {} -%}
  {%- for row in outcomes -%}
    {%- do reasons.append(row[0]) -%}
    {%- if row[0] != 'kept' -%}
      {%- do examples.update({row[0]: clv_example_rows(classified, "reason = '" ~ row[0] ~ "'" ~ (' and not coalesce(' ~ further ~ ', 1 = 0)' if continued else ''))}) -%}
    {%- endif -%}
  {%- endfor -%}
  {%- set superseded = 'superseded_line' in reasons -%}
  {%- set shared = ' from ' ~ classified ~ ' as older inner join ' ~ kept ~ " as newer on older.line_id = newer.line_id where older.reason = 'superseded_line' and lower(older.customer_id) <> lower(newer.customer_id)" -%}
  {%- set several = mapped.currency is not none and not clv_log_setting('exchange_rates') -%}
  {%- set asked_for = (clv_text_list('keep_status') or []) + (clv_text_list('drop_status') or []) -%}
  {%- set statuses = clv_text_rows('select lower(status), count(*) from ' ~ classified ~ ' where status is not null group by lower(status) order by count(*) desc, 1', 2) if asked_for else [] -%}
  {#- Of a status that is made of several columns one may hide another. -#}
  {%- set made = mapped.status and mapped.status.lower().startswith('case ') -%}
  {%- set unknown = [] if made else asked_for | reject('in', statuses | map(attribute=0) | list) | list -%}
  {%- set by_day = clv_text_rows('select order_date, sum(log_rows), count(*), sum(net_amount) from ' ~ days ~ ' group by order_date order by order_date', 4) -%}
  {%- set spans = fromjson(clv_plugin_answer('clv_sampled_days', tojson({'home': clv_home_folder(), 'days': by_day}))) -%}
  {%- set customers = clv_customers_of(days, spans.now) if by_day else ['0', '0'] -%}
  {%- if customers[1] == '0' -%}{%- set customers = clv_customers_of(days, none) -%}{%- endif -%}
  {%- set request = {
    'home': clv_home_folder(),
    'location': clv_log_location(),
    'amount': mapped.amount,
    'has_lines': mapped.line_id is not none,
    'outcomes': outcomes,
    'examples': examples,
    'below_zero': clv_example_rows(classified, 'reason is null and amount < 0'),
    'continued': continued,
    'shared_lines': clv_text_rows('select count(*)' ~ shared, 1)[0][0] if superseded else 0,
    'shared_examples': clv_text_rows('select older.line_id' ~ shared ~ ' order by older.input_row limit 3', 1) | map(attribute=0) | list if superseded else [],
    'currencies': clv_text_rows('select currency, count(*), max(amount) from ' ~ classified ~ ' where reason is null group by currency order by count(*) desc, currency', 3) if several else [],
    'statuses': statuses,
    'unknown_statuses': unknown,
    'days': by_day,
    'ids': clv_sampled_ids(days, spans.now, none),
    'ids_of_before': clv_sampled_ids(days, spans.before, spans.below) if spans.before else [],
    'customers': customers[0],
    'returning': customers[1],
    'accept_log': clv_accepts_log(),
    'data_through': clv_valid_date(var('data_through'), 'data_through') if var('data_through', none) else none,
  } -%}
  {%- for name in ['currency', 'data_through_slack_days', 'max_rejected_share', 'max_changed_share'] -%}
    {%- do request.update({name: clv_log_setting(name)}) -%}
  {%- endfor -%}
  {%- for name in ['earliest_date', 'latest_date'] -%}
    {%- do request.update({name: clv_valid_date(clv_log_setting(name), name) if clv_log_setting(name) else none}) -%}
  {%- endfor -%}
  {%- set answer = fromjson(clv_plugin_answer('clv_judge_log', tojson(request))) -%}
  {%- if 'error' in answer -%}{{ clv_fail(answer.error) }}{%- endif -%}
  {%- for note in answer.notes -%}{%- do log('clv: ' ~ note, info=true) -%}{%- endfor -%}
{%- endmacro %}

{% macro clv_text_rows(query, width) -%}
  {#- The rows of a query as lists of texts, nulls left as they are. -#}
  {%- set names, found = [], [] -%}
  {%- for number in range(width) -%}{%- do names.append('c' ~ number) -%}{%- endfor -%}
  {%- set cast = [] -%}
  {%- for name in names -%}{%- do cast.append('cast(' ~ name ~ ' as ' ~ dbt.type_string() ~ ')') -%}{%- endfor -%}
  {%- for row in run_query('select ' ~ cast | join(', ') ~ ' from (' ~ query ~ ') as asked(' ~ names | join(', ') ~ ')').rows -%}
    {%- set values = [] -%}
    {%- for value in row -%}{%- do values.append(none if value is none else value | string) -%}{%- endfor -%}
    {%- do found.append(values) -%}
  {%- endfor -%}
  {{ return(found) }}
{%- endmacro %}

{% macro clv_example_rows(classified, condition) -%}
  {#- Up to twenty of the first rows for which a condition holds, each a dict of texts. -#}
  {%- set names = ['input_row', 'customer_id', 'order_id', 'line_id', 'written_date', 'ordered_at', 'amount', 'status', 'currency'] -%}
  {%- set found = [] -%}
  {%- for row in clv_text_rows('select ' ~ names | join(', ') ~ ' from ' ~ classified ~ ' where ' ~ condition ~ ' limit 20', names | length) -%}
    {%- set values = {} -%}
    {%- for name in names -%}{%- do values.update({name: row[loop.index0]}) -%}{%- endfor -%}
    {%- do found.append(values) -%}
  {%- endfor -%}
  {{ return(found) }}
{%- endmacro %}

{% macro clv_customers_of(days, span) -%}
  {#- How many customers have a purchase day, and how many several, within a span of days or at all. -#}
  {{ return(clv_text_rows('select count(*), coalesce(sum(case when purchase_days > 1 then 1 else 0 end), 0) from (select customer_id, count(*) as purchase_days from ' ~ days ~ ' where is_purchase_day' ~ clv_within(span) ~ ' group by customer_id) as by_customer', 2)[0]) }}
{%- endmacro %}

{% macro clv_sampled_ids(days, span, below) -%}
  {#- Hashes and ids of the customers of a span whose hashes are the smallest, or not above `below`. -#}
  {%- set digest = 'substr(md5(customer_id), 1, 12)' -%}
  {%- set asked = 'select distinct ' ~ digest ~ ', customer_id from ' ~ days ~ ' where 1 = 1' ~ clv_within(span) -%}
  {{ return(clv_text_rows(asked ~ (' and ' ~ digest ~ " <= '" ~ below ~ "' order by 1, 2" if below else ' order by 1, 2 limit 200'), 2)) }}
{%- endmacro %}

{% macro clv_within(span) -%}
  {#- A further condition: order_date lies within a span of two days; nothing where there is none. -#}
  {{ return(' and order_date >= ' ~ clv_date_literal(span[0], 'day') ~ ' and order_date <= ' ~ clv_date_literal(span[1], 'day') if span else '') }}
{%- endmacro %}

{% macro clv_accepts_log() -%}
  {#- The var `accept_log`, which is true or false. -#}
  {%- set accepts = var('accept_log', none) -%}
  {%- if accepts is not none and accepts is not boolean -%}
    {{ clv_fail('the var accept_log is ' ~ accepts ~ '; it takes true or false.') }}
  {%- endif -%}
  {{ return(accepts or false) }}
{%- endmacro %}

{% macro clv_home_folder() -%}
  {#- CLV_HOME as it is, for the plugin. -#}
  {{ return(env_var('CLV_HOME', '') or '.') }}
{%- endmacro %}

{% macro clv_keep_log_contract(results) -%}
  {#- At the end of a plain dbt run in which the log was read and nothing of this package failed: the
      log is remembered. A command of `clv` does that itself, when all of it has ended well. -#}
  {%- if execute and flags.WHICH in ['run', 'build'] -%}
    {%- set read, failed = [], [] -%}
    {%- for result in results if result.node.package_name == 'clv' -%}
      {%- if result.node.name == 'int_clv__log_days' -%}{%- do read.append(result) -%}{%- endif -%}
      {%- if result.status | string in ['error', 'fail', 'skipped', 'runtime error'] -%}{%- do failed.append(result) -%}{%- endif -%}
    {%- endfor -%}
    {%- if read and not failed -%}
      {%- set fault = clv_plugin_answer('clv_keep_log_contract', clv_home_folder()) -%}
      {%- if fault -%}{{ clv_fail(fault) }}{%- endif -%}
    {%- endif -%}
  {%- endif -%}
{%- endmacro %}
