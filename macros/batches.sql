{% macro clv_check_cutoffs(cutoffs) -%}
  {#- Every cutoff of the run lies within the data and has somebody to score. -#}
  {%- set days = clv_first_row('select data_from, data_through from ' ~ ref('int_clv__log_days')) -%}
  {%- set history_months = clv_first_row('select history_months from ' ~ ref('stg_clv__champion_manifest') ~ ' where is_champion')[0] -%}
  {%- for cutoff in ([days[1] | string] if cutoffs is none else cutoffs) -%}
    {%- if cutoff > days[1] | string -%}
      {{ clv_fail('cutoff ' ~ cutoff ~ ' lies after the data, which is complete through ' ~ days[1] ~ '. Score ' ~ days[1] ~ ' or an earlier day.') }}
    {%- elif cutoff < days[0] | string -%}
      {{ clv_fail('cutoff ' ~ cutoff ~ ' lies before the data, which begins on ' ~ days[0] ~ '. Score a later day.') }}
    {%- endif -%}
    {%- set date = "cast('" ~ cutoff ~ "' as date)" -%}
    {%- set buyers = clv_first_row('select count(distinct customer_id) from ' ~ ref('int_clv__customer_days') ~ ' where is_purchase_day and order_date <= ' ~ date ~ ' and order_date > ' ~ clv_add_months(date, '-' ~ history_months))[0] -%}
    {%- if buyers == 0 -%}
      {{ clv_fail('cutoff ' ~ cutoff ~ ' has nobody to score: no purchase day in the ' ~ history_months ~ ' months up to it. Choose another cutoff.') }}
    {%- endif -%}
  {%- endfor -%}
{%- endmacro %}

{% macro clv_own_relation(name) -%}
  {#- The table of a model of this package, none where it is not built or disabled. For models that lie
      downstream of the caller, which `ref` cannot reach. It stands where the project that runs dbt
      puts it (`+schema`, `+database`, `+alias`), which need not be the target's schema. -#}
  {%- set node = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | selectattr('package_name', 'equalto', 'clv') | selectattr('name', 'equalto', name) | first -%}
  {{ return(adapter.get_relation(node.database, node.schema, node.alias) if node else none) }}
{%- endmacro %}

{% macro clv_labelled_batches() -%}
  {#- The batches that are labelled, as a list of cutoff and pred_months. The ledger of labels lies
      downstream of the callers, so it is looked up, not referred to. -#}
  {%- set batches = [] -%}
  {%- set ledger = clv_own_relation('clv_predictions_actual') if clv_building() else none -%}
  {%- if ledger is not none -%}
    {%- for row in run_query('select distinct cutoff, pred_months from ' ~ ledger ~ ' order by cutoff, pred_months').rows -%}
      {%- do batches.append({'cutoff': row[0] | string, 'pred_months': row[1]}) -%}
    {%- endfor -%}
  {%- endif -%}
  {{ return(batches) }}
{%- endmacro %}

{% macro clv_not_among(batches, cutoff, pred_months) -%}
  {#- A condition: whether the batch of these columns is none of `batches`. -#}
  {%- set keys = [] -%}
  {%- for batch in batches -%}
    {%- do keys.append('(' ~ cutoff ~ " = cast('" ~ batch.cutoff ~ "' as date) and " ~ pred_months ~ ' = ' ~ batch.pred_months ~ ')') -%}
  {%- endfor -%}
  {{ return('not (' ~ (keys | join(' or ')) ~ ')' if keys else '1 = 1') }}
{%- endmacro %}

{% macro clv_delete_batches(batches) -%}
  {#- Deletes batches, as [cutoff, pred_months], from the ledgers of predictions, all at once. Only
      batches that are labelled are taken, and never the newest. Their labels stay: they hold what
      was predicted and what came true, and accuracy and drift are computed from them. Called by
      `clv purge`. -#}
  {%- set labels = clv_own_relation('clv_predictions_actual') -%}
  {%- set predictions = clv_own_relation('clv_predictions') -%}
  {%- if labels is none or predictions is none -%}
    {{ clv_fail('there is no labelled batch to delete.') }}
  {%- endif -%}
  {%- set statements = [] -%}
  {%- for batch in batches -%}
    {%- set key = 'cutoff = ' ~ clv_date_literal(batch[0], 'cutoff') ~ ' and pred_months = ' ~ batch[1] | int -%}
    {%- set counts = clv_first_row('select (select count(*) from ' ~ labels ~ ' where ' ~ key ~ '), (select count(*) from ' ~ predictions ~ ' where cutoff > ' ~ clv_date_literal(batch[0], 'cutoff') ~ ')') -%}
    {%- if counts[0] == 0 or counts[1] == 0 -%}
      {{ clv_fail('the batch of ' ~ batch[0] ~ ' for ' ~ batch[1] ~ ' months is not labelled, or is the newest; it is not deleted.') }}
    {%- endif -%}
    {%- for table in ['clv_predictions', 'clv_features', 'clv_clusters'] -%}
      {%- set ledger = clv_own_relation(table) -%}
      {%- if ledger is not none -%}
        {%- do statements.append('delete from ' ~ ledger ~ ' where ' ~ key) -%}
      {%- endif -%}
    {%- endfor -%}
  {%- endfor -%}
  {%- for statement in statements -%}
    {%- do run_query(statement) -%}
  {%- endfor -%}
  {%- do run_query('commit') -%}
{%- endmacro %}

{% macro clv_names_cutoff(asked, name, cutoff) -%}
  {#- A condition: whether what was given for a var (true, a date, or a list of dates) names the batch. -#}
  {%- if asked is boolean or asked is none -%}
    {{ return('1 = 1' if asked else '1 = 0') }}
  {%- endif -%}
  {%- set dates = [] -%}
  {%- for value in (asked if asked is iterable and asked is not string else [asked]) -%}
    {%- do dates.append(clv_date_literal(value, name)) -%}
  {%- endfor -%}
  {{ return(cutoff ~ ' in (' ~ (dates | join(', ')) ~ ')' if dates else '1 = 0') }}
{%- endmacro %}

{% macro clv_batches_newest_first(predictions) -%}
  {#- A query of the batches of a relation, `nth` from the newest on: by cutoff, then by when they were scored. -#}
select
        cutoff,
        pred_months,
        row_number() over (order by cutoff desc, max(scored_at) desc, pred_months asc) as nth
    from {{ predictions }}
    group by cutoff, pred_months
{%- endmacro %}

{% macro clv_accepted_batches() -%}
  {#- A query of the batches that a person accepted although nothing in the past explained their total:
      their key, and what they say in total and per customer and day. The ledger lies downstream of the
      caller, so it is looked up, not referred to; without it there is none. -#}
  {%- set ledger = clv_own_relation('clv_batch_totals') if clv_building() else none -%}
  {%- set known = adapter.get_columns_in_relation(ledger) | map(attribute='name') | list if ledger else [] -%}
  {%- if 'held_because' in known -%}
    {%- set spend = 'predicted_total / customers / ' ~ dbt.datediff('cutoff', clv_add_months('cutoff', 'pred_months'), 'day') -%}
    {{ return('select cutoff, pred_months, predicted_total, ' ~ spend ~ ' as spend_rate from ' ~ ledger ~ ' where held_because is not null') }}
  {%- endif -%}
  {{ return('select cast(null as date) as cutoff, cast(null as integer) as pred_months, cast(null as double) as predicted_total, cast(null as double) as spend_rate where 1 = 0') }}
{%- endmacro %}
