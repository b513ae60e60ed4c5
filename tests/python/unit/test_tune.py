"""The grid search: comparable cells, no leak, the written rule, readable files."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from accuracy_world import DATA_FROM, features_and_labels, purchases

from clv import evaluation, grid
from clv.choice import cell_results, choose
from clv.dates import add_months
from clv.errors import ClvError
from clv.grid import Cell, choose_grid, months
from clv.heatmap import draw
from clv.inputs import Reader

FIRST, LAST = dt.date(1997, 1, 1), dt.date(1998, 6, 30)


CUTOFF = dt.date(2023, 6, 30)


def population() -> pd.DataFrame:
    """Rows of `training_set` of one cutoff and history, two prediction windows."""
    log = purchases(500, 720, 5)
    windows = [
        features_and_labels(log, CUTOFF, 9, pred).assign(
            window_end=pd.Timestamp(add_months(CUTOFF, pred))
        )
        for pred in (1, 3)
    ]
    return pd.concat(windows, ignore_index=True)


def test_the_default_grid_on_cdnow_is_cut_to_what_every_cell_can_carry() -> None:
    chosen = choose_grid(grid.HISTORY_MONTHS, grid.PRED_MONTHS, 4, FIRST, LAST)
    assert (chosen.histories, chosen.preds) == ((3, 6, 9), (1, 2, 3, 6))
    assert [str(c) for c in chosen.cutoffs] == [
        "1997-09-30",
        "1997-10-31",
        "1997-11-30",
        "1997-12-31",
    ]
    assert len(chosen.cells) + len(chosen.left_out) == 30
    assert "begin before the log" in chosen.left_out[Cell(18, 1)]
    assert "end after the log" in chosen.left_out[Cell(3, 12)]


@pytest.mark.parametrize("last", [dt.date(1998, 6, 30), dt.date(1999, 2, 28), dt.date(2003, 1, 17)])
@pytest.mark.parametrize("origins", [1, 3, 5])
def test_every_cell_has_its_history_and_its_labels_at_every_cutoff(
    last: dt.date, origins: int
) -> None:
    chosen = choose_grid(grid.HISTORY_MONTHS, grid.PRED_MONTHS, origins, FIRST, last)
    assert len(set(chosen.cutoffs)) == origins
    assert {(c, h, p) for c, h, p in chosen.windows()} == {
        (str(c), *cell) for c in chosen.cutoffs for cell in chosen.cells
    }
    for cutoff in chosen.cutoffs:
        for cell in chosen.cells:
            assert add_months(cutoff, cell.pred_months) <= last
            assert add_months(cutoff, -cell.history_months) + grid.SLACK >= FIRST


def test_a_long_log_keeps_the_whole_grid_and_spreads_the_origins() -> None:
    chosen = choose_grid(
        grid.HISTORY_MONTHS, grid.PRED_MONTHS, 4, dt.date(2015, 1, 1), dt.date(2021, 12, 31)
    )
    assert len(chosen.cells) == 30 and not chosen.left_out
    assert chosen.cutoffs[0] == dt.date(2020, 3, 31) and chosen.cutoffs[-1] == dt.date(2020, 12, 31)


def test_a_side_can_be_fixed_and_a_short_log_is_refused() -> None:
    assert choose_grid((3, 6, 9, 12), (6,), 4, FIRST, LAST).preds == (6,)
    with pytest.raises(ClvError, match="too short"):
        choose_grid((24,), (12,), 4, FIRST, LAST)
    assert months("9, 3,3", "--history-months") == (3, 9)
    for wrong in ("0", "3,", "x", "-3", "1.5"):
        with pytest.raises(ClvError, match="list of months"):
            months(wrong, "--history-months")


def test_no_label_reaches_a_fit_or_a_prediction(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails when anything from after the cutoff is handed to a candidate."""
    seen: list[str] = []
    fit, read = Reader.fit, Reader.read

    def spied_fit(features: pd.DataFrame, *rest: Any) -> Reader:
        assert not {*evaluation.LABELS} & set(features.columns)
        seen.append("fit")
        return fit(features, *rest)

    def spied_read(self: Reader, features: pd.DataFrame) -> Any:
        assert not {*evaluation.LABELS} & set(features.columns)
        seen.append("predict")
        return read(self, features)

    monkeypatch.setattr(Reader, "fit", spied_fit)
    monkeypatch.setattr(Reader, "read", spied_read)
    rows = population()
    evaluation.evaluate(rows, set(rows["customer_id"]), DATA_FROM)
    assert seen == ["fit", "predict", "predict"]


def test_labels_change_errors_but_never_predictions(monkeypatch: pytest.MonkeyPatch) -> None:
    predictions: list[np.ndarray] = []

    def measured(predicted: np.ndarray, actual: np.ndarray) -> Any:
        predictions.append(predicted)
        return original(predicted, actual)

    original = evaluation.measure
    monkeypatch.setattr(evaluation, "measure", measured)
    rows = population()
    first = evaluation.evaluate(rows, set(rows["customer_id"]), DATA_FROM)
    second = evaluation.evaluate(
        rows.assign(actual_clv=rows["actual_clv"] * 100 + 7), set(rows["customer_id"]), DATA_FROM
    )
    half = len(predictions) // 2
    for before, after in zip(predictions[:half], predictions[half:], strict=True):
        np.testing.assert_array_equal(before, after)
    assert first[0]["rmse"] != second[0]["rmse"]


def test_errors_are_per_30_days_and_on_the_shared_customers_alone() -> None:
    rows = population()
    shared = set(rows["customer_id"].unique()[:50])
    for result in evaluation.evaluate(rows, shared, DATA_FROM):
        assert result["customers"] == 50
        assert result["fitted_on"] == rows["customer_id"].nunique()
        assert result["rmse_per_30_days"] == pytest.approx(
            result["rmse"] * 30 / result["pred_days"]
        )


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
    assert decided.winner == Cell(9, 3)


def test_within_one_standard_error_the_longer_prediction_then_the_shorter_history_wins() -> None:
    near = {(9, 3): [0.40, 0.50, 0.60], (9, 6): [0.44, 0.46, 0.45], (6, 6): [0.45, 0.45, 0.45],
            (3, 6): [0.20, 0.20, 0.20], (3, 3): [0.49, 0.49, 0.49]}  # fmt: skip
    decided = choose(cell_results(results(near)))
    assert decided.bar == pytest.approx(0.5 - 0.1 / np.sqrt(3))
    assert decided.winner == Cell(6, 6)
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


def test_heat_maps_are_drawn_with_empty_cells_and_equal_values(tmp_path: Path) -> None:
    path = tmp_path / "map.png"
    values = {Cell(3, 1): 10.0, Cell(6, 1): 10.0}
    draw(
        path,
        "title",
        values,
        {Cell(24, 1): "too short"},
        Cell(3, 1),
        "caption",
        lower_is_better=True,
    )
    assert path.read_bytes().startswith(b"\x89PNG")
