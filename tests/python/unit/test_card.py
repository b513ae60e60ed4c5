"""The card for people says what a reader needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from registry_world import BASELINE, FIGURES, candidate, card_of, model_of, moment, named

from clv.errors import ClvError
from clv.registry.card_report import card_text
from clv.registry.store import Registry

M1, M2 = named(1), named(2)


def saved(registry: Registry, **changes: Any) -> str:
    card = card_of(M1, **{
        "champion": {"kind": "bg_nbd_gamma_gamma", "purchases": {"parameters": {"r": 0.25}}},
        "candidates": [
            candidate("bg_nbd_gamma_gamma"),
            candidate("naive_spend_rate", accuracy={**FIGURES, "rmse": 50.0}),
            candidate("pareto_nbd_gamma_gamma", accuracy=None, left_out_because="did not converge"),
        ],
        **changes,
    })  # fmt: skip
    registry.save(model_of(M1), card)
    return M1


def test_the_card_tells_prediction_data_quality_naive_rule_limits_and_reproduction(
    tmp_path: Path,
) -> None:
    registry = Registry(tmp_path)
    text = card_text(registry, saved(registry))
    for part in (
        f"# Model card: {M1}", "Challenger", "in the 3 months after a cutoff", "9 months up to the cutoff",
        "orders.csv", "`1-2-3`", "RMSE 40", "`naive_spend_rate`, has RMSE 50", "20.0% lower",
        "did not converge", "Its limits", f"clv reproduce {M1}", "a" * 40, "python 3.11.7", "purchases: r",
    ):  # fmt: skip
        assert part in text


def test_what_the_training_noted_is_said(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    noted = card_of(M1)["contest"]
    noted["notes"] = ["the log begins on 1997-01-01: 273 days are there"]
    assert "At training: the log begins on 1997-01-01: 273 days are there." in card_text(
        registry, saved(registry, contest=noted)
    )


def test_a_dirty_tree_and_an_undefined_r2_are_said(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    baseline = {**BASELINE, "r2": None, "normalized_gini": None}
    text = card_text(registry, saved(registry, code_dirty=True, baseline=baseline))
    assert "not committed" in text and "R² undefined" in text and "Gini undefined" in text


def test_promotion_changes_the_standing(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    saved(registry)
    registry.append(registry.card(M1), moment(), "it is better")
    assert (
        "**Champion** (row 1 of the manifest, promoted at 2020-01-01T00:00:00+00:00: it is better)"
        in card_text(registry, M1)
    )


def test_an_unknown_model_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(ClvError, match=f"no card of a model {M2}"):
        card_text(Registry(tmp_path), M2)


def test_texts_of_a_card_are_shown_and_do_nothing(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    said = "no <b>|</b> `fit`\n# Model card: another [x](http://h) \x1b[31m"
    candidates = [candidate("a|b"), candidate("c", accuracy=None, left_out_because=said)]
    content = card_of(M1)
    content["contest"]["notes"] = [said]
    address = "s3://user:c4nary@bucket/x.csv?X-Amz-Signature=c4nary"
    settings = {**content["settings"], "transactions": address}
    changes = {"candidates": candidates, "settings": settings, "contest": content["contest"]}
    text = card_text(registry, saved(registry, **changes))
    assert "<b>" not in text and "[x](" not in text and "\x1b" not in text
    assert [line for line in text.splitlines() if line.startswith("# ")] == [f"# Model card: {M1}"]
    assert "| a\\|b " in text
    assert "c4nary" not in text and "s3://\\*\\*\\*@bucket/x.csv" in text


def test_the_card_shows_the_twelve_months_or_says_that_it_knows_none(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    effects = [-0.5, -0.4, 0, 0, 0, 0, 0, 0, 0, 0.1, 0.2, 0.6]
    season = {"effects": effects, "errors": [0.05] * 12, "months": 36}
    champion = {"kind": "blend", "reader": {"season": season}}
    text = card_text(registry, saved(registry, champion=champion))
    december, january = (
        next(line for line in text.splitlines() if f"| {month} " in line)
        for month in ("December", "January")
    )
    assert "+82%" in december and "+68% to +98%" in december and "-39%" in january
    assert december.count("█") == 18 and january.count("█") == 6
    assert "it errs least" in text


def test_a_card_without_a_season_says_what_that_means(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    assert "may be off by as much" in card_text(registry, saved(registry))
