"""When figures differ, the reasons are named."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from clv.errors import ClvError
from clv.operations.reproduce import Reproduction, reproduce
from clv.project.config import ClusterLimits
from clv.project.home import Home
from clv.registry.provenance import training_settings
from clv.registry.store import Registry


def card(**changes: Any) -> dict[str, Any]:
    return {
        "model_id": "m",
        "code_commit": "a" * 40,
        "code_dirty": False,
        "training_cutoff": "1997-09-30",
        "labels_end": "1997-12-30",
        "history_months": 9,
        "pred_months": 3,
        "customers": 5,
        "champion": {"kind": "naive_spend_rate"},
        "baseline": {"rmse": 40.0, "r2": 0.3},
        "data": {"fingerprint": "f", "customer_days": 9, "customers": 5, "net_amount": "1.0"},
        "environment": {"python": "3.11.7", "numpy": "2.4.6"},
        **changes,
    }


def test_the_last_digit_counts() -> None:
    assert Reproduction(card(), card(), "a" * 40).equal
    other = card(baseline={"rmse": 40.00000000000001, "r2": 0.3})
    assert not Reproduction(card(), other, "a" * 40).equal


@pytest.mark.parametrize(
    ("before", "after", "commit", "named"),
    [
        (
            {},
            {"data": {"fingerprint": "g", "customer_days": 8}},
            "a" * 40,
            "data: the log up to 1997-12-30",
        ),
        (
            {},
            {"environment": {"python": "3.12.1", "numpy": "2.4.6"}},
            "a" * 40,
            "python 3.11.7 -> 3.12.1",
        ),
        ({"code_dirty": True}, {}, "a" * 40, "never committed"),
        ({}, {}, "b" * 40, "code: " + "b" * 40),
    ],
)
def test_what_changed_is_named(
    before: dict[str, Any], after: dict[str, Any], commit: str, named: str
) -> None:
    reasons = Reproduction(card(**before), card(**after), commit).reasons()
    assert len(reasons) == 1 and named in reasons[0]


def test_an_unknown_commit_is_refused_with_the_way_out(tmp_path: Any) -> None:
    home = Home(tmp_path)
    Registry(home.registry).save({}, card(code_commit="unknown"))
    with pytest.raises(ClvError, match=r"outside a git repository.*--commit"):
        reproduce(home, "m")


def test_an_edited_card_is_nothing_to_compare_with(tmp_path: Any) -> None:
    home = Home(tmp_path)
    registry = Registry(home.registry)
    full = card(
        trained_at="",
        baseline={"rmse": 40.0, "r2": None, "method": "out-of-time", "pred_months": 3},
    )
    registry.save({}, full)
    registry.append(registry.card("m"), "2020", "why")
    path = registry.card_path("m")
    path.write_text(path.read_text().replace("40.0", "39.0"))
    with pytest.raises(ClvError, match="clv verify"):
        reproduce(home, "m")


def test_the_log_is_recorded_as_given_and_without_a_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config: Any = SimpleNamespace(clusters=ClusterLimits())
    monkeypatch.setenv("CLV_TRANSACTIONS", "s3://key:secret@bucket/orders-*.csv")
    settings = training_settings({"data_through": "1998-01-01"}, config)
    assert settings["transactions"] == "s3://***@bucket/orders-*.csv"
    assert settings["vars"] == {"data_through": "1998-01-01"}
    monkeypatch.setenv("CLV_TRANSACTIONS", "data/orders.csv")
    assert training_settings({}, config)["transactions"] == "data/orders.csv"
