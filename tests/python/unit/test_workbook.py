"""`clv show --xlsx`: every customer in a workbook, no formulas in it, and one message where it cannot be."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import duckdb
import openpyxl
import pytest
from shop import Shop

from clv.core.render import FORMULA_START, csv_value
from clv.scoring import workbook

pytestmark = pytest.mark.slow

IDS = ["00017", "Müller, K.", "a=1", "bell\x07\uffff", *(f"{start}1+1" for start in FORMULA_START)]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    with duckdb.connect(str(tmp_path / "clv.duckdb")) as connection:
        connection.execute(
            "create table customer_segments (cutoff date, customer_id text, predicted_clv double, "
            "clv_rank bigint, revenue decimal(18, 4), expected_next_purchase date)"
        )
        for rank, customer_id in reversed([*enumerate(IDS, start=1)]):
            connection.execute(
                "insert into customer_segments values ('2021-12-31', ?, 0.1, ?, -1.25, null)",
                [customer_id, rank],
            )
    return Shop(tmp_path)


def test_the_workbook_holds_each_customer_in_order_as_text_and_no_formula(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "ROWS_AT_A_TIME", 3)
    path = tmp_path / "with a space.xlsx"
    for _ in range(2):  # the second time in place of the first
        done = shop.clv("show", "--xlsx", str(path))
        assert (done.code, done.out) == (0, f"wrote {path} ({len(IDS)} customers)\n"), done.err
    book = openpyxl.load_workbook(path)
    header, *cells = book["customer_segments"].iter_rows()
    assert [cell.value for cell in header][:2] == ["cutoff", "customer_id"]
    assert [csv_value(row[1].value) for row in cells] == [
        customer_id.replace("\x07\uffff", "\\x07\\uffff").replace("\r", "\\r")
        for customer_id in IDS
    ]
    assert {tuple(cell.data_type for cell in row) for row in cells} == {tuple("dsnnnn")}
    values = {(row[2].value, row[4].value, row[5].value) for row in cells}
    assert values == {(0.1, -1.25, None)}
    assert cells[0][0].value == dt.datetime(2021, 12, 31)
    assert [row[0].value for row in book["columns"].iter_rows(min_row=2)] == [
        cell.value for cell in header
    ]


def test_what_cannot_be_written_is_one_message_and_leaves_nothing(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kept.xlsx"
    path.write_bytes(b"before")
    (tmp_path / "folder.xlsx").mkdir()
    before = sorted(tmp_path.iterdir())

    def refused(*arguments: str) -> str:
        done = shop.clv("show", "--xlsx", *arguments)
        assert (done.code, done.out, done.err.count("\n")) == (1, "", 1), done.err
        assert sorted(tmp_path.iterdir()) == before and path.read_bytes() == b"before"
        return done.err

    assert "does not end in .xlsx" in refused(str(tmp_path / "a.csv"))
    assert "there is no folder" in refused(str(tmp_path / "nowhere" / "a.xlsx"))
    assert "is a folder" in refused(str(tmp_path / "folder.xlsx"))
    with monkeypatch.context() as patched:  # root may write to a read-only folder
        patched.setattr("clv.scoring.workbook.os.access", lambda *_: False)
        assert "Make it writable" in refused(str(path))
    with monkeypatch.context() as patched:
        patched.setattr(workbook, "MOST_ROWS", len(IDS))
        said = refused(str(path))
        assert f"has {len(IDS)} customers" in said and ".parquet" in said
    with monkeypatch.context() as patched:
        patched.setattr(workbook, "LONGEST_TEXT", 10)
        assert "a customer_id has 10 characters" in refused(str(path))
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "openpyxl", None)
        assert "pip install 'clv[excel]'" in refused(str(path))
    assert shop.clv("show", "--xlsx", str(path), "--json").code == 2
    with duckdb.connect(str(tmp_path / "clv.duckdb")) as connection:
        connection.execute("drop table customer_segments")
    assert "no batch was scored yet" in refused(str(path))
