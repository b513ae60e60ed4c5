"""CSV files for people: ids that a spreadsheet would run are text, and come back as they were."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb

from clv.core.render import FORMULA_START, csv_value
from clv.project.home import Home
from clv.scoring.publish import write_batch_files

PLAIN = ["00017", "Müller, K.", "a=1", 'say "x"', "é"]
FORMULAS = [f"{start}1+cmd|' /C calc'!A0" for start in FORMULA_START]


def written(tmp_path: Path, ids: list[str]) -> bytes:
    home = Home(tmp_path)
    home.outputs.mkdir(exist_ok=True)
    with duckdb.connect(str(home.database)) as connection:
        connection.execute(
            "create or replace table clv_clusters (cutoff date, pred_months integer, "
            "customer_id text, model_id text, cluster_id integer, score double)"
        )
        for customer_id in ids:
            connection.execute(
                "insert into clv_clusters values ('2021-12-31', 3, ?, 'm1', -1, -0.5)",
                [customer_id],
            )
    write_batch_files(home)
    return (home.outputs / "clv_clusters_20211231_pred3m.csv").read_bytes()


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(content.decode("utf-8").splitlines(keepends=True)))


def test_no_text_begins_as_a_formula_and_each_comes_back(tmp_path: Path) -> None:
    found = rows(written(tmp_path, PLAIN + FORMULAS))
    cells = [row["customer_id"] for row in found]
    assert not [cell for cell in cells if cell.startswith(tuple("=+-@\t\r\n＝＋－＠"))]
    assert [csv_value(cell) for cell in cells] == sorted(PLAIN + FORMULAS)
    assert {row["customer_id"] for row in found if csv_value(row["customer_id"]) in PLAIN} == {
        *PLAIN
    }


def test_numbers_stay_numbers(tmp_path: Path) -> None:
    assert {(row["cluster_id"], row["score"]) for row in rows(written(tmp_path, ["=1"]))} == {
        ("-1", "-0.5")
    }


def test_ids_of_digits_are_written_as_before(tmp_path: Path) -> None:
    content = written(tmp_path, ["00017", "00018"])
    assert content == (
        b"cutoff,pred_months,customer_id,model_id,cluster_id,score\n"
        b"2021-12-31,3,00017,m1,-1,-0.5\n2021-12-31,3,00018,m1,-1,-0.5\n"
    )
