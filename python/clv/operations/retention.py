"""What retention no longer asks for, and what stays although it is old, with the reasons.

Model files go after 9 months unless they are needed. A batch goes from the ledgers of predictions,
with its files, a year after it was scored, once it is labelled and judged; its labels, which hold
what was predicted and what came true, stay, and so do accuracy and drift. Cards and manifest rows
stay 7 years, and are moved, not deleted, after that.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from clv.core.dates import add_months
from clv.core.window import Batch
from clv.core.wording import in_months
from clv.project.database import has_table, reading
from clv.project.home import Home
from clv.registry.model_id import ModelId, is_model_id
from clv.registry.store import Registry
from clv.scoring.publish import BATCH_FILES

BATCH_MONTHS = 12
RECORD_MONTHS = 84
LABELS = "clv_predictions_actual"
LOG_DAYS = "int_clv__log_days"
LEDGERS = ("clv_predictions", LABELS, "clv_drift")


class Item(NamedTuple):
    """Something to delete or, for cards and rows, to archive."""

    kind: str
    name: str
    why: str


@dataclass
class Plan:
    """What is to go at the time `at`, and what stays although it is old, with the reasons.

    `through` is the last day of the log, and `newest_training` that of the newest card; None where
    there is none.
    """

    home: Home
    at: dt.datetime
    through: dt.date | None = None
    newest_training: dt.date | None = None
    items: list[Item] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def of(self, kind: str) -> list[Item]:
        """Return the items of one kind."""
        return [item for item in self.items if item.kind == kind]

    def table(self) -> pd.DataFrame:
        """Return a row per item."""
        return pd.DataFrame(self.items, columns=["what", "which", "why"])


@dataclass(frozen=True)
class _Ledgers:
    """Batches of the database: model and time of scoring, and which are labelled and judged."""

    scored: dict[Batch, tuple[str, dt.datetime]]
    labelled: dict[Batch, str]
    judged: set[Batch]
    through: dt.date | None


def make_plan(home: Home, at: dt.datetime, model_months: int, archive: bool) -> Plan:
    """Find what is due at the time `at` (UTC), without changing anything.

    Parameters
    ----------
    model_months : int
        Age from which model files go.
    archive : bool
        Whether cards and manifest rows older than 7 years are looked at too.
    """
    ledgers = _read_ledgers(home)
    plan = Plan(home, at, ledgers.through, _newest_training(home))
    _plan_batches(plan, ledgers)
    _plan_models(plan, ledgers, model_months)
    if archive:
        _plan_records(plan, ledgers)
    return plan


def _newest_training(home: Home) -> dt.date | None:
    registry = Registry(home.registry)
    return max((_trained_at(path).date() for path in registry.card_files()), default=None)


def _through(home: Home) -> dt.date | None:
    """Return the last day of the log as it was read last; None where none was read."""
    if not home.database.exists():
        return None
    with reading(home.database) as connection:
        if not has_table(connection, LOG_DAYS):
            return None
        (found,) = connection.execute(f"select max(data_through) from {LOG_DAYS}").fetchall()
    return None if found[0] is None else dt.date.fromisoformat(str(found[0])[:10])


def _read_ledgers(home: Home) -> _Ledgers:
    ledgers = _Ledgers({}, {}, set(), _through(home))
    if not home.database.exists():
        return ledgers
    with reading(home.database) as connection:
        there = {table for table in LEDGERS if has_table(connection, table)}
        if "clv_predictions" in there:
            query = """
                select cutoff, pred_months, max(model_id), max(scored_at)
                from clv_predictions
                group by cutoff, pred_months
            """
            for cutoff, months, model_id, scored_at in connection.execute(query).fetchall():
                at = scored_at.replace(tzinfo=dt.timezone.utc)
                ledgers.scored[Batch(cutoff, int(months))] = (model_id, at)
        if LABELS in there:
            query = f"select cutoff, pred_months, max(model_id) from {LABELS} group by all"
            for cutoff, months, model_id in connection.execute(query).fetchall():
                ledgers.labelled[Batch(cutoff, int(months))] = model_id
        if "clv_drift" in there:
            for cutoff, months in connection.execute(
                "select cutoff, pred_months from clv_drift"
            ).fetchall():
                ledgers.judged.add(Batch(cutoff, int(months)))
    return ledgers


def _plan_batches(plan: Plan, ledgers: _Ledgers) -> None:
    newest = max((batch.cutoff for batch in ledgers.scored), default=None)
    for batch, (_, scored_at) in sorted(ledgers.scored.items()):
        name = f"{batch.cutoff} + {batch.pred_months} months"
        if _due(scored_at, BATCH_MONTHS) > plan.at:
            continue
        if batch not in ledgers.labelled or batch not in ledgers.judged:
            plan.kept.append(f"batch {name}: it is not yet labelled and judged")
        elif batch.cutoff == newest:
            plan.kept.append(f"batch {name}: it is the newest, which customer_segments shows")
        else:
            why = (
                f"labelled and judged, scored on {scored_at.date()}, over {BATCH_MONTHS} months ago"
            )
            plan.items.append(Item("batch", name, why))
            plan.items += [
                Item("csv file", path, f"of the batch {name}") for path in _files(plan, batch)
            ]
    for batch in sorted(ledgers.labelled.keys() & ledgers.judged - ledgers.scored.keys()):
        why = "left over of a batch that was purged"
        plan.items += [Item("csv file", path, why) for path in _files(plan, batch)]


def _files(plan: Plan, batch: Batch) -> list[str]:
    paths = [
        plan.home.outputs / f"{table}_{batch.stem}.csv" for table in BATCH_FILES if table != LABELS
    ]
    return [str(path.relative_to(plan.home.root)) for path in paths if path.exists()]


def _plan_models(plan: Plan, ledgers: _Ledgers, model_months: int) -> None:
    registry = Registry(plan.home.registry)
    rows = registry.rows()
    champion = rows[-1].model_id if rows else None
    waiting: dict[str, Batch] = {}
    for batch, (model_id, _) in sorted(ledgers.scored.items()):
        if batch not in ledgers.labelled:
            waiting.setdefault(model_id, batch)
    for path in registry.model_files():
        trained = _trained_at(path)
        if _due(trained, model_months) > plan.at:
            continue
        if path.stem == champion:
            plan.kept.append(f"model file {path.name}: it is the champion's")
        elif path.stem in waiting:
            waits = f"its batch of {waiting[path.stem].cutoff} is not yet labelled"
            plan.kept.append(f"model file {path.name}: {waits}")
        else:
            why = f"trained on {trained.date()}, over {in_months(model_months)} ago, and not needed"
            plan.items.append(Item("model file", str(path.relative_to(plan.home.root)), why))


def _plan_records(plan: Plan, ledgers: _Ledgers) -> None:
    """Take the oldest rows, as far as nothing needs them, and the cards that no row needs."""
    registry = Registry(plan.home.registry)
    rows = registry.rows()
    purged = {batch for batch in ledgers.scored if _is_item(plan, batch)}
    needed = {model for batch, (model, _) in ledgers.scored.items() if batch not in purged}
    needed |= set(ledgers.labelled.values())
    promoted = {row.model_id for row in rows}
    for row in rows[:-1]:
        at = row.promoted_at
        if _due(at, RECORD_MONTHS) > plan.at:
            break
        name = f"row {row.manifest_row} ({row.model_id})"
        if row.model_id in needed:
            plan.kept.append(
                f"manifest {name} and the rows after it: its batches are in the ledgers"
            )
            break
        plan.items.append(Item("manifest row", name, f"promoted on {at.date()}, over 7 years ago"))
        promoted.discard(row.model_id)
    for path in registry.card_files():
        trained = _trained_at(path)
        if path.stem not in promoted and _due(trained, RECORD_MONTHS) <= plan.at:
            name = str(path.relative_to(plan.home.root))
            plan.items.append(Item("card", name, f"trained on {trained.date()}, over 7 years ago"))


def _is_item(plan: Plan, batch: Batch) -> bool:
    return any(
        item.name == f"{batch.cutoff} + {batch.pred_months} months" for item in plan.of("batch")
    )


def _trained_at(path: Path) -> dt.datetime:
    """Return when a model was trained: by its name, else, where that is none, by its file."""
    if is_model_id(path.stem):
        return ModelId(path.stem).trained_at
    return dt.datetime.fromtimestamp(path.stat().st_mtime, dt.timezone.utc)


def _due(at: dt.datetime, months: int) -> dt.datetime:
    """Return the time from which something of the time `at` is older than `months`."""
    return dt.datetime.combine(add_months(at.date(), months), at.timetz())
