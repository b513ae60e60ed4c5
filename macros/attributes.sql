{#- What is known of customers beside the log: the var `attributes`, as of a cutoff. -#}

{% macro clv_attribute_rows() -%}
  {#- The rows of the table of the var `attributes`, as something that stands behind `from`; none where
      it is not set. -#}
  {%- set location = (clv_log_setting('attributes') or '') | string | trim -%}
  {%- if location == '' or not execute -%}{{ return(none) }}{%- endif -%}
  {%- set request = {'location': location, 'options': clv_reading_options()} -%}
  {%- if clv_log_form(location) == 'table' -%}
    {%- set relation = clv_existing_table(location, 'the var attributes') -%}
    {%- do request.update({'relation': relation, 'types': clv_described_columns('select * from ' ~ relation)}) -%}
  {%- endif -%}
  {{ return(clv_asked('clv_open_attributes', request).relation ~ ' as attribute_rows') }}
{%- endmacro %}

{% macro clv_check_attributes(attributes, days) -%}
  {#- Ends the run where attributes cannot be used: a day that cannot be read, two values of one day, as
      many values as names have, or customers whom the log does not know. Else tells how many it knows. -#}
  {%- set location = (clv_log_setting('attributes') or '') | string | trim -%}
  {%- if location != '' -%}
    {%- set named = "the attributes in '" ~ location ~ "'" -%}
    {%- for row in clv_text_rows('select customer_id, attribute_name, written_known_from, count(*) over () from ' ~ attributes ~ ' where known_from is null and written_known_from is not null order by 1, 2 limit 1', 4) -%}
      {{ clv_fail(named ~ ' have ' ~ row[3] ~ " values without a day from which they are known, such as the " ~ row[1] ~ " of customer '" ~ row[0] ~ "', where it is '" ~ row[2] ~ "'. Write the day as yyyy-mm-dd, 1900-01-01 for what was always known, or leave the column known_from out.") }}
    {%- endfor -%}
    {%- for row in clv_text_rows("select customer_id, attribute_name, coalesce(cast(known_from as " ~ dbt.type_string() ~ "), 'the beginning'), min(attribute_value), max(attribute_value), count(*) over () from " ~ attributes ~ ' group by customer_id, attribute_name, known_from having min(attribute_value) <> max(attribute_value) order by 1, 2, 3 limit 1', 6) -%}
      {{ clv_fail(named ~ ' have two values of one customer known from one day, in ' ~ row[5] ~ " cases: the " ~ row[1] ~ " of customer '" ~ row[0] ~ "' is '" ~ row[3] ~ "' and '" ~ row[4] ~ "' from " ~ row[2] ~ ". Leave one, or give each the day from which it is known in a column known_from.") }}
    {%- endfor -%}
    {%- set found = clv_text_rows('select attribute_name, count(distinct attribute_value) from ' ~ attributes ~ ' group by attribute_name order by 1', 2) -%}
    {%- set told = [] -%}
    {%- for row in found -%}
      {%- if row[1] | int > 1000 -%}
        {{ clv_fail(named ~ ' have ' ~ row[1] ~ " different values of " ~ row[0] ~ ", and up to 1000 are read: an attribute is what customers have in common. Leave the column out, or write groups in it (a region for a postcode, a decade for a birthday).") }}
      {%- endif -%}
      {%- do told.append(row[0] ~ ' (' ~ row[1] ~ (' value)' if row[1] == '1' else ' values)')) -%}
    {%- endfor -%}
    {%- if not found -%}
      {{ clv_fail(named ~ ' hold no value of any customer. Check the file, or leave the key attributes out.') }}
    {%- endif -%}
    {%- set known = clv_first_row('select count(*), count(described.customer_id) from (select distinct customer_id from ' ~ days ~ ') as customers left join (select distinct customer_id from ' ~ attributes ~ ') as described on customers.customer_id = described.customer_id') -%}
    {%- if known[1] == 0 -%}
      {%- set theirs = clv_text_rows('select min(customer_id) from ' ~ attributes, 1)[0][0] -%}
      {%- set ours = clv_text_rows('select min(customer_id) from ' ~ days, 1)[0][0] -%}
      {{ clv_fail(named ~ " describe no customer of the log: its ids are like '" ~ theirs ~ "', those of the log like '" ~ ours ~ "'. Ids are compared as text, leading zeros and all; write those of the log.") }}
    {%- endif -%}
    {%- do clv_tell('attributes: ' ~ told | join(', ') ~ ', known of ' ~ known[1] ~ ' of the ' ~ known[0] ~ ' customers of the log') -%}
  {%- endif -%}
{%- endmacro %}

{% macro clv_attributes_as_of(windows, attributes) -%}
{#- One row per cutoff and customer of whom anything is known by then: `attributes`, a JSON object as
    text, with the latest value of each attribute whose day lies on or before the cutoff. `windows` has
    cutoff; `attributes` is stg_clv__customer_attributes. -#}

with

cutoffs as (

    select distinct cutoff from {{ windows }}

),

known as (

    select
        cutoffs.cutoff,
        given.customer_id,
        given.attribute_name,
        given.attribute_value,
        row_number() over (
            partition by cutoffs.cutoff, given.customer_id, given.attribute_name
            order by given.known_from desc nulls last
        ) as age
    from cutoffs
    inner join {{ attributes }} as given
        on given.known_from is null or given.known_from <= cutoffs.cutoff

)

select
    cutoff,
    customer_id,
    {{ clv_object_of('attribute_name', 'attribute_value') }} as attributes
from known
where age = 1
group by cutoff, customer_id

{%- endmacro %}

{% macro clv_object_of(name, value) -%}
  {{ return(adapter.dispatch('clv_object_of', 'clv')(name, value)) }}
{%- endmacro %}

{% macro default__clv_object_of(name, value) -%}
  cast(to_json(map(list({{ name }} order by {{ name }}), list({{ value }} order by {{ name }}))) as varchar)
{%- endmacro %}

{% macro spark__clv_object_of(name, value) -%}
  to_json(map_from_entries(array_sort(collect_list(struct({{ name }}, {{ value }})))))
{%- endmacro %}

{% macro clv_entries_of(relation) -%}
  {{ return(adapter.dispatch('clv_entries_of', 'clv')(relation)) }}
{%- endmacro %}

{% macro default__clv_entries_of(relation) -%}
  select
        cutoff,
        pred_months,
        customer_id,
        attribute_name,
        json_extract_string(attributes, '$."' || attribute_name || '"') as attribute_value
    from (
        select
            cutoff,
            pred_months,
            customer_id,
            attributes,
            unnest(json_keys(attributes)) as attribute_name
        from {{ relation }}
        where attributes is not null
    ) as entries
{%- endmacro %}

{% macro spark__clv_entries_of(relation) -%}
  select
        cutoff,
        pred_months,
        customer_id,
        attribute_name,
        attribute_value
    from {{ relation }}
    lateral view explode(from_json(attributes, 'map<string, string>')) entries as attribute_name, attribute_value
{%- endmacro %}
