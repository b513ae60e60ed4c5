"""The registry: model files, cards and the append-only champion manifest.

A model becomes champion by a row of the manifest, which is written after its card and model file, and
after the journal holds it. Each row carries the SHA-256 of the row before it (see `manifest`).
Here files are found, read and written; whoever relies on what they say goes through `gate`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from clv.errors import ClvError
from clv.project.files import replacing, write_text
from clv.project.journal import Journal
from clv.project.stored import (
    MADE_AGAIN,
    Kind,
    MissingFileError,
    listed,
    read_bytes,
    read_json,
    read_text,
    sha256_of,
    stands,
)
from clv.registry import manifest, manifest_row
from clv.registry.card import ModelCard
from clv.registry.manifest import CARD, MODEL, Finding, Head
from clv.registry.manifest_row import ManifestRow
from clv.registry.model_file import ModelFile
from clv.registry.model_id import ModelId

FROM_BACKUP = "restore the card from a backup"
METRICS = Kind("the champion's figures", MADE_AGAIN)


@dataclass(frozen=True)
class Registry:
    """The folder `registry/` of a home."""

    root: Path

    @property
    def manifest(self) -> Path:
        return self.root / "champion_manifest.csv"

    @property
    def head(self) -> Path:
        return self.root / "champion_manifest.head.json"

    @property
    def journal(self) -> Journal:
        return Journal(self.root / "journal")

    @property
    def metrics(self) -> Path:
        return self.root / "clv_model_latest.metrics.json"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def cards(self) -> Path:
        return self.root / "cards"

    def model_path(self, model_id: str) -> Path:
        """Return the path of a model file; what is no model id has none."""
        return self.models / f"{ModelId(model_id)}.joblib"

    def card_path(self, model_id: str) -> Path:
        """Return the path of a card; what is no model id has none."""
        return self.cards / f"{ModelId(model_id)}.json"

    def rows(self) -> list[ManifestRow]:
        """Return the manifest's rows in order; none where there is no file.

        Raises
        ------
        ClvError
            When it is no manifest, or a cell holds what `clv` never writes there.
        """
        return manifest_row.read_rows(self.manifest)

    def champion(self) -> ManifestRow:
        """Return the last row of the manifest.

        Raises
        ------
        ClvError
            When no model was promoted yet.
        """
        rows = self.rows()
        if not rows:
            raise ClvError(
                f"there is no champion yet ({self.manifest} has no row). Run `clv train` first."
            )
        return rows[-1]

    def card(self, model_id: str) -> ModelCard:
        """Read a model's card as it stands.

        Raises
        ------
        ClvError
            When there is none, or the file is no card.
        """
        path = self.card_path(model_id)
        try:
            return ModelCard.of(read_json(path, dict[str, Any], CARD), f"the card {path}")
        except MissingFileError as error:
            known = ", ".join(p.stem for p in self.card_files()[-5:]) or "none"
            raise ClvError(
                f"there is no card of a model {model_id} ({path}). The newest models are: {known}."
            ) from error

    def card_files(self) -> list[Path]:
        """Return the files of all cards, by name."""
        return listed(self.cards, "*.json", CARD)

    def model_files(self) -> list[Path]:
        """Return all model files, by name."""
        return listed(self.models, "*.joblib", MODEL)

    def row_of(self, model_id: str) -> ManifestRow | None:
        """Return the manifest's row of a model, or None where it was never promoted."""
        return next((row for row in self.rows() if row.model_id == model_id), None)

    def save(self, model: ModelFile, card: dict[str, Any]) -> ModelCard:
        """Write model file and card; return the card with the SHA-256 of the file and of itself."""
        content = model.to_bytes()
        sealed = ModelCard.sealed(card, hashlib.sha256(content).hexdigest())
        with replacing(self.model_path(model.model_id)) as temporary:
            temporary.write_bytes(content)
        write_text(self.card_path(sealed.model_id), sealed.to_json())
        return sealed

    def append(self, card: ModelCard, promoted_at: dt.datetime, reason: str) -> None:
        """Make the model of `card` champion: record the row in the journal, then write it.

        Raises
        ------
        ClvError
            When the manifest's chain is broken, since a new row would seal what was done to it;
            when the model has a row already; when its card or model file is not whole.
        """
        self.check_chain()
        self.settle()
        rows, model_id = self.rows(), ModelId(card.model_id)
        card = self.card(model_id)
        if any(row.model_id == model_id for row in rows):
            raise ClvError(
                f"{model_id} has a row in the manifest already; a model is promoted once."
            )
        if not rows and self.metrics.exists():
            raise ClvError(
                f"{self.manifest} has no row, but {self.metrics.name} names a champion: the "
                f"manifest was deleted. Next: {manifest.RESTORE}."
            )
        self.check_card(model_id, None)
        self.checked_file(model_id, card.model_sha256)
        last, digest = rows[-1] if rows else None, sha256_of(self.card_path(model_id), CARD)
        row = ManifestRow.following(last, card, digest, promoted_at, reason)
        self.journal.begin("promotion", {"row": row.cells()})
        self.settle()

    def write_rows(self, rows: list[ManifestRow]) -> None:
        """Write the manifest atomically; its head is brought up by `settle`."""
        manifest_row.write_rows(self.manifest, rows)

    def findings(self) -> list[Finding]:
        """Check chain and head, and the files of a last row that the head does not know yet."""
        rows, head, intended = self.rows(), Head.read(self.head), self.intended()
        found = manifest.findings(rows, head, intended)
        if intended and manifest.unfinished(rows, head, intended):
            found += self._without_files(intended)
        return found

    def intended(self) -> ManifestRow | None:
        """Return the row of a promotion that was begun and is not known to be done."""
        entry = self.journal.entry("promotion")
        return manifest.intended_row(entry, self.journal.path("promotion")) if entry else None

    def _without_files(self, row: ManifestRow) -> list[Finding]:
        files = self.card_path(row.model_id), self.model_path(row.model_id)
        return manifest.without_files(row, *files)

    def check_chain(self) -> None:
        """Check the rows of the manifest and its head.

        Raises
        ------
        ClvError
            When a row was edited, moved, deleted or forged, or the head is missing or another one.
        """
        for finding in self.findings():
            raise finding.refusal()

    def card_findings(self, model_id: str, row: ManifestRow | None) -> list[Finding]:
        """Check a card against its row; a challenger's against the hash that it holds of itself."""
        path = self.card_path(model_id)
        if row is not None and not stands(path, CARD):
            return [Finding(f"the card of {row.name} is missing: {path}", FROM_BACKUP)]
        try:
            if row is not None and sha256_of(path, CARD) != row.card_sha256:
                what = f"the card {path} was changed: its SHA-256 is not the one in {row.name}"
                return [Finding(what, f"{FROM_BACKUP}; until then trust the row, not the card")]
            card = self.card(model_id)
        except ClvError as error:
            return [Finding(str(error).rstrip("."), f"{FROM_BACKUP}, or train again")]
        if card.model_id != model_id or not card.whole:
            what = (
                f"the card {path} was changed since its training: it does not have the name or the "
                "SHA-256 that it holds of itself"
            )
            fix = f"{FROM_BACKUP}, or train again; it cannot be promoted as it is"
            return [Finding(what, fix)]
        differs = row.contradicted_by(card) if row is not None else None
        if row is not None and differs:
            return [Finding(f"{row.name} and its card name another {differs}", FROM_BACKUP)]
        return []

    def check_card(self, model_id: str, row: ManifestRow | None) -> None:
        """Refuse a card that does not fit; see `card_findings`."""
        for finding in self.card_findings(model_id, row):
            raise finding.refusal()

    def checked_file(self, model_id: str, expected: str) -> bytes:
        """Return the bytes of a model file once their SHA-256 is the expected one.

        Raises
        ------
        ClvError
            When it is missing, cannot be read, or is another one.
        """
        path = self.model_path(model_id)
        content = read_bytes(path, MODEL)
        if hashlib.sha256(content).hexdigest() != expected:
            raise ClvError(
                f"{MODEL.what} {path} is not the one that was promoted: its SHA-256 differs from the "
                f"one in the registry. {MODEL.fix}"
            )
        return content

    def settle(self) -> None:
        """Complete what a killed promotion left undone: its row, the head and the latest metrics.

        Only a row that the journal holds is completed. The caller holds the home's lock.

        Raises
        ------
        ClvError
            When the manifest does not fit: a new head would seal what was done to it; or the row
            that the journal holds does not follow it.
        """
        self.check_chain()
        rows, head, row = self.rows(), Head.read(self.head), self.intended()
        if row and manifest.follows(rows, head, row):
            for changed in [*self._without_files(row), *self.card_findings(row.model_id, row)]:
                raise changed.refusal()
            rows = [*rows, row]
            self.write_rows(rows)
        elif row and row not in rows:
            path = self.journal.path("promotion")
            what = f"{path} holds a promotion of {row.model_id} that does not follow the manifest"
            fix = f"{manifest.RESTORE}; or delete {path.name}, which takes that promotion back"
            raise Finding(what, fix).refusal()
        if row and rows[-1] == row and (head is None or head.last_row < row.manifest_row):
            head = head or Head(0, "")
            replace(head, last_row=row.manifest_row, last_row_sha256=row.sha256).write(self.head)
        if rows and not self.card_findings(rows[-1].model_id, rows[-1]):
            text = self.card(rows[-1].model_id).latest_metrics()
            if not stands(self.metrics, METRICS) or read_text(self.metrics, METRICS) != text:
                write_text(self.metrics, text)
        if row:
            self.journal.done("promotion")
