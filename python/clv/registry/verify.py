"""`clv verify`: whether the registry still holds what was written, and nothing else.

What it can show: every change to a manifest row, a card or a model file that was not made by
`clv`, and every deletion, as long as not everything that refers to it was changed with it.
Somebody who may write to the registry and recomputes every hash, the head and the metrics can
forge a history; against that, keep the head's hash elsewhere (a ticket, a commit, a mail) and
give it to `clv verify --head`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from clv.core.wording import counted
from clv.errors import ClvError
from clv.project.database import has_table, reading
from clv.project.files import sha256
from clv.project.home import Home
from clv.registry import manifest, purge_log
from clv.registry.card import content_sha256
from clv.registry.manifest import Finding, Head, row_sha256
from clv.registry.store import Registry

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
    report.head = row_sha256(rows[-1]) if rows else ""
    broken = registry.findings()
    report.findings += broken
    if intended and not broken:
        report.notes.append(
            f"the promotion of {intended['model_id']} was cut off; the next command that changes "
            "the registry or the ledgers completes it"
        )
    if known_head and known_head not in {row_sha256(row) for row in rows}:
        what = f"no row of the manifest has the hash {known_head}, which was its head once"
        report.findings.append(Finding(what, manifest.RESTORE))
    purged = purged_models(home)
    report.findings += _against_rows(registry, rows, report, purged)
    report.findings += _cards(registry, rows, report, purged)
    report.findings += _metrics(registry, rows)
    report.notes += _without_card(registry)
    if not (head and head.archived_row):
        _ledger(home, rows, report)
    return report


def purged_models(home: Home) -> dict[str, str]:
    """Return the day on which `clv purge` deleted each model file, from its log."""
    return {
        Path(e.item).stem: e.purged_at[:10] for e in purge_log.read(home) if e.kind == "model file"
    }


def _against_rows(
    registry: Registry, rows: list[dict[str, str]], report: Report, purged: dict[str, str]
) -> Iterator[Finding]:
    for row in rows:
        model_id = row["model_id"]
        name = f"row {row['manifest_row']} ({model_id})"
        card = registry.card_path(model_id)
        if not card.exists():
            yield Finding(f"the card of {name} is missing: {card}", FROM_BACKUP)
        elif sha256(card) != row["card_sha256"]:
            yield Finding(
                f"the card {card} was changed: its SHA-256 is not the one in {name}",
                f"{FROM_BACKUP}; until then trust the row, not the card",
            )
        yield from _model(registry, model_id, row["model_sha256"], name, report, purged)


def _cards(
    registry: Registry, rows: list[dict[str, str]], report: Report, purged: dict[str, str]
) -> Iterator[Finding]:
    promoted = {row["model_id"] for row in rows}
    for path in sorted(registry.card_path("x").parent.glob("*.json")):
        report.cards += 1
        if path.stem in promoted:
            continue
        try:
            card: dict[str, Any] = json.loads(path.read_text("utf-8"))
            whole = card["content_sha256"] == content_sha256(card) and card["model_id"] == path.stem
            expected = str(card["model_sha256"])
        except (ValueError, KeyError, TypeError, OSError):
            whole, expected = False, ""
        if not whole:
            yield Finding(
                f"the card {path} of a challenger was changed: it does not have the SHA-256 that "
                "it holds of itself",
                f"{FROM_BACKUP}, or train the challenger again; it cannot be promoted as it is",
            )
        else:
            yield from _model(registry, path.stem, expected, f"the card {path}", report, purged)


def _model(
    registry: Registry,
    model_id: str,
    expected: str,
    name: str,
    report: Report,
    purged: dict[str, str],
) -> Iterator[Finding]:
    path = registry.model_path(model_id)
    if path.exists():
        report.models += 1
        if sha256(path) != expected:
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


def _metrics(registry: Registry, rows: list[dict[str, str]]) -> Iterator[Finding]:
    if not registry.metrics.exists():
        return
    try:
        named = str(json.loads(registry.metrics.read_text("utf-8"))["model_id"])
    except (ValueError, KeyError, TypeError):
        named = "nothing that can be read"
    if named not in {row["model_id"] for row in rows}:
        yield Finding(
            f"{registry.metrics} names {named} as champion, which has no row in the manifest",
            manifest.RESTORE,
        )


def _without_card(registry: Registry) -> Iterator[str]:
    for path in sorted(registry.model_path("x").parent.glob("*.joblib")):
        if not registry.card_path(path.stem).exists():
            yield (
                f"the model file {path} has no card: its training was cut off, or the card was "
                "deleted; it is never loaded, and `clv purge` removes it in time"
            )


def _ledger(home: Home, rows: list[dict[str, str]], report: Report) -> None:
    """Every model that made predictions has a row."""
    if not home.database.exists():
        return
    try:
        with reading(home.database) as connection:
            if not has_table(connection, "clv_predictions"):
                return
            made = connection.execute(
                "select distinct model_id from clv_predictions order by 1"
            ).fetchall()
    except (ClvError, duckdb.Error) as error:
        report.notes.append(
            f"the ledger of predictions was not checked: {str(error).splitlines()[0]}"
        )
        return
    for (model_id,) in made:
        if model_id not in {row["model_id"] for row in rows}:
            what = f"the ledger holds predictions of {model_id}, which has no row in the manifest"
            report.findings.append(Finding(what, manifest.RESTORE))
