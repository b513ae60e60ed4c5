"""Where the log is and what it is stands once, and its files are read on a database of their own."""

import json
from pathlib import Path

import duckdb
import pytest

from clv.project.log_answers import FUNCTIONS
from clv.project.log_reader import LogRows
from clv.project.transaction_log import TransactionLog, form_of


@pytest.mark.parametrize(
    ("location", "form"),
    [
        ("log.csv", "csv"), ("log.csv.gz", "csv"), ("LOG.CSV.ZST", "csv"), ("a/*.tsv", "csv"),
        ("log.tsv.gz", "csv"), ("log.parquet", "parquet"), ("*.pq", "parquet"),
        ("https://host/log.csv?sig=a.b", "csv"), ("s3://bucket/log.parquet", "parquet"),
        ("shop.orders", "table"), ("db.shop.orders", "table"), ("orders", "unknown"),
        ("log.xlsx.csv", "csv"), ("a b.txt", "csv"), ("", "unknown"), ("x; drop table y", "unknown"),
        ("log.jsonl.gz", "json"), ("Book.XLSX", "xlsx"), ("exports/", "folder"), ("exports/*", "folder"),
    ],
)  # fmt: skip
def test_the_end_of_the_name_says_what_the_log_is(location, form):
    assert form_of(location) == form


def test_the_environment_wins_over_the_var():
    assert TransactionLog.named("a.csv", {"CLV_TRANSACTIONS": " b.csv "}).location == "b.csv"
    assert TransactionLog.named("a.csv", {}).location == "a.csv"
    assert TransactionLog.named(None, {}).described == "the transaction log"


def test_a_path_is_made_absolute_an_address_and_a_table_are_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert TransactionLog("log.csv.gz").absolute().location == str(tmp_path / "log.csv.gz")
    for location in ("s3://bucket/log.csv", "shop.orders"):
        assert TransactionLog(location).absolute().location == location


def test_a_relative_compressed_log_is_found_as_the_file_that_it_is(tmp_path):
    (tmp_path / "log.csv.gz").write_bytes(b"x")
    log = TransactionLog("log.csv.gz")
    assert not log.is_table and not log.is_placed
    assert log.below([tmp_path / "none", tmp_path]) == TransactionLog(str(tmp_path / "log.csv.gz"))
    assert log.below([tmp_path / "none"]) is None


def test_secrets_of_an_address_are_not_shown():
    log = TransactionLog("https://me:word@host/log.csv?X-Amz-Signature=abc&part=1")
    assert "word" not in log.described and "abc" not in log.described
    assert "part=1" in log.shown


@pytest.fixture
def files(tmp_path) -> Path:
    (tmp_path / "it's 1.csv").write_text("a,b\n1,2\n")
    (tmp_path / "it's 2.csv").write_text("b,a\n4,3\n")
    (tmp_path / "other.csv").write_text("a,b\n9,9\n")
    return tmp_path


def rows(log: LogRows) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        connection.register("clv_log_rows", log)
        first = connection.execute("select * from clv_log_rows order by all").fetchall()
        assert connection.execute("select * from clv_log_rows order by all").fetchall() == first
    return first


def test_rows_stream_as_often_as_they_are_asked_for(files):
    log = LogRows()
    assert rows(log) == []
    paths = [str(files / "it's 1.csv"), str(files / "it's 2.csv")]
    quoted = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    log.open(
        paths, f"select a, b from read_csv([{quoted}], all_varchar = true, union_by_name = true)"
    )
    assert rows(log) == [("1", "2"), ("3", "4")]


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_csv('{folder}/other.csv')",
        "select content from read_text('/etc/passwd')",
        "select * from glob('{folder}/*')",
        "select * from clv_predictions",
        "copy (select 1) to '{folder}/written.csv'",
        "attach '{folder}/home.duckdb'",
        "set enable_external_access = true",
        "install httpfs",
    ],
)
def test_a_query_over_the_log_reaches_nothing_else(files, query):
    log = LogRows()
    log.open([str(files / "it's 1.csv")], query.format(folder=files))
    with pytest.raises(duckdb.Error):
        log._relation("").fetchall()
    assert sorted(path.name for path in files.iterdir()) == [
        "it's 1.csv",
        "it's 2.csv",
        "other.csv",
    ]


def test_the_macros_are_told_whether_the_log_is_read_apart(files):
    opened = FUNCTIONS["clv_open_log"]
    columns = {"customer_id": "a", "ordered_at": "a", "amount": "b"}
    asked = {"location": str(files / "it's*.csv"), "columns": columns, "options": {}}
    assert "of 2 dates that were looked at" in json.loads(opened(json.dumps(asked)))["error"]
    asked["columns"] = {"amount": "b"}
    answer = json.loads(opened(json.dumps(asked)))
    assert answer["apart"] and answer["notes"] == [] and "from clv_log_rows" in answer["relation"]
    remote = json.dumps({**asked, "location": "s3://bucket/x.csv"})
    answer = json.loads(opened(remote))
    assert answer.get("apart") is False or "its extension httpfs" in answer["error"]
    gone = json.dumps({**asked, "location": str(files / "gone*.csv")})
    assert "no file matches" in json.loads(opened(gone))["error"]
