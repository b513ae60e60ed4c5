"""`clv purge`: what retention no longer asks for goes, and every deletion is logged before it is done.

What is to go is recorded in the journal before anything goes. A purge that was killed is completed from
there by the next command, whatever the clock says then.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from clv.core.dates import parse_date
from clv.errors import ClvError
from clv.operations.retention import Item, Plan
from clv.project.dbt import DbtProject
from clv.project.files import sha256
from clv.project.home import Home
from clv.project.journal import Entry as Begun
from clv.registry import archive as archives
from clv.registry import batch_hashes
from clv.registry.purge_log import Entry, append
from clv.registry.store import Registry
from clv.scoring.publish import publish_marts, write_batch_files

PURGE = "purge"
# Days that the clock may be ahead of the log, beyond which a purge asks.
TRUSTED_DAYS = 62


def clock_doubt(plan: Plan) -> str | None:
    """Say why the clock may be wrong: the log ends long before what the clock says.

    Retention counts from the clock. One that was moved on by a year would delete what is young.
    """
    known, what = plan.through, "the log is complete through"
    if known is None:
        known, what = plan.newest_training, "no log was read yet, and the newest training is of"
    today = plan.at.date()
    if known is None or (today - known).days <= TRUSTED_DAYS:
        return None
    return (
        f"the clock says {today}, but {what} {known}, {(today - known).days} days earlier. Ages are "
        "counted by the clock: where it is wrong, what is young would be deleted"
    )


def carry_out(plan: Plan, dbt: DbtProject, archive: Path | None) -> None:
    """Record what is to go, log it, then delete: ledgers by dbt, then files; cards and rows are moved."""
    entries = [_entry(plan, item, archive) for item in plan.items]
    Registry(plan.home.registry).journal.begin(
        PURGE,
        {
            "entries": [list(entry) for entry in entries],
            "archive": str(archive.absolute()) if archive else None,
        },
    )
    resume(dbt, plan.home)


def left_over(home: Home) -> pd.DataFrame | None:
    """Return what a purge that has not ended is to delete; None where there is no such purge."""
    begun = Registry(home.registry).journal.entry(PURGE)
    if begun is None:
        return None
    items = [Item(entry.kind, entry.item, entry.why) for entry in _entries(begun)]
    return pd.DataFrame(items, columns=["what", "which", "why"])


def resume(dbt: DbtProject, home: Home) -> None:
    """Do what is left of the purge that the journal holds.

    Raises
    ------
    ClvError
        When the journal names something that a purge never deletes.
    """
    registry = Registry(home.registry)
    begun = registry.journal.entry(PURGE)
    if begun is None:
        return
    entries = _entries(begun)
    doomed = [_checked(home, entry) for entry in entries if entry.kind not in ("batch", ROW)]
    batches = [_batch(entry.item) for entry in entries if entry.kind == "batch"]
    append(home, entries)
    if batches and "ledgers" not in begun.steps:
        dbt.delete_batches(batches)
        registry.journal.step(PURGE, "ledgers")
    for kind, path in doomed:
        if kind != CARD:
            path.unlink(missing_ok=True)
    if batches:
        batch_hashes.record(home, purged=batches)
        write_batch_files(home)
        publish_marts(home)
    archive = begun.intent["archive"]
    if archive is not None:
        rows = [int(entry.item.split()[1]) for entry in entries if entry.kind == ROW]
        cards = [path for kind, path in doomed if kind == CARD]
        archives.move(registry, rows, cards, Path(archive))
    registry.journal.done(PURGE)


CARD, ROW = "card", "manifest row"
# Kind of a file to the folder of the home that it lies in.
FOLDERS = {"csv file": "outputs", "model file": "registry/models", CARD: "registry/cards"}


def _entries(begun: Begun) -> list[Entry]:
    try:
        entries = [Entry(*map(str, values)) for values in begun.intent["entries"]]
        archive = begun.intent["archive"]
        if not (archive is None or isinstance(archive, str)):
            raise TypeError("archive")
    except (KeyError, TypeError) as error:
        raise _changed(str(error)) from error
    return entries


def _checked(home: Home, entry: Entry) -> tuple[str, Path]:
    """Return kind and path of a file, which lies where files of its kind lie."""
    path = home.root / entry.item
    folder = FOLDERS.get(entry.kind)
    if folder is None or path.parent != home.root / folder or path.name in ("", "..", "."):
        raise _changed(f"{entry.kind} {entry.item}")
    return entry.kind, path


def _batch(item: str) -> tuple[str, int]:
    cutoff, _, months = item.partition(" + ")
    count = months.split(" ")[0]
    if not count.isdecimal():
        raise _changed(f"batch {item}")
    return parse_date(cutoff, "cutoff in the journal").isoformat(), int(count)


def _changed(what: str) -> ClvError:
    return ClvError(
        f"registry/journal/{PURGE}.json does not hold what a purge writes there ({what}). Restore it "
        "from a backup, or delete it; `clv purge` finds what is due again."
    )


def _entry(plan: Plan, item: Item, archive: Path | None) -> Entry:
    path = plan.home.root / item.name
    moved = item.kind in (CARD, ROW)
    return Entry(
        purged_at=plan.at.isoformat(),
        kind=item.kind,
        item=item.name,
        action=f"moved to {archive}" if moved else "deleted",
        sha256=sha256(path) if item.kind not in ("batch", ROW) and path.exists() else "",
        why=item.why,
    )
