"""When figures differ, the reasons are named."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from registry_world import BASELINE, card_of, model_of, moment, named

from clv.errors import ClvError
from clv.operations.reproduce import Reproduction, reproduce
from clv.project.config import ClusterLimits
from clv.project.home import Home
from clv.project.home_log import HomeLog
from clv.registry.card import ModelCard
from clv.registry.provenance import training_settings
from clv.registry.store import Registry

M = named()
DATA = card_of(M)["data"]


def card(**changes: Any) -> ModelCard:
    environment = {"python": "3.11.7", "numpy": "2.4.6"}
    return ModelCard.sealed(card_of(M, **{"environment": environment, **changes}), "0" * 64)


def test_the_last_digit_counts() -> None:
    assert Reproduction(card(), card(), "a" * 40).equal
    other = card(baseline={**BASELINE, "rmse": 40.00000000000001})
    assert not Reproduction(card(), other, "a" * 40).equal


@pytest.mark.parametrize(
    ("before", "after", "commit", "named"),
    [
        (
            {},
            {"data": {**DATA, "fingerprint": "g", "customer_days": 8}},
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
    Registry(home.registry).save(model_of(M), card_of(M, code_commit="unknown"))
    with pytest.raises(ClvError, match=r"outside a git repository.*--commit"):
        reproduce(home, M)


def test_an_edited_card_is_nothing_to_compare_with(tmp_path: Any) -> None:
    home = Home(tmp_path)
    registry = Registry(home.registry)
    registry.append(registry.save(model_of(M), card_of(M)), moment(), "why")
    path = registry.card_path(M)
    path.write_text(path.read_text().replace("40.0", "39.0", 1))
    with pytest.raises(ClvError, match="clv verify"):
        reproduce(home, M)


def test_the_log_is_recorded_as_given_and_without_a_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config: Any = SimpleNamespace(clusters=ClusterLimits())

    def log(section: dict[str, Any], given: dict[str, Any]) -> HomeLog:
        return HomeLog(Path("config.yaml"), section, given, os.environ)

    monkeypatch.setenv("CLV_TRANSACTIONS", "s3://key:secret@bucket/orders-*.csv")
    settings = training_settings(log({}, {"data_through": "1998-01-01"}), config)
    assert settings["transactions"] == "s3://***@bucket/orders-*.csv"
    assert settings["vars"] == {"data_through": "1998-01-01"}
    monkeypatch.setenv("CLV_TRANSACTIONS", "data/orders.csv")
    assert training_settings(log({}, {}), config)["transactions"] == "data/orders.csv"


def test_what_the_home_s_config_says_of_the_log_is_recorded_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config: Any = SimpleNamespace(clusters=ClusterLimits())
    monkeypatch.delenv("CLV_TRANSACTIONS", raising=False)
    section = {"transactions": "../log.csv", "columns": {"amount": "a"}, "timezone": "Europe/Rome"}
    log = HomeLog(Path("config.yaml"), section, {"columns": {"amount": "b"}}, os.environ)
    settings = training_settings(log, config)
    assert settings["transactions"] == "../log.csv"
    assert settings["vars"] == {"columns": {"amount": "b"}, "timezone": "Europe/Rome"}
