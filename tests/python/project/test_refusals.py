"""Bad input of every kind: one clear message, exit code 1, no traceback, nothing half-written."""

import hashlib
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
import zlib
from dataclasses import replace

import duckdb
import pytest
from shop import Result, Shop

from clv.project.log_contract import path_of, read_contract
from clv.registry.store import Registry

OTHER = "clv_19970930_h9_p3_20200101T000000Z"

WINDOWS = ("stg_clv__champion_manifest", "int_clv__scoring_windows")
GOOD = "customer_id,ordered_at,amount\n1,2020-01-01,5\n2,2020-03-01,6\n"


def refused(result: Result, *words: str) -> None:
    assert result.code == 1
    assert result.out == ""
    assert "Traceback" not in result.err
    assert result.err.count("clv:") == 1, result.err
    for word in words:
        assert word in result.err, result.err


@pytest.fixture
def shop(tmp_path) -> Shop:
    (tmp_path / "log.csv").write_text(GOOD)
    return Shop(tmp_path / "home", tmp_path / "log.csv")


# Of a sort with others here, or held by unit tests of the log's verdict, its columns and its windows.
ALIKE = [
    ("shop.orders", [], ["names no table", "shop.orders"]),
    ("id,ordered_at,amount\n1,2020-01-01,5\n", [], ["no column 'customer_id'", "id, ordered_at"]),
    (GOOD, ["--vars", "{columns: amount}"], ["not a mapping"]),
    (GOOD, ["--vars", "{data_through: soon}"], ["data_through 'soon' is not a date"]),
    (GOOD, ["--cutoff", "1999-01-01", "--pred-months", "1"], ["data, which begins on 2020-01-01"]),
    ("orders", [], ["neither a file, folder or glob", "schema.table"]),
    (GOOD, ["--vars", "{columns: {money: amount}}"], ["the key 'money'", "customer_id, ordered_at"]),
    (GOOD, ["--cutoff", "2031-01-01", "--pred-months", "1"], ["through 2020-03-01", "2020-02-01"]),
    (GOOD, ["--pred-months", "12"], ["too short for 12 months"]),
    (GOOD.replace(",5", ",-5").replace(",6", ",-6"), [], ["(such as -5.0000, -6.0000)", "-(amount)"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("log", "arguments", "words"),
    [
        *(pytest.param(*one, marks=pytest.mark.exhaustive) for one in ALIKE),
        ("missing.csv", [], ["no file matches", "missing.csv"]),
        ("", [], ["empty"]),
        ("customer_id,ordered_at,amount\n", [], ["no usable row", "it is empty"]),
        (GOOD, ["--vars", "{cutoff"], ["--vars is not valid YAML"]),
        (GOOD, ["--vars", "{cutoff: 2020-01-01}"], ["give --cutoff instead"]),
        (GOOD, ["--cutoff", "2020-02-30"], ["'2020-02-30' is not a date", "yyyy-mm-dd"]),
        (GOOD + "3,01.02.2020,5\n" * 12, [], ["12 of 14 dates", "'01.02.2020'", "ordered_at_format"]),
    ],
)  # fmt: skip
def test_training_refuses_bad_input(tmp_path, log, arguments, words):
    shop = Shop(tmp_path / "home", log)
    if "," in log or log == "":
        shop.log = tmp_path / "log.csv"
        shop.log.write_text(log)
    refused(shop.clv("train", *arguments), *words)
    assert not (shop.home / "registry").exists()


@pytest.mark.exhaustive  # tests/python/attack/test_attack_dbt.py
@pytest.mark.parametrize(
    ("role", "expression"),
    [
        ("customer_id", "1 as x; drop table marker; commit; describe select customer_id"),
        ("line_id", "amount; drop table marker"),
    ],
)
def test_a_mapped_expression_that_is_more_than_one_never_reaches_the_engine(shop, role, expression):
    shop.home.mkdir()
    with duckdb.connect(str(shop.home / "clv.duckdb")) as connection:
        connection.execute("create table marker as select 1 as kept")
    done = shop.clv("train", "--vars", json.dumps({"columns": {role: expression}}))
    refused(done, f"the var columns.{role} is `", "one SQL expression over columns")
    assert shop.query("select kept from marker").kept.tolist() == [1]


@pytest.mark.exhaustive  # tests/python/unit/test_log_columns.py
def test_quoted_text_and_names_may_hold_what_an_expression_may_not(tmp_path):
    header, row = 'id;,ordered_at,amount,"kind --"', "7,2020-01-01,5,E"
    (tmp_path / "log.csv").write_text(f"{header}\n{row}\n")
    columns = {
        "customer_id": "\"id;\" || '; it''s -- $1 /*'",
        "amount": "case when \"kind --\" = 'E' then amount - -1 else'0' end",
        "order_id": "id;",
    }
    shop = Shop(tmp_path / "home", tmp_path / "log.csv")
    variables = json.dumps({"columns": columns})
    done = shop.dbt("run", "--select", "stg_clv__classified_transactions", "--vars", variables)
    assert done.code == 0, done.out
    (kept,) = shop.query("select * from stg_clv__classified_transactions").itertuples()
    assert (kept.customer_id, kept.order_id) == ("7; it's -- $1 /*", "7")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("log.parquet", GOOD.encode(), "No magic bytes found"),
        pytest.param(
            "log.parquet",
            b"PAR1" + bytes(40) + b"\xff\xff\xff\x7fPAR1",
            "Footer length error",
            marks=pytest.mark.exhaustive,
        ),
        pytest.param(
            "log.csv",
            (GOOD + "3,2020-01-01,5,ü").encode("latin-1"),
            "reader: {encoding",
            marks=pytest.mark.exhaustive,
        ),
        pytest.param(
            "log.csv.gz", GOOD.encode(), "incorrect header check", marks=pytest.mark.exhaustive
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_cause_and_the_fix(
    tmp_path, name, content, words
):
    log = tmp_path / name
    log.write_bytes(content)
    done = Shop(tmp_path / "home", log).clv("train")
    refused(done, str(log), words)
    assert "Runtime Error" not in done.err and "Possible Solution" not in done.err


@pytest.mark.parametrize("command", ["run", "monitor"])
def test_without_a_champion_the_command_says_to_train(shop, command):
    refused(shop.clv(command), "no champion yet", "`clv train`")


def test_dbt_build_without_a_champion_says_to_train(shop):
    assert not shop.home.exists()  # it is made; without it dbt would wait for a minute
    done = shop.dbt("build")
    assert done.code == 1
    assert "there is no champion yet" in done.out and "Run `clv train` first" in done.out


@pytest.mark.parametrize("home", ["file", "file/home"])
def test_dbt_on_a_home_that_cannot_be_ends_at_once_with_one_message(tmp_path, home):
    (tmp_path / "file").write_text("in the way")
    started = time.monotonic()
    done = Shop(tmp_path / home).dbt("build", "--select", "clv_value_tiers")
    assert time.monotonic() - started < 30  # the profile would try again for 63 seconds
    assert done.code == 1
    assert done.out.count("clv: cannot use the home") == 1
    assert "a file is in its place. Point CLV_HOME at a folder." in done.out


@pytest.mark.parametrize(
    "docs",
    [
        ["parse"],
        pytest.param(["docs", "generate", "--empty-catalog"], marks=pytest.mark.exhaustive),
    ],
)
def test_dbt_parses_and_documents_a_home_that_is_not_there(shop, docs):
    assert shop.dbt(*docs).code == 0


@pytest.mark.exhaustive  # tests/python/unit/test_interrupts.py
@pytest.mark.parametrize("event", ["reading the log", "a contest"])
def test_control_c_is_answered_alike_whatever_is_at_work(shop, sample_log, event):
    command = [sys.executable, "-m", "clv", "train", "--cutoff", "1997-09-30", "--pred-months", "3"]
    environment = {
        **os.environ, "CLV_HOME": str(shop.home), "CLV_TRANSACTIONS": str(sample_log),
        "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # a shell that started the tests in the background has them ignore it
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    # dbt writes its log from the first node on; the training set's target comes before the contest.
    sign = (
        "START"
        if event == "reading the log"
        else "OK created sql table model main.int_clv__training_set"
    )
    log = shop.home / "logs" / "dbt.log"
    deadline = time.monotonic() + 600
    while not (log.exists() and sign in log.read_text()) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 1 and out == ""
    assert err.splitlines()[-1] == ("clv: stopped; nothing is half-written, run the command again")
    assert err.count("clv:") == 1 and "Traceback" not in err and "full log" not in err
    assert not (shop.home / "registry").exists()


def test_show_before_the_first_batch_says_what_to_do(shop):
    refused(shop.clv("show"), "no batch was scored yet", "`clv run`")


def test_a_home_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("in the way")
    refused(Shop(tmp_path / "file" / "home").clv("status"), "cannot use the home", "CLV_HOME")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("training: [", ["not valid YAML"]),
        ("training: {history_months: nine, pred_months: 3}", ["training.history_months", "'nine'"]),
        (
            "training: {history_months: 9, pred_months: 3}\nrun: {last_score_cutoff: soon}",
            ["'soon'"],
        ),
        ("- a\n- b\n", ["no sections"]),
    ],
)
def test_a_broken_config_is_named(shop, text, words):
    config = shop.home / "config" / "model_config.yaml"
    config.parent.mkdir(parents=True)
    config.write_text(text)
    refused(shop.clv("status"), "model_config.yaml", *words)


@pytest.mark.parametrize(
    ("cutoff", "words"),
    [
        ("2031-01-01", "lies after the data, which is complete through 1998-06-30"),
        pytest.param(
            "1990-01-01",
            "lies before the data, which begins on 1997-01-01",
            marks=pytest.mark.exhaustive,
        ),
        pytest.param(
            "'1997-09-31'",
            "'1997-09-31' is not a date of the calendar",
            marks=pytest.mark.exhaustive,
        ),
        pytest.param("{a: 1}", "neither a date nor a list", marks=pytest.mark.exhaustive),
    ],
)
def test_dbt_build_refuses_a_cutoff_that_cannot_be_scored(trained, cutoff, words):
    done = trained.dbt("run", "--select", *WINDOWS, "--vars", f"{{cutoff: {cutoff}}}")
    assert done.code == 1
    assert words in done.out


@pytest.mark.exhaustive  # a cutoff after the data, above
def test_a_cutoff_after_everybody_left_has_nobody_to_score(fresh):
    done = fresh("left").dbt(
        "run", "--select", "int_clv__log_days", *WINDOWS,
        "--vars", "{cutoff: 2005-01-01, data_through: 2005-06-01}",
    )  # fmt: skip
    assert done.code == 1
    assert "has nobody to score: no purchase day in the 9 months up to it" in done.out


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_model_file_that_is_changed_or_missing_is_never_loaded(fresh, damage):
    shop = fresh("damaged")
    (path,) = (shop.home / "registry" / "models").iterdir()
    if damage == "missing":
        path.unlink()
    else:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    refused(
        shop.clv("run", "--cutoff", "1998-05-15"),
        "missing" if damage == "missing" else "not the one that was promoted",
    )
    assert not (shop.home / "outputs").exists()


def test_a_forged_row_with_a_swapped_file_is_refused_by_clv_and_by_dbt_alike(fresh, tmp_path):
    shop = fresh("forged")
    registry = Registry(shop.home / "registry")
    (row,) = registry.rows()

    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "it ran"),))

    path = registry.model_path(row.model_id)
    path.write_bytes(zlib.compress(pickle.dumps(Trap())))
    swapped = hashlib.sha256(path.read_bytes()).hexdigest()
    registry.write_rows([replace(row, model_sha256=swapped)])
    said = shop.clv("run")
    refused(said, "the registry is not what was written", "was edited", "Next: restore")
    done = shop.dbt("build", "--select", "stg_clv__champion_manifest+")
    assert done.code == 1
    assert said.err.removeprefix("clv: ").strip() in " ".join(done.out.split())
    assert not (tmp_path / "it ran").exists()
    assert not (shop.home / "outputs").exists()


