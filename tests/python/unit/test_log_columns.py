"""Expressions over the log: what SQL says, in full precision, and nothing but one expression."""

from decimal import Decimal

import duckdb
import pytest

from clv.errors import ClvError
from clv.project.log_columns import Mapped, Role, mapped_columns
from clv.project.log_options import LogOptions, log_options
from clv.project.log_select import Seen, typed
from clv.project.roles import ROLES
from clv.project.sql_expression import LogSchema

pytestmark = pytest.mark.slow

# A CSV file, in which everything is text, and the same columns as typed ones of a Parquet file.
TEXT = {
    "customer": "7", "Customer ID": "0042", "when": "2021-03-01 10:30:00", "day": "01/02/2021",
    "type": "refund", "refund": "9", "amount": "40.00", "fee": "1.5", "rate": "0.0000395",
    "Quantity": "3", "Unit Price": "10.10", 'size "x"': "2", "select": "4", "round": "5",
    "Grösse": "6", "注文": "8", "empty": "", "bad": "n/a", "thousands": "1,234.50", "flag": "true",
    "json": '{"total": "12.5"}', "id;": "11", "NULL": "3", "order's": "12", "year": "2021",
}  # fmt: skip
TYPED = {"n": ("DECIMAL(10,2)", "12.34"), "i": ("INTEGER", "70000"),
         "d": ("TIMESTAMP", "'2021-03-01 10:30:00'"),
         "x": ("DOUBLE", "0.1"), "b": ("BOOLEAN", "true"), "s": ("VARCHAR", "'12.50'")}  # fmt: skip


def columns(**mapped: str) -> Mapped:
    types = dict.fromkeys(TEXT, "VARCHAR") | {name: kind for name, (kind, _) in TYPED.items()}
    return mapped_columns(mapped, types)


def value(role: str, expression: str, table: str = "log") -> object:
    """Return what the one row of the log gives."""
    query = typed(table, columns(**{role: expression}), LogOptions(), Seen({}))
    with duckdb.connect() as connection:
        names = [*(f'"{name.replace(chr(34), chr(34) * 2)}"' for name in TEXT), *TYPED]
        literals = [*("'" + text.replace("'", "''") + "'" for text in TEXT.values())]
        literals += [f"cast({given} as {kind})" for kind, given in TYPED.values()]
        listed = ", ".join(f"{v} as {n}" for v, n in zip(literals, names, strict=True))
        connection.execute(f"create table log as select {listed}")
        row = connection.execute(f"select {role} from ({query})").fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    ("expression", "right"),
    [
        # a word inside of a text is not a column, though a column has that name
        ("case when type = 'refund' then -amount when type = 'fee' then 0 else amount end", "-40"),
        ("case type when 'refund' then -amount else amount end", "-40"),
        ("case when type in ('fee', 'refund') then fee else amount end", "1.5"),
        ("case when 'refund' = type then 1 else 2 end", "1"),
        # full precision, rounded once
        ("250000 * rate", "9.875"),
        ("amount * rate * 1000000", "1580"),
        ("1.5 * 0.6667", "1.0001"),
        ("amount / 3", "13.3333"),
        ("rate", "0"),
        ("x * 3", "0.3"),
        ("n * n", "152.2756"),
        ("i * i", "4900000000"),
        # functions of text see text
        ("replace(thousands, ',', '')", "1234.5"),
        ("replace(thousands, ',', '') * 2", "2469"),
        ("length(amount)", "5"),
        ("case when amount like '4%' then amount else 0 end", "40"),
        ("replace(n, '.', '')", "1234"),
        ("cast(amount || '1' as double)", "40.001"),
        ("regexp_extract(json, '[0-9.]+')", "12.5"),
        ("json ->> 'total'", "12.5"),
        ("split_part(thousands, ',', 1)", "1"),
        # names: any case, quoted, with spaces and quotes, keywords, functions, other scripts
        ("QUANTITY * \"unit price\"", "30.3"),
        ("Unit Price", "10.1"),
        ('"size ""x""" + 1', "3"),
        ('"select" + "round" + round("round" / 2)', "12"),
        ("Grösse * 注文", "48"),
        ("GRÖSSE", "6"),
        ('"id;" + "NULL" + "order\'s"', "26"),
        ("year - 2000", "21"),
        ("year", "2021"),
        # null, missing and unreadable values
        ("coalesce(nullif(empty, ''), '0')", "0"),
        ("coalesce(empty, amount)", "40"),
        ("coalesce(nullif(amount, 0), fee)", "40"),
        ("case when bad is null then 1 else 2 end", "2"),
        ("case when empty = '' then 0 else empty end", "0"),
        ("case when n = '' then 0 else n end", "12.34"),
        ("bad * 2", None),
        ("amount + bad", None),
        ("cast(bad as integer)", None),
        ("nullif(1, 1)", None),
        ("null", "3"),
        ("amount / 0", None),
        # numbers, signs, comparisons, conditions
        ("- -1 * -amount", "-40"),
        ("-1", "-1"),
        ("1e3 * amount", "40000"),
        ("1.5E-2 * amount", "0.6"),
        ("amount - -1", "41"),
        ("abs(-amount)", "40"),
        ("round(fee) + floor(fee) + ceil(fee)", "5"),
        ("greatest(amount, Quantity)", "40"),
        ("least(amount, fee, 100)", "1.5"),
        ("case when amount > 9 then 1 else 0 end", "1"),
        ("case when amount between 9 and 100 then 1 else 0 end", "1"),
        ("case when Quantity in (1, 3) then 1 else 0 end", "1"),
        ("case when type > 'a' then 1 else 0 end", "1"),
        ("case when type <> amount then 1 else 0 end", "1"),
        ("if(flag, amount, 0)", "40"),
        ("if(not b, amount, 0)", "0"),
        ("case when flag and amount >= 40 or false then 1 else 0 end", "1"),
        ("case when flag = false then 1 else 0 end", "0"),
        ("case when amount > 100 then 1 when fee > 1 then case when type ilike 'REF%' then 2 end end", "2"),
        ("try_cast(type as double)", None),
        ("amount % 7 + 7 // 2 + 2 ** 3", "16"),
        ("cast(amount as decimal(10, 2)) * n", "493.6"),
        ("s * 2", "25"),
        ("n::varchar || '9'", "12.349"),
        ("$$40$$", "40"),
        ("E'4\\x30'", "40"),
        ("amount * (1 - 0.2)", "32"),
        ("year(\"when\") + month(\"when\")", "2024"),
    ],
)  # fmt: skip
def test_an_amount_is_what_sql_says(expression, right):
    assert value("amount", expression) == (None if right is None else Decimal(right))


