"""`clv verify`: whether the registry still holds what was written, and nothing else.

What it can show: every change to a manifest row, a card or a model file that was not made by
`clv`, and every deletion, as long as not everything that refers to it was changed with it.
Somebody who may write to the registry and recomputes every hash, the head and the metrics can
forge a history; against that, keep the head's hash elsewhere (a ticket, a commit, a mail) and
give it to `clv verify --head`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from clv.core.wording import counted
from clv.errors import ClvError
from clv.project import log_contract
from clv.project.database import DATABASE, has_table, reading
from clv.project.home import Home
from clv.project.log_acceptance import MOST_CHANGED
from clv.project.log_champion import trained_on_another
from clv.project.stored import StoredFileError, read_json, sha256_of, stands
from clv.registry import batch_hashes, manifest, purge_log
from clv.registry.manifest import MODEL, Finding, Head
from clv.registry.manifest_row import ManifestRow
from clv.registry.model_id import is_model_id
from clv.registry.store import METRICS, Registry

FROM_BACKUP = "restore the file from a backup"


@dataclass
class Report:
    """What was checked and what does not fit."""

    rows: int = 0
    cards: int = 0
    models: int = 0
    head: str = ""
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """Return one line for a person."""
        return (
            f"checked {counted(self.rows, 'manifest row', 'manifest rows')}, "
            f"{counted(self.cards, 'card', 'cards')} and "
            f"{counted(self.models, 'model file', 'model files')}; head {self.head or 'none'}"
        )


def verify(home: Home, known_head: str | None = None) -> Report:
    """Check chain, cards, model files, metrics and ledger against each other, without writing.

    Parameters
    ----------
    known_head : str, optional
        The hash of a row that was the last one once, kept outside the registry.
    """
    registry = Registry(home.registry)
    report = Report()
    try:
        rows, head = registry.rows(), Head.read(registry.head)
        intended = registry.intended()
    except ClvError as error:
        report.findings.append(Finding(str(error).rstrip("."), manifest.RESTORE))
        return report
    report.rows = len(rows)
    report.head = rows[-1].sha256 if rows else ""
    broken = registry.findings()
    report.findings += broken
    if intended and not broken:
        report.notes.append(
            f"the promotion of {intended.model_id} was cut off; the next command that changes "
            "the registry or the ledgers completes it"
        )
    if known_head and known_head not in {row.sha256 for row in rows}:
        what = f"no row of the manifest has the hash {known_head}, which was its head once"
        report.findings.append(Finding(what, manifest.RESTORE))
    purged = purged_models(home)
    report.findings += _against_rows(registry, rows, report, purged)
    report.findings += _cards(registry, rows, report, purged)
    report.findings += _metrics(registry, rows)
    report.notes += _without_card(registry)
    if not (head and head.archived_row):
        _ledger(home, rows, report)
    _batches(home, report)
    _contract(home, report)
    return report


def _contract(home: Home, report: Report) -> None:
    """Check the log contract: that it is as it was written, and of the champion's log."""
    path = log_contract.path_of(home.root)
    try:
        contract = log_contract.read_contract(home.root)
    except StoredFileError as error:
        report.findings.append(
            Finding(f"{error.path}: the log contract {error.cause}", error.fix.rstrip("."))
        )
        return
    if contract is None:
        return
    if not contract.sha256:
        report.notes.append(
            f"{path} has no SHA-256 of its own yet; the next run that ends well writes it"
        )
    days = [[str(d.day), str(d.rows), str(d.customers), str(d.money)] for d in contract.days]
    if not contract.acknowledged:
        differs = trained_on_another(home.root, days, MOST_CHANGED)
        report.notes += [f"of the log in {path}: {each}" for each in differs]


def purged_models(home: Home) -> dict[str, str]:
    """Return the day on which `clv purge` deleted each model file, from its log."""
    return {
        Path(e.item).stem: e.purged_at[:10] for e in purge_log.read(home) if e.kind == "model file"
    }


def _against_rows(
    registry: Registry, rows: list[ManifestRow], report: Report, purged: dict[str, str]
) -> Iterator[Finding]:
    for row in rows:
        yield from registry.card_findings(row.model_id, row)
        yield from _model(registry, row.model_id, row.model_sha256, row.name, report, purged)