@pytest.fixture(scope="module")
def unnamed(trained, tmp_path_factory) -> Shop:
    """Return the trained shop with a challenger, and with no log named. Not to be changed."""
    shop = trained.copy(tmp_path_factory.mktemp("unnamed") / "home")
    assert shop.challenger() == OTHER
    return Shop(shop.home)


@pytest.mark.parametrize(
    "command",
    [["run"], ["monitor"], ["train"], ["tune", "--yes"],
     ["promote", OTHER, "--reason", "why", "--yes", "--force"]],
)  # fmt: skip
def test_a_home_that_knows_no_log_says_how_to_name_one(unnamed, command):
    refused(unnamed.clv(*command), "no transaction log is named", "clv init FILE")
    assert unnamed.query("select * from stg_clv__classified_transactions").shape[0] == 6919
    assert len(Registry(unnamed.home / "registry").rows()) == 1


def test_dbt_build_says_once_that_no_log_is_named(unnamed):
    done = unnamed.dbt("build")
    assert done.code == 1
    assert done.out.count("clv: no transaction log is named. `clv init FILE`") == 1
    assert unnamed.query("select * from stg_clv__classified_transactions").shape[0] == 6919


@pytest.mark.exhaustive  # tests/python/unit/test_log_contract.py
def test_a_log_that_is_not_what_it_was_ends_clv_and_dbt_alike_until_it_is_accepted(
    fresh, sample_log, tmp_path
):
    shop = fresh("changed")
    contract = path_of(shop.home)
    before = contract.read_bytes()
    exports = tmp_path / "exports"
    exports.mkdir()
    for name in ("one.csv", "two.csv"):
        shutil.copy(sample_log, exports / name)
    shop.log = exports / "*.csv"
    said = shop.clv("run")
    again = ["there twice with the same content: 'one.csv' and 'two.csv'", "are exactly 2 times"]
    refused(said, *again, "1997-01-01 (rows ", "--accept-log", "was from")
    plain = " ".join(shop.dbt("build").out.split())
    assert all(words in plain for words in again)
    (exports / "two.csv").unlink()
    lines = sample_log.read_text().replace("\n0", "\n").replace("\n0", "\n")
    (exports / "one.csv").write_text(lines)
    refused(
        shop.clv("monitor"), "sampled customers are not in it any more", "0999, 0099 and now like"
    )
    assert contract.read_bytes() == before
    assert not (shop.home / "outputs").exists()
    accepted = shop.clv("monitor", "--accept-log")
    assert accepted.code == 0, accepted.err
    assert "the log: 6,919 rows (244,091.94) kept, none left out" in accepted.err
    (noted,) = read_contract(shop.home).acknowledged
    assert "sampled customers" in noted.changes[0]
    with exports.joinpath("one.csv").open("a") as log:
        log.write("7,19970315,12.50\n")
    done = shop.dbt("run", "--select", "+int_clv__log_days")
    assert done.code == 0, done.out
    assert "clv: the log's history has changed since" in done.out and "on 1 day" in done.out
    assert len(read_contract(shop.home).acknowledged) == 1
    assert (
        sum(day.rows for day in read_contract(shop.home).days) == 6920
    )  # by the hook of plain dbt


def test_wrong_usage_ends_with_2(shop):
    assert shop.clv("run", "--cutoff", "2020-01-01", "--until", "2020-02-01").code == 2
    assert shop.clv("train", "--pred-months", "0").code == 2
    assert shop.clv("unknown").code == 2
