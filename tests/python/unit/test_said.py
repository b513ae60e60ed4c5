"""What commands say of batches reads as what happened."""

import datetime as dt
from dataclasses import fields
from pathlib import Path

import duckdb
import pytest

from clv.core.window import Batch, Window
from clv.monitoring.alerts import watched
from clv.monitoring.drift import CHANGES, DriftRow
from clv.operations.run import _in_sample, _summary
from clv.project.home import Home
from clv.training.train import history_notes

FIRST, SECOND = Batch(dt.date(1998, 2, 10), 3), Batch(dt.date(1998, 2, 24), 3)


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path)


GIVEN = ("cutoff", "pred_months", "verdict", "verdict_reason", "severity", "rmse", "r2", "baseline_rmse",
         "baseline_r2", "rmse_change")  # fmt: skip
KINDS = {"cutoff": "date", "window_end": "date", "pred_months": "integer"}


def drift(home: Home, *rows: str) -> None:
    """Make a `clv_drift` with all its columns; those that are not GIVEN are 0, or text."""
    names = [field.name for field in fields(DriftRow) if field.name not in CHANGES]
    names += [f"{column}{end}" for column in CHANGES.values() for end in ("", "_low", "_high")]
    texts = ("model_id", "status", "severity", "verdict", "verdict_reason", "crossed",
             "recommendation", "episode")  # fmt: skip
    kinds = {n: KINDS.get(n, "text" if n in texts else "double") for n in names}
    columns = [f"{name} {kind}" for name, kind in kinds.items()]
    rest = {"text": "'x'", "date": "cutoff"}
    with duckdb.connect(str(home.database)) as connection:
        connection.execute(f"create table clv_drift ({', '.join(columns)})")
        for row in rows:
            connection.execute(f"insert into clv_drift ({', '.join(GIVEN)}) values ({row})")
        for name in {*names} - {*GIVEN}:
            connection.execute(f"update clv_drift set {name} = {rest.get(kinds[name], '0')}")


def test_a_watched_batch_is_said_in_figures_beside_their_baselines(home):
    drift(home, "'1998-02-10', 3, 'watch', 'inside_noise', 'watch', 53.2, 0.47, 43.25, 0.31, 0.23")
    assert watched(home, [FIRST]) == [
        "watch: batch 1998-02-10: X crossed the threshold, inside the noise: RMSE 53.2 "
        "(baseline 43.25, +23%), R² 0.47 (baseline 0.31)"
    ]


def test_what_is_undefined_is_said_as_such(home):
    drift(home, "'1998-02-10', 3, 'watch', 'inside_noise', 'watch', 53.2, null, 0, null, null")
    (line,) = watched(home, [FIRST])
    assert line.endswith("RMSE 53.2 (baseline 0), R² undefined (baseline undefined)")


def test_only_fresh_batches_are_watched(home):
    drift(home, "'1998-02-10', 3, 'watch', 'inside_noise', 'watch', 53.2, 0.47, 43.25, 0.31, 0.23")
    assert watched(home, [SECOND]) == []


def test_batches_that_are_in_sample_are_counted_among_the_judged_ones_alone(home):
    drift(
        home,
        "'1998-02-10', 3, 'in_sample', 'in_sample', null, 1, 0, 1, 0, 0",
        "'1998-02-24', 3, 'ok', null, null, 1, 0, 1, 0, 0",
        "'1998-03-10', 3, 'in_sample', 'in_sample', null, 1, 0, 1, 0, 0",
    )
    assert _in_sample(home, [FIRST, SECOND]) == 1
    assert _in_sample(home, [SECOND]) == 0
    assert _in_sample(Home(home.root / "none"), []) == 0


@pytest.mark.parametrize(
    ("scored", "judged", "in_sample", "alerts", "said"),
    [
        (1, 1, 0, 1, "scored 1 cutoff, judged 1 matured batch, 1 new alert"),
        (0, 0, 0, 0, "scored no cutoffs, judged no matured batches, no new alerts"),
        (2, 3, 2, 0, "scored 2 cutoffs, judged 3 matured batches (2 in-sample, never judged for "
         "drift), no new alerts"),
    ],
)  # fmt: skip
def test_a_run_is_summed_up_in_numbers_with_their_nouns(scored, judged, in_sample, alerts, said):
    days, files = [FIRST.cutoff] * scored, [Path("a.md")] * alerts
    assert _summary(days, [FIRST] * judged, in_sample, files) == said


@pytest.mark.parametrize(
    ("cutoff", "months", "said"),
    [
        (dt.date(1997, 9, 30), 9, None),
        (dt.date(1997, 9, 29), 9, None),  # a shop's first days may be without an order
        (dt.date(1997, 9, 30), 120, "of the 120 months of history asked for, 273 days up to "),
        (dt.date(1997, 1, 1), 1, "of the 1 month of history asked for, 1 day up to 1997-01-01 are"),
    ],
)
def test_a_history_that_the_log_does_not_hold_is_said(cutoff, months, said):
    notes = history_notes(Window(cutoff, months, 3), dt.date(1997, 1, 1))
    if said is None:
        assert notes == []
    else:
        (note,) = notes
        assert note.startswith("the log begins on 1997-01-01: ") and said in note
