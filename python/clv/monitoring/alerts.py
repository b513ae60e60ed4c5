"""The Markdown drift report of a batch: an alert, or a watched batch that asks for nothing."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from pathlib import Path

from clv.core.templates import written
from clv.core.window import Batch
from clv.core.wording import readable
from clv.monitoring.alert_report import is_watch, report
from clv.monitoring.drift import ENDED, REPORTED, DriftRow, drift_rows
from clv.monitoring.headline import headline
from clv.monitoring.input_anomalies import anomalies, in_words
from clv.project.database import reading
from clv.project.files import write_text
from clv.project.home import Home
from clv.project.journal import Journal
from clv.project.stored import Kind, StoredFileError, read_text, stands
from clv.registry.store import Registry
from clv.scoring.batches import batches

OF_BATCH = "where cutoff = $cutoff and pred_months = $pred_months"
DECILES = f"select * from clv_calibration {OF_BATCH} order by decile"
SEGMENTS = (
    "select group_kind, group_value, customers, predicted_total, actual_total, difference "
    f"from clv_segment_accuracy {OF_BATCH} order by nth limit 5"
)

# The journal's entry of alerts that were written or removed, and not yet spoken of.
UNANNOUNCED = "alerts"
ALERT = Kind("the alert", "Remove it; `clv monitor` writes it again.")


def alert_path(home: Home, batch: Batch) -> Path:
    """Return where the report of a batch stands."""
    return home.outputs / f"drift_alert_{batch.stem}.md"


def write_alerts(home: Home) -> list[Path]:
    """Write the report of every batch that has one; return the alerts that are new or say something else.

    Those are noted in the journal first, and forgotten by `announced`: alerts that a command wrote
    and did not live to speak of are raised by the next one.
    """
    texts, alerting = {}, set()
    with reading(home.database) as connection:
        for row in drift_rows(connection, REPORTED):
            key = {"cutoff": row.cutoff, "pred_months": row.pred_months}
            deciles = connection.execute(DECILES, key).df()
            segments = connection.execute(SEGMENTS, key).df()
            unlike = anomalies(connection, row.cutoff + dt.timedelta(1), row.window_end)
            path = alert_path(home, row.batch)
            texts[path] = report(row, deciles, segments, in_words(unlike))
            if row.is_alert:
                alerting.add(path)
    noted = _noted(home, "raised")
    changed = [path for path, text in texts.items() if not _says(path, text)]
    raised = [
        path for path in texts if path in alerting and (path.name in noted or path in changed)
    ]
    _note(home, "raised", raised)
    for path in changed:
        write_text(path, texts[path])
    return raised


def withdraw_alerts(home: Home) -> list[Path]:
    """Remove the alerts of batches that alarm no longer: labels or thresholds are others now.

    Returns also those that a command removed and did not live to speak of. The reports of watched
    batches that are watched no longer go without a word.
    """
    judged = {alert_path(home, batch) for batch in batches(home, "clv_drift")}
    with reading(home.database) as connection:
        rows = drift_rows(connection, REPORTED)
    alarming = {alert_path(home, row.batch) for row in rows if row.is_alert}
    watched_ones = {alert_path(home, row.batch) for row in rows if not row.is_alert}
    noted = _noted(home, "withdrawn")
    standing = {path for path in judged - alarming if path.exists()}
    over = {path for path in standing if not _is_watched(path)}
    withdrawn = sorted(over | {path for path in judged - alarming if path.name in noted})
    _note(home, "withdrawn", withdrawn)
    for path in over | (standing - watched_ones):
        path.unlink(missing_ok=True)
    return withdrawn


def announced(home: Home) -> None:
    """Forget which alerts are new or withdrawn: the command has said so."""
    _journal(home).done(UNANNOUNCED)


def alert_files(home: Home) -> list[Path]:
    """Return the alerts that stand in outputs, oldest batch first; watched batches are none."""
    found = home.outputs.glob("drift_alert_*.md")
    named = [path for path in found if is_batch(path.stem.removeprefix("drift_alert_"))]
    return sorted(path for path in named if not _is_watched(path))


def is_batch(text: str) -> bool:
    """Say whether a text names a batch as the names of files do: 19980623_pred3m."""
    return re.fullmatch(r"[0-9]{8}_pred[0-9]{1,3}m", text) is not None


def _journal(home: Home) -> Journal:
    return Registry(home.registry).journal


def _noted(home: Home, change: str) -> list[str]:
    entry = _journal(home).entry(UNANNOUNCED)
    return list(entry.intent.get(change) or []) if entry else []


def _note(home: Home, change: str, paths: list[Path]) -> None:
    """Keep the names of the alerts that are about to be written or removed, until they are said."""
    entry = _journal(home).entry(UNANNOUNCED)
    before = entry.intent if entry else {}
    after = {**before, change: [path.name for path in paths]}
    if any(after.values()) and after != before:
        _journal(home).begin(UNANNOUNCED, after)


def watched(home: Home, judged: Iterable[Batch]) -> list[str]:
    """Return a line for each of the `judged` batches that is watched, and for alerts that ended."""
    fresh = set(judged)
    with reading(home.database) as connection:
        watch = drift_rows(connection, REPORTED)
        ended = drift_rows(connection, ENDED)
    lines = [_watch_line(row) for row in watch if row.batch in fresh and not row.is_alert]
    return lines + [_ended_line(row) for row in ended if row.batch in fresh]


def _watch_line(row: DriftRow) -> str:
    """Return figures beside their baselines: a change of R² in percent reads as its opposite."""
    change = "" if row.rmse_change.value is None else f", {row.rmse_change.value:+.0%}"
    still = f", the alert of {row.episode_opened} still open" if row.status == "alert" else ""
    return (
        f"watch: batch {row.cutoff}{still}: {headline(row)}: "
        f"RMSE {readable(row.rmse)} (baseline {readable(row.baseline_rmse)}{change}), "
        f"R² {written(row.r2, '.2f')} (baseline {written(row.baseline_r2, '.2f')})"
    )


def _ended_line(row: DriftRow) -> str:
    return f"the drift alert of {row.model_id} ended: batch {row.cutoff} raised none"


def _is_watched(path: Path) -> bool:
    """Say whether the report of a watched batch stands there; one that cannot be read is none."""
    try:
        return stands(path, ALERT) and is_watch(read_text(path, ALERT))
    except StoredFileError:
        return False


def _says(path: Path, text: str) -> bool:
    """Say whether an alert stands there with this text; one that cannot be read says nothing."""
    try:
        return stands(path, ALERT) and read_text(path, ALERT) == text
    except StoredFileError:
        return False
