"""Options that say nothing, or something else than they may, are refused and never the default."""

import pytest
from shop import Shop

from clv.project.config import read_config
from clv.project.home import Home


@pytest.fixture
def shop(tmp_path) -> Shop:
    return Shop(tmp_path / "home", "shop.orders")


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "--cutoff", ""],
        ["run", "--cutoff", ""],
        ["run", "--until", " "],
        ["run", "--data-through", ""],
        ["monitor", "--data-through", ""],
        ["monitor", "--relabel", ""],
    ],
)
def test_an_empty_date_as_of_an_unset_variable_is_not_the_default(shop, arguments, monkeypatch):
    (shop.home / "registry").mkdir(parents=True)
    monkeypatch.setattr("clv.operations.run._schedule", lambda *_: None)
    monkeypatch.setattr("clv.project.dbt.DbtProject.refresh_log", lambda _: pytest.fail("went on"))
    done = shop.clv(*arguments)
    assert done.code == 1 and done.out == ""
    assert "is not a date of the calendar. Write it as yyyy-mm-dd" in done.err


def test_two_cutoffs_do_not_go_together_even_where_one_is_empty(shop):
    assert shop.clv("run", "--cutoff", "", "--until", "2020-01-31").code == 2


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["train", "--vars", ""], 1, "--vars takes a YAML mapping"),
        (["train", "--vars", "{a: ["], 1, "--vars is not valid YAML (line 1: "),
        (["train", "--history-months", "9999"], 2, "1<=x<=120"),
        (["train", "--pred-months", "121"], 2, "1<=x<=120"),
        (["tune", "--history-months", "0"], 2, "list of months from 1 to 120"),
        (["tune", "--history-months", "121"], 2, "list of months from 1 to 120"),
        (["tune", "--pred-months", "x"], 2, "list of months from 1 to 120"),
        (["tune", "--pred-months", ""], 2, "list of months from 1 to 120"),
        (["tune", "--sample", "nan"], 2, "not a share above 0 and up to 1"),
        (["tune", "--sample", "0"], 2, "not a share above 0 and up to 1"),
        (["tune", "--sample", "1.5"], 2, "not a share above 0 and up to 1"),
        (["tune", "--sample", "inf"], 2, "not a share above 0 and up to 1"),
        (["verify", "--head", "zzz"], 2, "not a SHA-256 (64 hexadecimal digits)"),
        (["verify", "--head", ""], 2, "not a SHA-256 (64 hexadecimal digits)"),
        (["promote", "m", "--reason", " "], 2, "--reason must say why"),
        (["purge", "--archive", ""], 2, "the folder is empty"),
        (["ack", "19980210_pred3m", "--decision", "wait", "--by", ""], 1, "--by is empty"),
        (["ack", "19980210_pred3m", "--decision", ""], 1, "the decision is empty"),
    ],
)
def test_a_wrong_value_ends_with_its_code_and_one_message(shop, arguments, code, words):
    (shop.home / "outputs").mkdir(parents=True)
    (shop.home / "outputs" / "drift_alert_19980210_pred3m.md").write_text("an alert")
    done = shop.clv(*arguments)
    assert done.code == code and done.out == ""
    assert words in done.err and "Traceback" not in done.err
    assert not (shop.home / "registry").exists()


@pytest.mark.parametrize("head", ["A" * 64, "a" * 64])
def test_a_head_may_be_written_in_either_case(shop, head):
    shop.home.mkdir()
    done = shop.clv("verify", "--head", head)
    assert done.code == 1 and f"no row of the manifest has the hash {'a' * 64}" in done.err


def test_the_months_of_the_config_are_bounded_as_those_of_the_options(shop):
    home = Home(shop.home)
    home.ensure()
    text = home.config.read_text().replace("history_months: 9", "history_months: 9999")
    home.config.write_text(text)
    done = shop.clv("status")
    assert done.code == 1 and "9999; it takes a whole number from 1 to 120" in done.err
    home.config.write_text(text.replace("9999", "120"))
    assert read_config(home.config).training.history_months == 120
