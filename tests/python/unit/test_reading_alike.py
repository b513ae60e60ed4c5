"""Logs of several files with other columns, and values that hold other values: told, never swallowed."""

from __future__ import annotations

import gzip
import json

import duckdb
import openpyxl
import pytest
from reading_world import HEADER, opened, rows, written

from clv.errors import ClvError
from clv.project import json_keys, log_select

pytestmark = pytest.mark.slow

ROW = "1,2021-03-01,5\n"
OTHER = "client,day,sum\n2,2021-03-02,6\n"
BOTH = ["1 2021-03-01 5", "2 2021-03-02 6"]


def objects(*listed: dict[str, object]) -> str:
    return "".join(json.dumps(each) + "\n" for each in listed)


ONE = {"customer_id": "1", "ordered_at": "2021-03-01", "amount": "5"}
# By name: the files, and of the last of them the columns that it is refused for.
UNLIKE: dict[str, tuple[dict[str, str | bytes], list[str]]] = {
    "other names": ({"a.csv": HEADER + ROW, "b.csv": OTHER}, ["customer_id", "ordered_at", "amount"]),
    "the other way round": ({"b.csv": HEADER + ROW, "a.csv": OTHER}, ["customer_id", "ordered_at", "amount"]),
    "one is missing": ({"a.csv": HEADER + ROW, "b.csv": "customer_id,amount\n2,6\n"}, ["ordered_at"]),
    "no header": ({"a.csv": HEADER + ROW, "b.csv": ROW}, ["customer_id", "ordered_at", "amount"]),
    "compressed": ({"a.csv": HEADER + ROW, "b.csv.gz": gzip.compress(OTHER.encode())}, ["customer_id"]),
    "another encoding": ({"a.csv": HEADER + ROW, "b.csv": OTHER.encode("utf-16")}, ["customer_id"]),
    "partitions": ({"month=01/a.csv": HEADER + ROW, "month=02/a.csv": OTHER}, ["customer_id", "amount"]),
    "JSON": ({"a.jsonl": objects(ONE), "b.jsonl": objects({**ONE, "amount": "6"} | {"client": 2})
        .replace('"customer_id": "1", ', "")}, ["customer_id"]),
}  # fmt: skip


@pytest.mark.parametrize("name", UNLIKE)
def test_a_file_that_misses_a_mapped_column_is_refused_by_its_name(name, tmp_path):
    files, missing = UNLIKE[name]
    odd = [written(tmp_path / "log", path, content) for path, content in files.items()][-1]
    for location in ("log", "log/**/*"):
        with pytest.raises(ClvError) as refused:
            opened(tmp_path / location)
        message = str(refused.value)
        assert str(odd) in message and "rows would be lost" in message and "\n" not in message
        assert all(f"'{column}'" in message for column in missing), message


def test_a_column_within_an_expression_is_missed_as_well(tmp_path):
    written(tmp_path, "a.csv", "customer_id,ordered_at,price,fee\n1,2021-03-01,5,0\n")
    written(tmp_path, "b.csv", "customer_id,ordered_at,price\n1,2021-03-01,5\n")
    with pytest.raises(ClvError, match=r"b\.csv misses .* the column 'fee' \(amount\)"):
        opened(tmp_path, {"amount": "price - coalesce(fee, 0)"})


def test_files_of_parquet_and_of_excel_are_held_to_the_same(tmp_path):
    for path, column in (("a.parquet", "customer_id"), ("b.parquet", "client")):
        duckdb.execute(
            f"copy (select 1 as {column}, date '2021-03-01' as ordered_at, 5.0 as amount, "
            f"{{'customer_id': 3}} as part) to '{written(tmp_path, path, '')}' (format parquet)"
        )
    with pytest.raises(ClvError, match=r"b\.parquet misses .*'customer_id' \(customer_id\)"):
        opened(tmp_path / "*.parquet")
    for path, names in (("a.xlsx", [*ONE]), ("b.xlsx", ["client", *[*ONE][1:]])):
        book = openpyxl.Workbook()
        for line in (names, [*ONE.values()]):
            book.active.append(line)
        book.save(tmp_path / path)
    with pytest.raises(ClvError, match=r"b\.xlsx misses .*'customer_id'"):
        opened(tmp_path / "*.xlsx")


@pytest.mark.parametrize(
    "second",
    [
        "amount,ordered_at,customer_id\n6,2021-03-02,2\n",
        "note,Customer_ID,ordered_at,AMOUNT\nx,2,2021-03-02,6\n",
        "customer_id;ordered_at;amount;note\n2;2021-03-02;6;x\n",
    ],
)
def test_other_columns_their_order_and_their_case_do_not_matter(second, tmp_path):
    written(tmp_path, "a.csv", HEADER + ROW)
    written(tmp_path, "b.csv", second)
    assert rows(opened(tmp_path)) == BOTH


def test_hidden_files_are_none_of_the_log_unless_they_are_named(tmp_path):
    written(tmp_path, "a.csv", HEADER + ROW)
    written(tmp_path, ".checkpoints/a.csv", HEADER + ROW)
    written(tmp_path, ".b.csv", HEADER + "2,2021-03-02,6\n")
    for location in ("", "*.csv", "**/*.csv"):
        assert rows(opened(f"{tmp_path}/{location}")) == BOTH[:1]
    assert rows(opened(tmp_path / ".b*.csv")) == BOTH[1:]
    assert rows(opened(tmp_path / ".checkpoints" / "*.csv")) == BOTH[:1]