@pytest.mark.parametrize(
    ("role", "expression", "right"),
    [
        ("customer_id", "customer id", "0042"),
        ("customer_id", "type || '-' || i", "refund-70000"),
        ("customer_id", "concat(\"Customer ID\", '/', customer)", "0042/7"),
        ("customer_id", "lower(trim(type)) || ''", "refund"),
        ("customer_id", "coalesce(nullif(empty, ''), \"Customer ID\")", "0042"),
        ("customer_id", "lpad(customer, 4, '0')", "0007"),
        ("customer_id", "'it''s; -- /* $1'", "it's; -- /* $1"),
        ("customer_id", "\"id;\" || type", "11refund"),
        ("line_id", "md5(type || i)", "3c5a0b4a8e2b1e07e1c1e2f1c0b8b7b5"),
        ("ordered_at", "strptime(day, '%d/%m/%Y')", "2021-02-01 00:00:00"),
        ("ordered_at", "d + interval 1 hour", "2021-03-01 11:30:00"),
        ("ordered_at", "\"when\" + interval 1 day", "2021-03-02 10:30:00"),
        ("ordered_at", "date_trunc('month', \"when\")", "2021-03-01 00:00:00"),
        ("ordered_at", "make_date(cast(year as int), 2, 3)", "2021-02-03 00:00:00"),
        (
            "ordered_at",
            "case when \"when\" < date '2021-01-01' then null else \"when\" end",
            "2021-03-01 10:30:00",
        ),
        ("ordered_at", "split_part(\"when\", ' ', 1)", "2021-03-01 00:00:00"),
        ("ordered_at", "strptime(bad, '%d/%m/%Y')", "None"),
        ("ordered_at", "cast(\"when\" as timestamp)", "2021-03-01 10:30:00"),
    ],
)  # fmt: skip
def test_ids_and_dates_are_what_sql_says(role, expression, right):
    found = str(value(role, expression))
    assert found == right if role != "line_id" else len(found) == 32


REFUSED = {
    "a statement": ["amount; drop table log", "amount;", "1); drop table log; select (1",
                    "drop table log", "select amount", "copy log to 'x'", "$$a$$; drop table log"],
    "more than one": ["amount, fee", "1), (2", "1) from log where (true", "1) union select (2",
                      "amount) as x, (fee", "amount as x", "amount x", "*", "columns(*)", "log.*"],
    "a comment": ["amount -- all", "amount /* all */", "/* */ amount", "amount --"],
    "a query": ["(select 1)", "(select amount from log)", "exists(select 1)", "amount in (select 1)",
                "amount = any(select 1)", "array(select 1)", "(from log)", "(values (1))"],
    "other rows": ["sum(amount)", "count(*)", "max(amount) filter (where b)", "row_number() over ()",
                   "lag(amount) over (order by i)", "list(amount)", "first(amount order by i)",
                   "string_agg(type, ',')", "list_sum([1])"],
    "files, network, system": ["read_text('/etc/passwd')", "read_csv('x.csv')", "read_blob('x')",
                               "glob('*')", "getenv('HOME')", "current_setting('threads')",
                               "getvariable('x')", "query('select 1')", "query_table('log')",
                               "version()", "current_user", "current_database()", "pg_typeof(i)",
                               "nextval('s')", "write_log('x')", "sleep_ms(100)", "error('x')",
                               "json_execute_serialized_sql('x')", "json_serialize_sql('select 1')",
                               "duckdb_settings()", "pragma_version()", "txid_current()"],
    "the clock and chance": ["random()", "now()", "current_date", "current_timestamp", "today()",
                             "uuid()", "gen_random_uuid()", "age(d)", "get_current_timestamp()"],
    "parameters and variables": ["$1", "?", "$name", "#1", ":x", "@x@"],
    "lambdas": ["list_transform([1], x -> x + 1)", "list_filter([1], lambda x: x > 0)",
                "[x for x in [1]]", "json -> 'total'"],
    "many values": ["unnest([1])", "range(3)", "generate_series(1, 3)", "repeat('x', 9)", "(1, 2)",
                    "{'a': 1}", "struct_pack(a := 1)"],
    "unknown": ["no_such_function(amount)", "nothing", "amount.part", "main.abs(amount)", "amount +",
                "\"no such column\"", "amount::no_such_type", "", "case", "((((amount", "amount\x00",
                "abs(amount, 1, 2)", "amount > fee", "amount + " * 300 + "1", "1" * 5000],
    "no number": ["b", "d", "date '2021-01-01'", "amount > 1", "[1]", "interval 1 day"],
}  # fmt: skip