def _cards(
    registry: Registry, rows: list[ManifestRow], report: Report, purged: dict[str, str]
) -> Iterator[Finding]:
    promoted = {row.model_id for row in rows}
    for path in registry.card_files():
        report.cards += 1
        if not is_model_id(path.stem):
            yield Finding(f"{path} is named after no model", "move it out of the registry")
        elif path.stem not in promoted:
            found = registry.card_findings(path.stem, None)
            yield from found
            if not found:
                expected = registry.card(path.stem).model_sha256
                name = f"the card {path}"
                yield from _model(registry, path.stem, expected, name, report, purged)


def _model(
    registry: Registry,
    model_id: str,
    expected: str,
    name: str,
    report: Report,
    purged: dict[str, str],
) -> Iterator[Finding]:
    path = registry.model_path(model_id)
    if stands(path, MODEL):
        report.models += 1
        try:
            same = sha256_of(path, MODEL) == expected
        except ClvError as error:
            yield Finding(str(error).rstrip("."), f"{FROM_BACKUP}, or train again with `clv train`")
            return
        if not same:
            yield Finding(
                f"the model file {path} was changed: its SHA-256 is not the one in {name}",
                f"{FROM_BACKUP}, or train again with `clv train`; it is never loaded as it is",
            )
    elif model_id in purged:
        report.notes.append(
            f"the model file of {name} was deleted by `clv purge` on {purged[model_id]}"
        )
    else:
        yield Finding(
            f"the model file of {name} is missing: {path}",
            f"{FROM_BACKUP}, or train again with `clv train`",
        )


def _metrics(registry: Registry, rows: list[ManifestRow]) -> Iterator[Finding]:
    if not stands(registry.metrics, METRICS):
        return
    try:
        named = str(read_json(registry.metrics, dict[str, Any], METRICS).get("model_id"))
    except ClvError as error:
        yield Finding(str(error).rstrip("."), "run `clv run`, which writes it again")
        return
    if named not in {row.model_id for row in rows}:
        yield Finding(
            f"{registry.metrics} names {named} as champion, which has no row in the manifest",
            manifest.RESTORE,
        )


def _without_card(registry: Registry) -> Iterator[str]:
    for path in registry.model_files():
        if not is_model_id(path.stem) or not registry.card_path(path.stem).exists():
            yield (
                f"the model file {path} has no card: its training was cut off, or the card was "
                "deleted; it is never loaded, and `clv purge` removes it in time"
            )


def _ledger(home: Home, rows: list[ManifestRow], report: Report) -> None:
    """Every model that made predictions has a row."""
    if not stands(home.database, DATABASE):
        return
    try:
        with reading(home.database) as connection:
            if not has_table(connection, "clv_predictions"):
                return
            made = connection.execute(
                "select distinct model_id from clv_predictions order by 1"
            ).fetchall()
    except StoredFileError as error:
        fix = "restore it from a backup; without one, move it away, and `clv run` begins a new one"
        report.findings.append(Finding(f"{DATABASE.what} {error.path} {error.cause}", fix))
        return
    except (ClvError, duckdb.Error) as error:  # somebody else has it open
        report.notes.append(
            f"the ledger of predictions was not checked: {str(error).splitlines()[0]}"
        )
        return
    for (model_id,) in made:
        if model_id not in {row.model_id for row in rows}:
            what = f"the ledger holds predictions of {model_id}, which has no row in the manifest"
            report.findings.append(Finding(what, manifest.RESTORE))


def _batches(home: Home, report: Report) -> None:
    """Every batch of the ledgers has the hash that was written when it was scored or labelled."""
    try:
        for found in batch_hashes.compare(home):
            if isinstance(found, Finding):
                report.findings.append(found)
            else:
                report.notes.append(found)
    except StoredFileError as error:
        if error.path != home.database:  # what is wrong with the database is said above
            report.findings.append(Finding(str(error).rstrip("."), FROM_BACKUP))
    except (ClvError, duckdb.Error) as error:
        report.notes.append(f"the batches were not checked: {str(error).splitlines()[0]}")
