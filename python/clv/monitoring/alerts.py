"""The Markdown drift alert of a batch."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from clv.core.window import Batch
from clv.core.wording import readable
from clv.monitoring.alert_report import report
from clv.project.database import fetch, reading
from clv.project.files import write_text
from clv.project.home import Home
from clv.scoring.batches import batches

OF_BATCH = "where cutoff = $cutoff and pred_months = $pred_months"
ALERTS = "select * from clv_drift where status = 'alert' order by cutoff, pred_months"
WATCHED = "select * from clv_drift where verdict = 'watch' order by cutoff, pred_months"
DECILES = f"select * from clv_calibration {OF_BATCH} order by decile"
SEGMENTS = (
    "select segment, customers, predicted_total, actual_total, difference "
    f"from int_clv__segment_accuracy {OF_BATCH} order by nth limit 5"
)


def alert_path(home: Home, batch: Batch) -> Path:
    """Return where the alert of a batch stands."""
    return home.outputs / f"drift_alert_{batch.stem}.md"


def write_alerts(home: Home) -> list[Path]:
    """Write the alert of every alarming batch; return those that are new or say something else.

    Those are noted first, and forgotten by `announced`: alerts that a run wrote and did not live
    to speak of are raised by the next one.
    """
    texts = {}
    with reading(home.database) as connection:
        for row in connection.execute(ALERTS).df().to_dict("records"):
            batch = _batch(row)
            key = {"cutoff": batch.cutoff, "pred_months": batch.pred_months}
            deciles = connection.execute(DECILES, key).df()
            segments = connection.execute(SEGMENTS, key).df()
            texts[alert_path(home, batch)] = report(row, deciles, segments)
    raised = [
        path
        for path, text in texts.items()
        if path.name in _noted(home) or not path.exists() or path.read_text("utf-8") != text
    ]
    if raised:
        write_text(_notes(home), json.dumps([path.name for path in raised]))
    for path in raised:
        write_text(path, texts[path])
    return raised


def withdraw_alerts(home: Home) -> list[Path]:
    """Remove the alerts of batches that alarm no longer: labels or thresholds are others now."""
    judged = {alert_path(home, batch) for batch in batches(home, "clv_drift")}
    alarming = fetch(home.database, ALERTS).to_dict("records")
    over = sorted(judged - {alert_path(home, _batch(row)) for row in alarming})
    withdrawn = [path for path in over if path.exists()]
    for path in withdrawn:
        path.unlink()
    return withdrawn


def announced(home: Home) -> None:
    """Forget which alerts are new: the command has said so."""
    _notes(home).unlink(missing_ok=True)


def alert_files(home: Home) -> list[Path]:
    """Return the alert files that stand in outputs, oldest batch first."""
    found = home.outputs.glob("drift_alert_*.md")
    return sorted(path for path in found if is_batch(path.stem.removeprefix("drift_alert_")))


def is_batch(text: str) -> bool:
    """Say whether a text names a batch as the names of files do: 19980623_pred3m."""
    return re.fullmatch(r"[0-9]{8}_pred[0-9]{1,3}m", text) is not None


def _batch(row: Mapping[Any, Any]) -> Batch:
    return Batch(row["cutoff"].date(), int(row["pred_months"]))


def _notes(home: Home) -> Path:
    return home.root / ".clv.raised.json"


def _noted(home: Home) -> list[str]:
    try:
        names = json.loads(_notes(home).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return []
    return names if isinstance(names, list) else []


def watched(home: Home, judged: Iterable[Batch]) -> list[str]:
    """Return a line for each of the `judged` batches whose verdict is `watch`."""
    fresh = set(judged)
    rows = fetch(home.database, WATCHED).to_dict("records")
    return [_watch_line(row) for row in rows if _batch(row) in fresh]


def _watch_line(row: Mapping[Any, Any]) -> str:
    """Return figures beside their baselines: a change of R² in percent reads as its opposite."""
    change = "" if pd.isna(row["rmse_change"]) else f", {row['rmse_change']:+.0%}"
    return (
        f"watch: batch {row['cutoff'].date()} crossed a threshold inside the noise: "
        f"RMSE {readable(row['rmse'])} (baseline {readable(row['baseline_rmse'])}{change}), "
        f"R² {_r2(row['r2'])} (baseline {_r2(row['baseline_r2'])})"
    )


def _r2(value: float) -> str:
    return "undefined" if pd.isna(value) else f"{value:.2f}"