@pytest.mark.parametrize("expression", [e for many in REFUSED.values() for e in many])
def test_anything_else_is_refused_with_the_var_the_cause_and_the_fix(expression):
    with pytest.raises(ClvError) as refused:
        columns(amount=expression)
    message = str(refused.value)
    assert message.startswith("the var columns.amount is `")
    assert "one SQL expression over columns" in message and "\n" not in message
    assert len(message) < 1000


@pytest.mark.parametrize("role", ["customer_id", "ordered_at", "amount", "order_id", "line_id"])
@pytest.mark.parametrize(
    "expression",
    [
        "1 as x; drop table marker; commit; describe select type",
        "type; drop table marker",
        "type -- the rest",
        "type /* the rest */",
        "'; drop table marker; select '' || type",
        "E'\\'' ; drop table marker; select 'a' || E'\\''",
        "1E'\\'' ; drop table marker; select 'a' || E'\\''",
        "$$ ' $$; drop table marker; select $$ ' $$",
        "$€$ ' $€$; drop table marker; select $€$ ' $€$",
        '"type"" || 1; drop table marker',
    ],
)
def test_more_than_one_expression_is_refused_in_every_role(role, expression):
    with pytest.raises(ClvError, match="one SQL expression over columns") as refused:
        columns(**{role: expression})
    assert str(refused.value).startswith(f"the var columns.{role} is `")


def test_a_refusal_names_the_function_and_the_columns_that_there_are():
    with pytest.raises(ClvError, match="the function read_text reads tables, files"):
        columns(customer_id="read_text('x')")
    with pytest.raises(ClvError, match=r"no column 'Qty'; it has: customer, Customer ID"):
        columns(amount="amount * Qty")
    with pytest.raises(ClvError, match="no column 'Price Unit'"):
        columns(amount="Price Unit")


def test_a_text_column_is_read_alike_whatever_stands_in_it():
    types = {"type": "VARCHAR", "amount": "VARCHAR"}
    expression = "case when type like 'r%' then -amount else amount end"
    once = mapped_columns({"amount": expression}, types)
    assert once == mapped_columns({"amount": expression}, types)
    assert once.numbers == ("amount",) and once.times == ()


def test_what_the_engine_would_read_otherwise_than_it_was_checked_does_not_run(monkeypatch):
    monkeypatch.setattr(LogSchema, "_text", lambda self, node: "amount, fee")
    with pytest.raises(ClvError, match="does not read its own form of it alike"):
        columns(amount="amount * 2")


def test_what_is_not_mapped_is_null_and_every_role_is_answered():
    assert columns().roles["amount"] == Role("null", "NULL")
    assert tuple(columns().roles) == ROLES


def test_a_name_that_the_header_has_twice_means_no_column():
    types = {"amount": "VARCHAR", "amount_1": "VARCHAR", "other": "VARCHAR"}
    for expression in ("amount", "Amount * 2"):
        with pytest.raises(ClvError, match="twice"):
            mapped_columns({"amount": expression}, types, ["amount"])
    assert mapped_columns({"amount": "other"}, types, ["amount"]).roles["amount"].column == "other"


@pytest.mark.parametrize("wrong", ["%Q", 7, ["%d"], "%d%", "%Z %d %m %Y", ["%d/%m/%Y", "%m/%d/%Y"]])
def test_a_date_format_that_reads_nothing_or_two_days_is_refused(wrong):
    with pytest.raises(ClvError, match="the var ordered_at_format"):
        log_options({"ordered_at_format": wrong})


def test_formats_that_read_dates_are_taken():
    for fine in ("%d/%m/%Y %H:%M", "it's %d %b %Y", None, ["%d.%m.%Y", "%Y-%m-%d", "excel_serial"]):
        assert log_options({"ordered_at_format": fine}).formats is not None
