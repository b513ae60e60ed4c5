"""The driver: what is due is scored, what has matured is judged, and the schedule moves on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from clv.core.dates import parse_date
from clv.core.window import Batch
from clv.core.wording import counted
from clv.errors import ClvError
from clv.monitoring.alerts import watched, withdraw_alerts, write_alerts
from clv.monitoring.input_anomalies import latest_anomalies
from clv.monitoring.open_batches import implausible_lines
from clv.monitoring.relabel import changes, check_relabel
from clv.operations.begun import begin
from clv.operations.schedule import Schedule
from clv.project import events
from clv.project.config import Config
from clv.project.config_rewrite import write_config
from clv.project.database import fetch, fetch_row, log_days
from clv.project.dbt import DbtProject
from clv.project.events import say
from clv.project.home import Home
from clv.registry import batch_hashes, gate
from clv.registry.store import Registry
from clv.scoring.batches import batch_times, batches, ties_across_tiers
from clv.scoring.held import say_accepted
from clv.scoring.publish import publish_marts, write_batch_files

STALE_LABELS = "actuals_still_hold"
# What --accept without a cutoff means.
ALL = "all"
# The last day of the log, as a cutoff.
LATEST = "latest"


@dataclass(frozen=True)
class RunResult:
    """What a run did; `alerts` are the alert files that it wrote, `withdrawn` those it removed.

    `relabelled` has a row for every batch whose labels are other than before a relabelling.
    """

    scored: list[dt.date]
    judged: list[Batch]
    alerts: list[Path]
    withdrawn: list[Path]
    next_cutoff: dt.date | None = None
    relabelled: pd.DataFrame = field(default_factory=pd.DataFrame)


def run(
    dbt: DbtProject,
    config: Config,
    cutoff: str | None = None,
    until: str | None = None,
    accept: str | None = None,
) -> RunResult:
    """Score every due cutoff in one dbt invocation and write everything that follows from it.

    The order makes the run safe to kill: database, files, marts, alerts, and only then the
    schedule. A run that died is repeated by the next one, which finds the same cutoffs due, and
    says of the labels and alerts of both what the first would have said.

    Parameters
    ----------
    cutoff : date as text, or LATEST, optional
        Score this one and leave the schedule alone.
    until : date as text, optional
        Score what is due up to this day at most.
    accept : date as text, or ALL, optional
        Publish the batch of this cutoff, or all that are due, although nothing in the past explains it.
    """
    only = None if cutoff is None or cutoff == LATEST else parse_date(cutoff, "cutoff")
    limit = dt.date.max if until is None else parse_date(until, "until")
    schedule = _schedule(dbt, config)
    through = _read_log(dbt)
    if cutoff == LATEST:
        only = through
    due = [only] if only else schedule.due(min(limit, through))
    if accept is not None:
        dbt.user_vars["accept_batch"] = accepted_cutoffs(accept, due)
    if not due:
        say(f"nothing is due: the next cutoff is {schedule.next_cutoff}, data through {through}")
    result = replace(build(dbt, due), next_cutoff=schedule.next_cutoff)
    rests_on = _rests_on(dbt, only or (limit if until else None))
    if only or not due:
        dbt.keep_log_contract(rests_on)
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
    dbt.keep_log_contract(rests_on)
    say(f"the next cutoff is {next_cutoff}")
    return replace(result, next_cutoff=next_cutoff)


def accepted_cutoffs(accept: str, due: list[dt.date]) -> list[str]:
    """Return the cutoffs whose batches a person accepts.

    Raises
    ------
    ClvError
        When this run does not score the cutoff.
    """
    if accept == ALL:
        return [day.isoformat() for day in due]
    day = parse_date(accept, "cutoff to accept")
    if day not in due:
        scored = ", ".join(map(str, due)) or "nothing"
        raise ClvError(
            f"--accept {day}: this run does not score that cutoff, it scores {scored}. Give --cutoff "
            f"{day} as well."
        )
    return [day.isoformat()]


def _rests_on(dbt: DbtProject, limit: dt.date | None) -> dt.date | None:
    """Return the last day of the log that batches rest on; None where the run had no limit."""
    if limit is None:
        return None
    labelled = batch_times(dbt.home, "clv_predictions_actual", "labelled_at")
    return max([limit, *(batch.window_end for batch in labelled)])


def monitor(dbt: DbtProject, config: Config, relabel: bool | Sequence[str] = False) -> RunResult:
    """Label and judge what has matured, without scoring.

    Parameters
    ----------
    relabel : bool or cutoffs as text
        Make the labels of these batches (True: of all labelled ones) again from the log as it is
        now; their predictions stay.
    """
    _schedule(dbt, config)
    again: list[str] | bool = False
    if relabel is False:
        _read_log(dbt)
    else:
        cutoffs = [] if relabel is True else [parse_date(day, "cutoff") for day in relabel]
        check_relabel(dbt.home, cutoffs)
        check_relabel(dbt.home, cutoffs, _read_log(dbt))
        again = [day.isoformat() for day in cutoffs] or True
    result = build(dbt, [], again)
    dbt.keep_log_contract()
    return result


def _read_log(dbt: DbtProject) -> dt.date:
    with events.current().step("log_read") as done:
        dbt.refresh_log()
        days = log_days(dbt.home.database)
        query = "select (select count(*) from {}), (select count(*) from {})"
        kept, rejected = fetch_row(
            dbt.home.database, query.format("stg_clv__transactions", "clv_rejected_transactions")
        )
        done |= {"data_through": days.last, "rows": kept, "rejected_rows": rejected}
    unlike = latest_anomalies(dbt.home, days)
    if unlike:
        say(unlike)
    return days.last


def _schedule(dbt: DbtProject, config: Config) -> Schedule:
    champion = gate.champion(Registry(dbt.home.registry))
    return Schedule.of(config, champion.model_id, champion.labels_end)


def build(dbt: DbtProject, due: list[dt.date], relabel: list[str] | bool = False) -> RunResult:
    """Score `due`, judge what has matured, and write all files; the log was read before.

    What an earlier command had begun in this home, and did not live to end, is part of it.
    """
    home, record = dbt.home, events.current()
    begun = begin(home, relabel)
    if begun.relabel:
        dbt.user_vars["relabel"] = begun.relabel
    with record.step("tables_built", cutoffs=due):
        warned = dbt.build_batches([cutoff.isoformat() for cutoff in due])
    labelled = batch_times(home, "clv_predictions_actual", "labelled_at")
    judged = [batch for batch, at in labelled.items() if begun.labelled.get(batch) != at]
    scored = [b for b in batches(home, "clv_predictions") if b.cutoff in due]
    batch_hashes.record(home, scored)
    _record_batches(dbt, scored, judged)
    if warned.get(STALE_LABELS):
        say(
            "the log was corrected: it no longer bears out the labels of "
            f"{counted(warned[STALE_LABELS], 'batch', 'batches')}. `clv monitor --relabel` makes "
            "them again and says what changed."
        )
    with record.step("files_written") as done:
        done["files"] = len(write_batch_files(home))
    with record.step("marts_published") as done:
        done["rows"] = publish_marts(home)
    withdrawn = withdraw_alerts(home)
    alerts = write_alerts(home)
    say_accepted(home, scored)
    for line in ties_across_tiers(home, scored):
        say(line)
    for line in watched(home, judged):
        say(line)
    for line in implausible_lines(home):
        say(line)
    say(_summary(due, judged, _in_sample(home, judged), alerts))
    relabelled = _relabelled(home) if begun.relabel else pd.DataFrame()
    return RunResult(due, judged, alerts, withdrawn, relabelled=relabelled)


def _relabelled(home: Home) -> pd.DataFrame:
    """Return what a relabelling changed, and say how much that is."""
    found = changes(home)
    for row in found.to_dict("records"):
        fields = {str(key): value for key, value in row.items()}
        events.current().event("batch_relabelled", **fields)
    say(f"labels changed: {counted(len(found), 'batch', 'batches')}")
    return found


def _in_sample(home: Home, judged: list[Batch]) -> int:
    """Return how many of the judged batches are in-sample: they have figures and no verdict."""
    if not judged:
        return 0
    query = "select cutoff, pred_months from clv_drift where verdict = 'in_sample'"
    rows = fetch(home.database, query).itertuples(index=False)
    return len({Batch(cutoff.date(), int(months)) for cutoff, months in rows} & {*judged})


def _summary(due: list[dt.date], judged: list[Batch], in_sample: int, alerts: list[Path]) -> str:
    """Say in one line what a run did."""
    matured = counted(len(judged), "matured batch", "matured batches")
    if in_sample:
        matured += f" ({in_sample} in-sample, never judged for drift)"
    return (
        f"scored {counted(len(due), 'cutoff', 'cutoffs')}, judged {matured}, "
        f"{counted(len(alerts), 'new alert', 'new alerts')}"
    )


def _record_batches(dbt: DbtProject, scored: list[Batch], judged: list[Batch]) -> None:
    tables = {"batch_scored": ("clv_predictions", scored), "batch_judged": ("clv_drift", judged)}
    for event, (table, concerned) in tables.items():
        if not concerned:
            continue
        columns = "count(*) as customers"
        if table == "clv_drift":
            columns = "max(customers) as customers, max(rmse) as rmse, max(status) as status"
        query = f"select cutoff, pred_months, {columns} from {table} group by all order by all"
        for row in fetch(dbt.home.database, query).to_dict("records"):
            batch = Batch(row.pop("cutoff").date(), int(row.pop("pred_months")))
            if batch in concerned:
                fields = {str(key): value for key, value in row.items()}
                events.current().event(event, batch=batch.stem, **fields)
