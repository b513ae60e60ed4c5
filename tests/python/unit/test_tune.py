"""The grid search: comparable cells, the written rule, readable files."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clv.cli.options import months
from clv.core.dates import add_months
from clv.core.window import Window, WindowLengths
from clv.errors import ClvError
from clv.project.database import LogDays
from clv.training.plan import SLACK
from clv.tuning.choose import cell_results, choose
from clv.tuning.grid import GridRequest, choose_grid
from clv.tuning.heatmap import HeatMap, draw, label

FIRST, LAST = dt.date(1997, 1, 1), dt.date(1998, 6, 30)
DAYS = LogDays(FIRST, LAST)


def test_the_default_grid_on_cdnow_is_cut_to_what_every_cell_can_carry() -> None:
    chosen = choose_grid(GridRequest(), DAYS)
    assert (chosen.histories, chosen.preds) == ((3, 6, 9), (1, 2, 3, 6))
    assert [str(c) for c in chosen.cutoffs] == [
        "1997-09-30",
        "1997-10-31",
        "1997-11-30",
        "1997-12-31",
    ]
    assert len(chosen.cells) + len(chosen.left_out) == 30
    assert "begin before the log" in chosen.left_out[WindowLengths(18, 1)]
    assert "end after the log" in chosen.left_out[WindowLengths(3, 12)]


@pytest.mark.parametrize("last", [dt.date(1998, 6, 30), dt.date(1999, 2, 28), dt.date(2003, 1, 17)])
@pytest.mark.parametrize("origins", [1, 3, 5])
def test_every_cell_has_its_history_and_its_labels_at_every_cutoff(
    last: dt.date, origins: int
) -> None:
    chosen = choose_grid(GridRequest(origins=origins), LogDays(FIRST, last))
    assert len(set(chosen.cutoffs)) == origins
    assert set(chosen.windows()) == {Window(c, *x) for c in chosen.cutoffs for x in chosen.cells}
    for cutoff in chosen.cutoffs:
        for cell in chosen.cells:
            assert add_months(cutoff, cell.pred_months) <= last
            assert add_months(cutoff, -cell.history_months) + SLACK >= FIRST


def test_a_long_log_keeps_the_whole_grid_and_spreads_the_origins() -> None:
    chosen = choose_grid(GridRequest(), LogDays(dt.date(2015, 1, 1), dt.date(2021, 12, 31)))
    assert len(chosen.cells) == 30 and not chosen.left_out
    assert chosen.cutoffs[0] == dt.date(2020, 3, 31) and chosen.cutoffs[-1] == dt.date(2020, 12, 31)


def test_a_side_can_be_fixed_and_a_short_log_is_refused() -> None:
    assert choose_grid(GridRequest((3, 6, 9, 12), (6,)), DAYS).preds == (6,)
    with pytest.raises(ClvError, match="too short"):
        choose_grid(GridRequest((24,), (12,)), DAYS)
    assert months("9, 3,3", "--history-months") == (3, 9)
    for wrong in ("0", "3,", "x", "-3", "1.5"):
        with pytest.raises(ClvError, match="list of months"):
            months(wrong, "--history-months")


def results(skills: dict[tuple[int, int], list[float]]) -> list[dict[str, Any]]:
    """Raw results whose skills over a naive RMSE of 100 are the given ones."""
    raw = []
    for (history, pred), values in skills.items():
        for origin, skill in enumerate(values):
            base = {"history_months": history, "pred_months": pred, "cutoff": f"1997-0{origin + 1}-28",
                    "pred_days": 30 * pred, "customers": 10, "fitted_on": 10, "r2": skill,
                    "left_out_because": None}  # fmt: skip
            for kind, rmse in (
                ("naive_spend_rate", 100.0),
                ("bg_nbd_gamma_gamma", 100 * (1 - skill)),
            ):
                raw.append({**base, "kind": kind, "rmse": rmse, "rmse_per_30_days": rmse / pred})
    return raw


def test_the_rule_takes_the_highest_mean_skill_when_nothing_is_near() -> None:
    decided = choose(
        cell_results(results({(9, 3): [0.50, 0.51, 0.52], (6, 6): [0.30, 0.31, 0.32]}))
    )
    assert decided.winner == WindowLengths(9, 3)


def test_within_one_standard_error_the_longer_prediction_then_the_shorter_history_wins() -> None:
    near = {(9, 3): [0.40, 0.50, 0.60], (9, 6): [0.44, 0.46, 0.45], (6, 6): [0.45, 0.45, 0.45],
            (3, 6): [0.20, 0.20, 0.20], (3, 3): [0.49, 0.49, 0.49]}  # fmt: skip
    decided = choose(cell_results(results(near)))
    assert decided.bar == pytest.approx(0.5 - 0.1 / np.sqrt(3))
    assert decided.winner == WindowLengths(6, 6)
    assert decided.summary["chosen"].sum() == 1


def test_the_naive_rule_of_a_window_is_the_best_of_all_histories() -> None:
    raw = results({(9, 3): [0.5, 0.5], (6, 3): [0.5, 0.5]})
    for result in raw:
        if result["kind"] == "naive_spend_rate" and result["history_months"] == 6:
            result["rmse"] = 80.0
    frame = cell_results(raw)
    assert set(frame["naive_rmse"]) == {80.0}
    assert frame["skill"].tolist() == pytest.approx([1 - 50 / 80] * 4)


def test_a_kind_that_failed_at_one_origin_does_not_stand_for_its_cell() -> None:
    raw = results({(9, 3): [0.5, 0.5]})
    raw[1] = {"history_months": 9, "pred_months": 3, "cutoff": "1997-01-28", "kind": "bg_nbd_gamma_gamma",
              "left_out_because": "did not converge"}  # fmt: skip
    frame = cell_results(raw)
    assert set(frame["kind"]) == {"naive_spend_rate"} and len(frame) == 2


def test_what_was_left_out_is_told_with_its_cell_and_cutoff() -> None:
    raw = results({(9, 3): [0.5, 0.5], (6, 3): [0.4, 0.4]})
    raw[1] = {**raw[1], "rmse": np.nan, "left_out_because": "did not converge"}
    frame = cell_results(raw).set_index(["history_months", "cutoff"])["left_out_because"]
    assert frame.dropna().to_dict() == {(9, "1997-01-28"): "bg_nbd_gamma_gamma: did not converge"}


def test_a_cell_stands_for_the_kind_with_the_highest_mean_not_the_luckiest_at_each_cutoff() -> None:
    raw = results({(9, 3): [0.5, 0.5]})
    learner = [{**raw[1], "kind": "ridge_regression"}, {**raw[3], "kind": "ridge_regression"}]
    lucky = [{**learner[0], "rmse": 10.0}, {**learner[1], "rmse": 95.0}]
    steady = [{**learner[0], "rmse": 45.0}, {**learner[1], "rmse": 45.0}]
    assert set(cell_results(raw + lucky)["kind"]) == {"bg_nbd_gamma_gamma"}
    assert set(cell_results(raw + steady)["kind"]) == {"ridge_regression"}


@pytest.mark.parametrize(
    ("value", "text"),
    [(1109.4, "1,109"), (695.8, "696"), (99.96, "100"), (25.18, "25.2"), (0.38, "0.380"), (-0.1, "-0.100")],
)  # fmt: skip
def test_figures_of_a_heat_map_have_no_exponents(value: float, text: str) -> None:
    assert label(value) == text


def test_heat_maps_are_drawn_with_empty_cells_and_equal_values(tmp_path: Path) -> None:
    path = tmp_path / "map.png"
    values = {WindowLengths(3, 1): 10.0, WindowLengths(6, 1): 10.0}
    empty = {WindowLengths(24, 1): "too short"}
    draw(path, HeatMap("title", values, empty, WindowLengths(3, 1), "caption", True))
    assert path.read_bytes().startswith(b"\x89PNG")