def test_a_key_of_json_that_stands_far_down_in_a_file_is_there(tmp_path, monkeypatch):
    plain = {**ONE, "customer_id": "2", "ordered_at": "2021-03-02", "amount": "6"}
    written(tmp_path, "a.jsonl", objects({**ONE, "state": "paid"}))
    written(tmp_path, "b.jsonl", objects(*[plain] * 20_000, {**plain, "state": "void"}))
    monkeypatch.setattr(json_keys, "LOOKED_AT", 2_000)
    found = opened(tmp_path, {"status": "state"})
    assert len(rows(found)) == 20_002


CUSTOMER = {"id": 7, "orders_count": 1}
MONEY = {"shop_money": {"amount": "5.00", "currency_code": "EUR"}}
# By name: the value of a key, its role, words of the refusal, and the expression that it proposes.
NESTED: dict[str, tuple[object, str, list[str], str]] = {
    "an object": (CUSTOMER, "customer_id", ['{"id":7', "id, orders_count"], "x ->> 'id'"),
    "a list": ([7, 8], "customer_id", ["[7,8]"], "x ->> '/0'"),
    "a list of objects": ([CUSTOMER], "customer_id", ["id, orders_count"], "x ->> '/0/id'"),
    "a key of another sign": ({"$oid": "7"}, "customer_id", ["$oid"], "x ->> '/$oid'"),
    "no key that is known": ({"n": {"a/b": 7}}, "customer_id", [], "x ->> '/n/a~1b'"),
    "money": (MONEY, "amount", ["shop_money"], "x ->> '/shop_money/amount'"),
    "a date": ({"$date": "2021-03-01"}, "ordered_at", ["$date"], "x ->> '/$date'"),
    "an order": ({"name": "#7", "id": 7}, "order_id", ["name, id"], "x ->> 'id'"),
}
READ = {"customer_id": "7", "amount": "5", "ordered_at": "2021-03-01", "order_id": "7"}


@pytest.mark.parametrize("name", NESTED)
def test_a_value_that_holds_others_is_refused_with_the_expression_that_takes_one(name, tmp_path):
    value, role, words, fix = NESTED[name]
    row = {**ONE, "x": value}
    file = written(
        tmp_path, "log.json", json.dumps([row]) if role == "amount" else objects(row) * 3
    )
    with pytest.raises(ClvError) as refused:
        opened(file, {role: "x"})
    message = str(refused.value)
    for word in [f"columns.{role} is `x`", f"`{fix}`", f"--{role.replace('_', '-')}", *words]:
        assert word in message, message
    assert rows(opened(file, {role: fix}), f"cast({role} as varchar)")[0].startswith(READ[role])


def test_all_that_hold_others_are_told_at_once_also_within_lower_and_in_csv(tmp_path):
    file = written(
        tmp_path, "a.jsonl", objects({"who": CUSTOMER, "at": "2021-03-01", "sum": MONEY})
    )
    asked = {"customer_id": "lower(who)", "ordered_at": "at", "amount": "sum"}
    with pytest.raises(ClvError, match=r"`who ->> 'id'`.*`sum ->> '/shop_money/amount'`"):
        opened(file, asked)
    quoted = json.dumps(CUSTOMER).replace('"', '""')
    file = written(tmp_path, "a.csv", HEADER + f'"{quoted}",2021-03-01,5\n')
    with pytest.raises(ClvError, match=r"`customer_id ->> 'id'`"):
        opened(file)
    assert rows(opened(file, {"customer_id": "customer_id ->> 'id'"})) == ["7 2021-03-01 5"]


def test_the_parts_of_structs_and_lists_are_taken_as_sql_takes_them(tmp_path):
    file = tmp_path / "a.parquet"
    duckdb.execute(
        "copy (select {'id': 7, 'name': 'x'} as who, [{'at': date '2021-03-01'}] as day, "
        "map {'amount': 5.0} as paid, {'shop money': {'amount': 5.0}} as total) "
        f"to '{file}' (format parquet)"
    )
    asked = {"customer_id": "who", "ordered_at": "day", "amount": "paid"}
    with pytest.raises(ClvError, match=r"`who\.id`.*`day\[1\]\.at`.*`paid\['amount'\]`"):
        opened(file, asked)
    with pytest.raises(ClvError, match=r'`total\."shop money"\.amount`'):
        opened(file, {**asked, "amount": "total"})
    for amount in ("paid['amount']", 'total."shop money".amount'):
        found = opened(file, {"customer_id": "who.id", "ordered_at": "day[1].at", "amount": amount})
        assert rows(found) == ["7 2021-03-01 5"]


def test_a_few_broken_amounts_cost_their_rows_and_brackets_are_no_list(tmp_path):
    lines = [{**ONE, "customer_id": "[deleted]"}] * 9 + [{**ONE, "amount": {"a": 1}}]
    found = rows(opened(written(tmp_path, "a.jsonl", objects(*lines))))
    assert found == ["[deleted] 2021-03-01 5"] * 9 + ["1 2021-03-01 -"]


def test_an_object_beyond_the_rows_that_were_looked_at_ends_the_reading(tmp_path, monkeypatch):
    monkeypatch.setattr(log_select, "LOOKED_AT", 3)
    monkeypatch.setattr("clv.project.log_reader.LOOKED_AT", 3)
    file = written(tmp_path, "a.jsonl", objects(*[ONE] * 4, {**ONE, "customer_id": CUSTOMER}))
    with pytest.raises(duckdb.Error, match="no single value but holds others"):
        rows(opened(file))


def test_a_file_that_may_not_be_read_is_said_so_of_every_kind(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: "closed" not in str(path))
    for name in ("closed.csv", "closed.parquet", "closed.jsonl"):
        file = written(tmp_path, name, HEADER + ROW)
        with pytest.raises(ClvError, match="which this user may not read"):
            opened(file)
