"""`clv init` from a file to a home whose log is right to the cent; and what it refuses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from exports import EXPORTS, Export, shop
from shop import Shop

ORDERS = shop()


def section(of: Shop) -> dict:
    return yaml.safe_load((of.home / "config" / "model_config.yaml").read_text())["log"]


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Export]:
    folder = tmp_path_factory.mktemp("exports")
    return {name: EXPORTS[name](folder, ORDERS) for name in ("German", "Shopify")}


@pytest.mark.parametrize("name", ["Shopify"])  # the others: tests/python/unit/test_init_exports.py
@pytest.mark.exhaustive  # unit tests read all five exports to the cent
def test_a_file_is_read_right_to_the_cent_without_a_word_of_yaml(name, exports, tmp_path):
    export = exports[name]
    home = Shop(tmp_path / "home")
    done = home.clv("init", str(export.path), "--yes")
    assert done.code == 0, done.err
    assert f"{export.customers} customers" in done.err and f"{export.money}00 in all" in done.err
    assert section(home)["transactions"] == str(export.path)


@pytest.mark.exhaustive  # test_input.py reads a home's config by both
def test_what_init_wrote_is_read_by_plain_dbt_and_by_clv(exports, tmp_path):
    export = exports["German"]
    home = Shop(tmp_path / "home")
    home.home.mkdir()
    inside = home.home / "orders.csv"
    inside.write_bytes(export.path.read_bytes())
    assert home.clv("init", str(inside), "--yes").code == 0
    assert section(home)["transactions"] == "../orders.csv"  # the home can be moved
    assert home.dbt("run", "--select", "stg_clv__classified_transactions").code == 0
    money = home.query(
        "select sum(amount) from stg_clv__classified_transactions where reason is null"
    )
    assert money.iloc[0, 0] == float(export.money)


HEAD = "customer_id,order_date,amount\n"
ROWS = "7,2021-01-05,50.00\n007,2021-02-05,20.00\n8,2021-03-05,30.00\n,2021-03-06,1.00\n"


@pytest.mark.exhaustive  # tests/python/unit/test_reading_files.py
def test_a_line_of_totals_is_a_footer_and_ids_that_differ_in_zeros_are_told(tmp_path):
    log, home = tmp_path / "log.csv", Shop(tmp_path / "home")
    log.write_text(HEAD + ROWS + "Total,,101.00\n")
    done = home.clv("init", str(log), "--yes")
    assert done.code == 0, done.err
    assert "the last line is the sum of all others" in done.err
    assert "2 customer ids differ from another one in zeros" in done.err
    assert "4 rows: 3 kept (of 3 customers, 2021-01-05 to 2021-03-05, 100.0000 in all)" in done.err
    assert section(home)["reader"] == {"footer_rows": 1}


def test_what_train_refuses_init_refuses_once_it_was_shown(tmp_path):
    log, home = tmp_path / "log.csv", Shop(tmp_path / "home")
    log.write_text(HEAD + ROWS + "".join(f",2021-04-{day:02d},90.00\n" for day in range(1, 15)))
    done = home.clv("init", str(log), "--yes")
    assert done.code == 1 and "of the log cannot be used" in done.err and "no_customer" in done.err
    assert "| no_customer" in done.out + done.err
    assert not home.home.exists()


@pytest.mark.parametrize(
    ("name", "content", "options", "words"),
    [
        ("gone.csv", None, [], ["no file matches", "gone.csv"]),
        ("log.csv", "", [], ["is empty"]),
        ("log.csv", HEAD, [], ["a header line and no rows"]),
        ("log.docx", "x", [], ["is no file that is read", ".csv"]),
        ("log.parquet", HEAD + "1,2,3\n", [], ["log.parquet"]),
        ("log.csv", "a,b\n1,x\n2,y\n", [], ["--customer-id", "--ordered-at", "--amount", "a, b"]),
        ("log.csv", HEAD + "1,03/04/2021,5.00\n2,05/06/2021,6.00\n", [],
         ["--date-format", "'%d/%m/%Y', '%m/%d/%Y'", "03/04/2021"]),
        ("log.csv", HEAD + "1,2021-04-03,1.234\n2,2021-04-04,2.500\n", [], ["--decimal", "1.234"]),
        ("log.csv", HEAD + "1,2021-04-03,5.00\n", ["--amount", "Netto"], ["no such column", "order_date"]),
        ("log.csv", HEAD + "1,2021-04-03,5.00\n", ["--decimal", "x"], ["decimal_separator", "'x'"]),
        ("log.csv", HEAD + "1,2021-04-03,5.00\n", ["--encoding", "klingon"], ["encoding"]),
        ("s3://bucket/log.csv", None, [], ["files of this machine"]),
        ("shop.orders", None, [], ["files of this machine"]),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_one_message_and_nothing_is_written(
    tmp_path, name, content, options, words
):
    path = name if "://" in name or name == "shop.orders" else str(tmp_path / name)
    if content is not None:
        Path(path).write_text(content)
    home = Shop(tmp_path / "home")
    done = home.clv("init", path, "--yes", *options)
    assert done.code == 1, done.err
    for word in words:
        assert word in done.err
    assert "Traceback" not in done.err and not home.home.exists()


def test_a_wrong_answer_is_seen_before_it_is_written(tmp_path):
    rows = "".join(f"{n},{1 + n % 28:02d}.0{1 + n % 9}.2021,5.00\n" for n in range(100))
    (tmp_path / "log.csv").write_text(HEAD + rows)
    home = Shop(tmp_path / "home")
    done = home.clv("init", str(tmp_path / "log.csv"), "--date-format", "%Y/%m/%d", "--yes")
    assert done.code == 1 and "cannot be read" in done.err
    assert not home.home.exists()


def test_wrong_usage_ends_with_2(tmp_path):
    home = Shop(tmp_path / "home")
    assert home.clv("init").code == home.clv("init", "x.csv", "--cdnow").code == 2
    (tmp_path / "file").write_text("x")
    assert home.clv("init", "x.csv", "--home", str(tmp_path / "file")).code == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_home_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "home").mkdir(mode=0o500)
    done = Shop(tmp_path / "home").clv("init", "--cdnow")
    assert done.code == 1 and "cannot write" in done.err
