"""The driver: what is due is scored, what has matured is judged, and the schedule moves on."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from clv.alerts import watched, write_alerts
from clv.config import Config, write_config
from clv.database import fetch_row
from clv.dates import parse_date
from clv.dbt_project import DbtProject
from clv.messages import say
from clv.outputs import Batch, batches, publish_marts, write_batch_files
from clv.registry import Registry
from clv.schedule import Schedule


@dataclass(frozen=True)
class RunResult:
    """What a run did; `alerts` are the alert files that it wrote."""

    scored: list[dt.date]
    judged: list[Batch]
    alerts: list[Path]
    next_cutoff: dt.date


def run(
    dbt: DbtProject, config: Config, cutoff: str | None = None, until: str | None = None
) -> RunResult:
    """Score every due cutoff in one dbt invocation and write everything that follows from it.

    The order makes the run safe to kill: database, files, marts, alerts, and only then the
    schedule. A run that died is repeated by the next one, which finds the same cutoffs due.

    Parameters
    ----------
    cutoff : date as text, optional
        Score this one and leave the schedule alone.
    until : date as text, optional
        Score what is due up to this day at most.
    """
    only = parse_date(cutoff, "cutoff") if cutoff else None
    limit = parse_date(until, "until") if until else dt.date.max
    schedule = _schedule(dbt, config)
    dbt.refresh_log()
    through = data_through(dbt.home.database)
    due = [only] if only else schedule.due(min(limit, through))
    if not due:
        say(f"nothing is due: the next cutoff is {schedule.next_cutoff}, data through {through}")
    result = _build(dbt, due, schedule.next_cutoff)
    if only or not due:
        return result
    next_cutoff = schedule.after(due[-1])
    write_config(
        dbt.home.config,
        {
            ("run", "last_score_cutoff"): next_cutoff,
            ("run", "schedule_model_id"): schedule.model_id,
            ("run", "schedule_start"): schedule.start,
        },
    )
    say(f"the next cutoff is {next_cutoff}")
    return RunResult(result.scored, result.judged, result.alerts, next_cutoff)


def monitor(dbt: DbtProject, config: Config) -> RunResult:
    """Label and judge what has matured, without scoring."""
    schedule = _schedule(dbt, config)
    dbt.refresh_log()
    return _build(dbt, [], schedule.next_cutoff)


def data_through(database: Path) -> dt.date:
    """Return the last day that the log is complete for, as staging found it."""
    (day,) = fetch_row(database, "select data_through from data_through")
    return cast(dt.date, day)


def _schedule(dbt: DbtProject, config: Config) -> Schedule:
    champion = Registry(dbt.home.registry).champion()
    labels_end = parse_date(champion["labels_end"], "labels_end in the manifest")
    return Schedule.of(config, champion["model_id"], labels_end)


def _build(dbt: DbtProject, due: list[dt.date], next_cutoff: dt.date) -> RunResult:
    home = dbt.home
    labelled_before = set(batches(home, "clv_predictions_actual"))
    dbt.build_batches([cutoff.isoformat() for cutoff in due])
    judged = [b for b in batches(home, "clv_predictions_actual") if b not in labelled_before]
    scored = [b for b in batches(home, "clv_predictions") if b.cutoff in due]
    write_batch_files(home, [*scored, *judged])
    publish_marts(home)
    alerts = write_alerts(home)
    for line in watched(home, judged):
        say(line)
    say(
        f"scored {len(due)} cutoffs, judged {len(judged)} matured batches, {len(alerts)} new alerts"
    )
    return RunResult(due, judged, alerts, next_cutoff)
