"""The home's config knows the log; environment and vars win and say so; a section is written alone."""

import json
from pathlib import Path

import pytest
import yaml

from clv.errors import ClvError
from clv.operations.section import CDNOW_SECTION, SectionChange, make_cdnow_home
from clv.project.config import checked_config
from clv.project.hidden_log import hidden_from_dbt, whole_location
from clv.project.home import Home, default_config
from clv.project.home_log import HomeLog, answered
from clv.project.section_rewrite import with_section

SECTION = {"transactions": "../data/orders.csv", "columns": {"amount": "Net"}}


def log_of(folder, section=SECTION, given=None, named=None) -> HomeLog:
    environment = {} if named is None else {"CLV_TRANSACTIONS": named}
    return HomeLog(folder / "config" / "model_config.yaml", section, given or {}, environment)


def test_a_relative_path_of_the_config_is_taken_from_its_folder(tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    assert log_of(tmp_path).log.location == str(tmp_path / "data" / "orders.csv")
    for location in ("/data/o.csv", "s3://bucket/o.csv", "shop.orders"):
        assert log_of(tmp_path, {"transactions": location}).log.location == location


def test_a_relative_path_of_the_vars_is_taken_from_where_the_command_is_called(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    log = log_of(Path("/home"), given={"transactions": "o.csv"})
    assert log.log.location == log.given_vars["transactions"] == str(tmp_path / "o.csv")


@pytest.mark.parametrize(
    ("given", "named", "location", "words"),
    [
        ({}, None, "orders.csv", None),
        ({"transactions": "/v.csv"}, None, "/v.csv", "the var transactions in place"),
        ({"transactions": "/v.csv"}, "/e.csv", "/e.csv", "CLV_TRANSACTIONS (not "),
        ({"columns": {"amount": "Gross"}}, None, "orders.csv", "the var columns in place"),
        ({"columns": {"amount": "Net"}}, None, "orders.csv", None),  # the same
        ({"columns": None, "cutoff": 1}, None, "orders.csv", None),
    ],
)
def test_what_is_given_wins_and_says_so(tmp_path, given, named, location, words):
    log = log_of(tmp_path, given=given, named=named)
    assert log.log.location.endswith(location)
    said = log.overrides()
    assert (said is None) if words is None else (words in said and "model_config.yaml" in said)


def test_a_var_replaces_the_whole_key(tmp_path):
    section = {**SECTION, "columns": {"amount": "Net", "order_id": "Nr"}}
    log = log_of(tmp_path, section, {"columns": {"amount": "Gross"}})
    assert log.vars["columns"] == {"amount": "Gross"}


def test_a_home_without_a_log_names_the_ways_to_one(tmp_path):
    with pytest.raises(ClvError, match=r"no transaction log is named. `clv init FILE`"):
        log_of(tmp_path, {}).check_named()


def test_the_macros_are_told_what_the_config_says_but_no_secret(tmp_path, monkeypatch):
    home = Home(tmp_path)
    address = "s3://key:secretword@bucket/orders.csv"
    SectionChange.of(home, {"transactions": address, "earliest_date": "2020-01-01"}).write()
    monkeypatch.setenv("CLV_HOME", str(tmp_path))
    monkeypatch.delenv("CLV_TRANSACTIONS", raising=False)
    told = {"transactions": "s3://***@bucket/orders.csv", "earliest_date": "2020-01-01"}
    assert json.loads(answered("")) == told
    assert whole_location("s3://***@bucket/orders.csv") == address
    other = "s3://***@other/orders.csv"  # another that a var names
    assert whole_location(other) == other
    assert whole_location("/orders.csv") == "/orders.csv"
    with hidden_from_dbt({}, address) as shown:
        assert shown == {}
    home.config.write_text("log: [")
    assert "not valid YAML" in json.loads(answered(""))["error"]


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("log: {columns: {customer: a}}", "log.columns is 'customer'; it takes a mapping"),
        ("log: {columns: [a]}", "log.columns is ['a']; it takes a mapping"),
        ("log: {transactions: 5}", "log.transactions is 5; it takes a path"),
        ("log: {location: a.csv}", "log.location is a key that nobody reads"),
        ("log: {earliest_date: soon}", "log.earliest_date is 'soon'; it takes a date"),
        ("log: a.csv", "log is 'a.csv'; it takes the keys transactions"),
    ],
)
def test_a_section_that_is_no_log_is_refused_with_its_key(tmp_path, section, words):
    with pytest.raises(ClvError) as refused:
        checked_config(tmp_path / "c.yaml", f"{default_config()}\n{section}\n")
    assert words in str(refused.value)


BEFORE = "training: {history_months: 9, pred_months: 6}  # ours\nmonitoring:\n  a: 1 # x\n"


@pytest.mark.parametrize(
    "text",
    [
        BEFORE, BEFORE + "log:\n", BEFORE + "log: {transactions: x.csv}\n# end\n",
        BEFORE.rstrip("\n"), BEFORE.replace("\n", "\r\n"),
        "log:\n  # of 2021\n  transactions: >-\n    x.csv\n  columns:\n    amount: |\n      a\n\n"
        + BEFORE,
        BEFORE + 'log:\n- "a: b"\n- [c,\n   d]\n',
    ],
)  # fmt: skip
def test_a_section_is_written_whole_and_the_others_keep_every_byte(text):
    body = {"transactions": "ä: b.csv", "columns": {"amount": "a * \"b c\" || ': #'"}}
    after = with_section(text, "log", body, "c.yaml")
    assert yaml.safe_load(after)["log"] == body
    assert ("\r\n" in text) == ("\r\n" in after)
    for line in BEFORE.splitlines():
        assert line in after
    gone = with_section(after, "log", None, "c.yaml")
    assert "log" not in yaml.safe_load(gone)
    assert with_section(after, "log", body, "c.yaml") == after


@pytest.mark.parametrize("text", ["{a: 1}", "{log: {a: 1}, b: 2}", "[a]", "a: [", "a: 1\n...\n"])
def test_a_form_that_cannot_be_changed_safely_is_refused(text):
    with pytest.raises(ClvError, match=r"c\.yaml"):
        with_section(text, "log", {"transactions": "x"}, "c.yaml")


def test_a_new_home_gets_no_log_and_the_cdnow_home_its_own(tmp_path):
    assert "log" not in yaml.safe_load(default_config())
    home = Home(tmp_path / "home")
    make_cdnow_home(home)
    log = HomeLog.of(home, {})
    log = HomeLog(log.config, log.section, {}, {})
    assert log.section == CDNOW_SECTION
    lines = Path(log.log.location).read_text().splitlines()
    assert len(lines) == 69_660 and lines[:2] == [
        "customer_id,ordered_at,amount",
        "00001,1997-01-01,11.77",
    ]
    assert SectionChange.of(home, CDNOW_SECTION).nothing_changes
    again = SectionChange.of(home, {"transactions": "other.csv"})
    assert again.replaces and "+  transactions: other.csv" in again.shown()
