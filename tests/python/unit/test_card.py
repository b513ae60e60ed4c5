"""The card for people says what a reader needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clv.errors import ClvError
from clv.registry.card_report import card_text
from clv.registry.store import Registry

ACCURACY = {
    "customers": 100, "rmse": 40.0, "r2": 0.35, "mae": 14.0, "bias": -2.0,
    "normalized_gini": 0.64, "top_decile_share": 0.5,
}  # fmt: skip


def saved(registry: Registry, **changes: Any) -> str:
    card = {
        "model_id": "m1",
        "trained_at": "2020-01-01T00:00:00+00:00",
        "code_commit": "a" * 40,
        "code_dirty": False,
        "training_cutoff": "1997-09-30",
        "labels_end": "1997-12-30",
        "history_months": 9,
        "pred_months": 3,
        "seed": 1,
        "customers": 100,
        "settings": {"transactions": "orders.csv"},
        "champion": {"kind": "bg_nbd_gamma_gamma", "purchases": {"parameters": {"r": 0.25}}},
        "baseline": {**ACCURACY, "method": "out-of-time", "pred_months": 3, "explanation": "judged later"},
        "candidates": [
            {"kind": "bg_nbd_gamma_gamma", "accuracy": ACCURACY, "left_out_because": None},
            {"kind": "naive_spend_rate", "accuracy": {**ACCURACY, "rmse": 50.0}, "left_out_because": None},
            {"kind": "pareto_nbd_gamma_gamma", "accuracy": None, "left_out_because": "did not converge"},
        ],
        "data": {
            "fingerprint": "1-2-3", "through": "1997-12-30", "customer_days": 500, "customers": 100,
            "first_day": "1997-01-01", "last_day": "1997-12-30", "net_amount": "12.50",
        },
        "environment": {"python": "3.11.7"},
    }  # fmt: skip
    registry.save({}, {**card, **changes})
    return "m1"


def test_the_card_tells_prediction_data_quality_naive_rule_limits_and_reproduction(
    tmp_path: Path,
) -> None:
    registry = Registry(tmp_path)
    text = card_text(registry, saved(registry))
    for part in (
        "# Model card: m1", "Challenger", "in the 3 months after a cutoff", "9 months up to the cutoff",
        "orders.csv", "`1-2-3`", "RMSE 40", "`naive_spend_rate`, has RMSE 50", "20.0% lower",
        "did not converge", "Its limits", "clv reproduce m1", "a" * 40, "python 3.11.7", "purchases: r",
    ):  # fmt: skip
        assert part in text


def test_what_the_training_noted_is_said(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    noted = {"contest": {"notes": ["the log begins on 1997-01-01: 273 days are there"]}}
    assert "At training: the log begins on 1997-01-01: 273 days are there." in card_text(
        registry, saved(registry, **noted)
    )


def test_a_dirty_tree_and_an_undefined_r2_are_said(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    baseline = {
        **ACCURACY,
        "r2": None,
        "method": "out-of-time",
        "pred_months": 3,
        "explanation": "judged later",
    }
    text = card_text(registry, saved(registry, code_dirty=True, baseline=baseline))
    assert "not committed" in text and "R² undefined" in text


def test_promotion_changes_the_standing(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    saved(registry)
    registry.append(registry.card("m1"), "2020-01-02", "it is better")
    assert (
        "**Champion** (row 1 of the manifest, promoted at 2020-01-02: it is better)"
        in card_text(registry, "m1")
    )


def test_an_unknown_model_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(ClvError, match="no card of a model m2"):
        card_text(Registry(tmp_path), "m2")


def test_texts_of_a_card_are_shown_and_do_nothing(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    said = "no <b>|</b> `fit`\n# Model card: another [x](http://h) \x1b[31m"
    candidates = [
        {"kind": "a|b", "accuracy": ACCURACY, "left_out_because": None},
        {"kind": "c", "accuracy": None, "left_out_because": said},
    ]
    settings = {"transactions": "s3://user:c4nary@bucket/x.csv?X-Amz-Signature=c4nary"}
    text = card_text(
        registry,
        saved(registry, candidates=candidates, settings=settings, contest={"notes": [said]}),
    )
    assert "<b>" not in text and "[x](" not in text and "\x1b" not in text
    assert [line for line in text.splitlines() if line.startswith("# ")] == ["# Model card: m1"]
    assert "| a\\|b " in text
    assert "c4nary" not in text and "s3://\\*\\*\\*@bucket/x.csv" in text
