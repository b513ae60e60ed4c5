"""What `clv init` asks, and what becomes of the answers; staging itself is not run here."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
import yaml
from shop import Result, Shop

import clv.cli.init
from clv.errors import ClvError
from clv.operations.previewed import Preview

pytestmark = pytest.mark.slow

HEAD = "customer_id,order_date,amount\n"
UNSURE = HEAD + "1,03/04/2021,5.00\n2,05/06/2021,6.00\n"


@pytest.fixture
def home(tmp_path, monkeypatch) -> Shop:
    """Return a home whose previews say that all is well."""
    none = pd.DataFrame(columns=["reason", "log_rows", "amount", "example"])
    read = Preview(pd.DataFrame({"customer_id": ["1"]}), none, 2, 2, 2, "2021-03-04", "2021-06-05", Decimal(11), 0)  # fmt: skip # noqa: E501
    monkeypatch.setattr(clv.cli.init, "preview", lambda section, folder: read)
    (tmp_path / "log.csv").write_text(UNSURE)
    return Shop(tmp_path / "home")


def answered(monkeypatch, home: Shop, text: str, *options: str) -> Result:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    return home.clv("init", str(home.home.parent / "log.csv"), *options)


def section(home: Shop) -> dict:
    return yaml.safe_load((home.home / "config" / "model_config.yaml").read_text())["log"]


def test_a_question_is_asked_and_the_answer_is_written(home, monkeypatch):
    done = answered(monkeypatch, home, "%m/%d/%Y\ny\n")
    assert done.code == 0, done.err
    assert "which is meant" in done.err and "next: `clv train`" in done.err
    assert section(home)["ordered_at_format"] == "%m/%d/%Y"


def test_several_states_are_one_answer_and_none_is_one(home, monkeypatch):
    head, rest = "customer_id,order_date,amount,status\n", "2,2021-03-05,7.00,Lost\n"
    log = head + "1,2021-03-04,5.00,Paid\n1,2021-03-05,6.00,On hold\n" + rest
    (home.home.parent / "log.csv").write_text(log)
    done = answered(monkeypatch, home, "On hold, Lost\ny\n")
    assert done.code == 0, done.err
    assert section(home)["drop_status"] == ["Lost", "On hold"]
    done = answered(monkeypatch, home, "none\ny\n")
    assert done.code == 0 and "drop_status" not in section(home)


def test_no_and_no_answer_change_nothing(home, monkeypatch):
    done = answered(monkeypatch, home, "%m/%d/%Y\nn\n")
    assert done.code == 0 and "nothing was changed" in done.err
    done = answered(monkeypatch, home, "")
    assert done.code == 1 and "Give --date-format" in done.err
    done = answered(monkeypatch, home, "", "--date-format", "%d/%m/%Y")
    assert done.code == 1 and "In scripts, give --yes" in done.err
    assert not home.home.exists()


def test_options_correct_every_guess(home, monkeypatch):
    options = ["--yes", "--date-format", "%d/%m/%Y", "--date-format", "%Y-%m-%d", "--decimal", ".",
               "--thousands", ",", "--timezone", "Europe/Berlin", "--customer-id", "lower(customer_id)",
               "--amount", "amount * 2", "--status", "amount", "--drop-status", "a", "--drop-status", "b",
               "--shop-currency", "EUR", "--exchange-rates", "rates.csv", "--encoding", "utf-8",
               "--delimiter", ",", "--footer-rows", "1", "--max-rejected-share", "0.3",
               "--order-id", "order_date", "--line-id", "amount",
               "--updated-at", "order_date", "--currency", "'EUR'"]  # fmt: skip
    done = answered(monkeypatch, home, "", *options)
    assert done.code == 0, done.err
    assert section(home) == {
        "transactions": str(home.home.parent / "log.csv"),
        "columns": {
            "customer_id": "lower(customer_id)", "ordered_at": "order_date", "amount": "amount * 2",
            "order_id": "order_date", "line_id": "amount", "updated_at": "order_date",
            "status": "amount", "currency": "'EUR'",
        },
        "ordered_at_format": ["%d/%m/%Y", "%Y-%m-%d"], "decimal_separator": ".",
        "thousands_separator": ",", "timezone": "Europe/Berlin", "drop_status": ["a", "b"],
        "exchange_rates": str(Path.cwd() / "rates.csv"), "currency": "EUR",
        "max_rejected_share": 0.3, "reader": {"encoding": "utf-8", "footer_rows": 1},
    }  # fmt: skip


def test_a_second_run_shows_the_difference_and_keeps_the_rest_of_the_config(home, monkeypatch):
    config = home.home / "config" / "model_config.yaml"
    assert answered(monkeypatch, home, "", "--yes", "--date-format", "%d/%m/%Y").code == 0
    config.write_text(config.read_text().replace("history_months: 9", "history_months: 12"))
    again = answered(monkeypatch, home, "", "--yes", "--date-format", "%d/%m/%Y")
    assert again.code == 0 and "says so already" in again.err
    changed = answered(monkeypatch, home, "y\n", "--date-format", "%m/%d/%Y")
    assert "-  ordered_at_format: '%d/%m/%Y'" in changed.err
    assert "+  ordered_at_format: '%m/%d/%Y'" in changed.err
    assert yaml.safe_load(config.read_text())["training"]["history_months"] == 12
    config.write_text(config.read_text() + "colour: red\n")
    refused = answered(monkeypatch, home, "", "--yes", "--date-format", "%d/%m/%Y")
    assert refused.code == 1 and "colour" in refused.err


def test_a_variable_that_stands_in_place_of_the_config_is_said(home, monkeypatch, tmp_path):
    other = Shop(home.home, tmp_path / "other.csv")
    done = answered(monkeypatch, other, "", "--yes", "--date-format", "%d/%m/%Y")
    assert done.code == 0 and "CLV_TRANSACTIONS is set and stands in place of it" in done.err
    done = answered(
        monkeypatch, home, "", "--home", str(tmp_path / "b"), "--yes", "--date-format", "%d/%m/%Y"
    )
    assert done.code == 0 and (tmp_path / "b" / "config" / "model_config.yaml").exists()


def test_a_home_for_cdnow_is_made_over_another_log_only_when_asked(home, monkeypatch):
    assert answered(monkeypatch, home, "", "--yes", "--date-format", "%d/%m/%Y").code == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    done = home.clv("init", "--cdnow")
    assert done.code == 0 and "nothing was changed" in done.err
    assert home.clv("init", "--cdnow", "--yes").code == 0
    assert section(home) == {"transactions": "../cdnow.csv"}
    assert home.clv("init", "--cdnow").code == 0  # again: nothing to ask


def test_a_preview_that_understood_too_little_is_refused():
    none = pd.DataFrame(
        {"reason": ["date_unreadable"], "log_rows": [9], "amount": [None], "example": ["1, soon"]}
    )
    for rows, kept, unreadable, words in (
        (9, 0, 9, "none of the 9 rows"),
        (100, 91, 9, "9 of 100 rows"),
    ):
        read = Preview(none, none, rows, kept, 1, "-", "-", 0, unreadable)
        with pytest.raises(ClvError, match=words):
            read.check_understood()
    Preview(none, none, 1000, 991, 1, "-", "-", 0, 9).check_understood()
