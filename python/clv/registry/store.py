"""The registry: model files, cards and the append-only champion manifest.

A model becomes champion by a row of the manifest, which is written after its card and model file, and
after the journal holds it. Each row carries the SHA-256 of the row before it (see `manifest`).
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import joblib

from clv.errors import ClvError
from clv.project.files import replacing, sha256, write_text
from clv.project.journal import Journal
from clv.registry import manifest
from clv.registry.card import as_json, content_sha256, latest_metrics
from clv.registry.manifest import COLUMNS, Finding, Head, number, row_sha256


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

    def model_path(self, model_id: str) -> Path:
        return self.root / "models" / f"{model_id}.joblib"

    def card_path(self, model_id: str) -> Path:
        return self.root / "cards" / f"{model_id}.json"

    def rows(self) -> list[dict[str, str]]:
        """Return the manifest's rows in order, every value as text; none where there is no file.

        Raises
        ------
        ClvError
            When the file does not have the manifest's columns.
        """
        if not self.manifest.exists():
            return []
        with self.manifest.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
        broken = any(None in row or None in row.values() for row in rows)
        if tuple(reader.fieldnames or ()) != COLUMNS or broken:
            raise ClvError(
                f"{self.manifest} does not have the manifest's columns. It is append-only and "
                "never edited by hand: restore it from a backup."
            )
        return rows

    def champion(self) -> dict[str, str]:
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

    def card(self, model_id: str) -> dict[str, Any]:
        """Read a model's card.

        Raises
        ------
        ClvError
            When there is none, or it is no JSON.
        """
        path = self.card_path(model_id)
        try:
            card: dict[str, Any] = json.loads(path.read_text("utf-8"))
        except FileNotFoundError as error:
            known = ", ".join(sorted(p.stem for p in path.parent.glob("*.json"))[-5:]) or "none"
            raise ClvError(
                f"there is no card of a model {model_id} ({path}). The newest models are: {known}."
            ) from error
        except (OSError, ValueError) as error:
            raise ClvError(f"{path} is not a readable card. Restore it from a backup.") from error
        return card

    def row_of(self, model_id: str) -> dict[str, str] | None:
        """Return the manifest's row of a model, or None where it was never promoted."""
        return next((row for row in self.rows() if row["model_id"] == model_id), None)

    def save(self, model: dict[str, Any], card: dict[str, Any]) -> dict[str, Any]:
        """Write model file and card; return the card with the SHA-256 of the file and of itself.

        The model file holds plain numbers and lists, no objects of any library.
        """
        model_id = card["model_id"]
        with replacing(self.model_path(model_id)) as temporary:
            joblib.dump(model, temporary, compress=3)
            card = {**card, "model_sha256": sha256(temporary)}
        card["content_sha256"] = content_sha256(card)
        write_text(self.card_path(model_id), as_json(card))
        return card

    def append(self, card: dict[str, Any], promoted_at: str, reason: str) -> None:
        """Make the model of `card` champion: record the row in the journal, then write it.

        Raises
        ------
        ClvError
            When the manifest's chain is broken, since a new row would seal what was done to it;
            when the model has a row already; when its card or model file is not whole.
        """
        rows, model_id = self.rows(), card["model_id"]
        broken = self.findings()
        if broken:
            raise ClvError(f"the manifest takes no new row while it does not fit: {broken[0]}")
        self.settle()
        if any(row["model_id"] == model_id for row in rows):
            raise ClvError(
                f"{model_id} has a row in the manifest already; a model is promoted once."
            )
        if not rows and self.metrics.exists():
            raise ClvError(
                f"{self.manifest} has no row, but {self.metrics.name} names a champion: the "
                f"manifest was deleted. Next: {manifest.RESTORE}."
            )
        card = self.card(model_id)
        if content_sha256(card) != card.get("content_sha256"):
            raise ClvError(
                f"the card of {model_id} was changed since its training. Restore it from a backup, "
                "or train again."
            )
        self._check_file(model_id, card["model_sha256"])
        row = {name: str(card.get(name, "")) for name in COLUMNS}
        row |= {
            "manifest_row": str(number(rows[-1]) + 1 if rows else 1),
            "promoted_at": promoted_at,
            "kind": card["champion"]["kind"],
            "code_dirty": str(card["code_dirty"]).lower(),
            "baseline_rmse": _number(card["baseline"]["rmse"]),
            "baseline_r2": _number(card["baseline"]["r2"]),
            "baseline_method": card["baseline"]["method"],
            "baseline_pred_months": str(card["baseline"]["pred_months"]),
            "data_fingerprint": card["data"]["fingerprint"],
            "card_sha256": sha256(self.card_path(model_id)),
            "reason": reason,
            "previous_row_sha256": row_sha256(rows[-1]) if rows else "",
        }
        self.journal.begin("promotion", {"row": row})
        self.settle()

    def write_rows(self, rows: list[dict[str, str]]) -> None:
        """Write the manifest atomically; its head is brought up by `settle`."""
        manifest.write_rows(self.manifest, rows)

    def findings(self) -> list[Finding]:
        """Check chain and head, and the files of a last row that the head does not know yet."""
        rows, head, intended = self.rows(), Head.read(self.head), self.intended()
        found = manifest.findings(rows, head, intended)
        if intended and manifest.unfinished(rows, head, intended):
            card, model = (p(intended["model_id"]) for p in (self.card_path, self.model_path))
            found += manifest.without_files(intended, card, model)
        return found

    def intended(self) -> dict[str, str] | None:
        """Return the row of a promotion that was begun and is not known to be done."""
        entry = self.journal.entry("promotion")
        return manifest.intended_row(entry, self.journal.path("promotion")) if entry else None

    def settle(self) -> None:
        """Complete what a killed promotion left undone: its row, the head and the latest metrics.

        Only a row that the journal holds is completed. The caller holds the home's lock.

        Raises
        ------
        ClvError
            When the manifest does not fit: a new head would seal what was done to it; or the row
            that the journal holds does not follow it.
        """
        broken = self.findings()
        if broken:
            raise ClvError(f"nothing was done, because the manifest does not fit: {broken[0]}")
        rows, head, row = self.rows(), Head.read(self.head), self.intended()
        if row and manifest.follows(rows, head, row):
            files = (self.card_path(row["model_id"]), self.model_path(row["model_id"]))
            if changed := manifest.without_files(row, *files):
                raise ClvError(f"nothing was done: {changed[0]}")
            rows = [*rows, row]
            self.write_rows(rows)
        elif row and row not in rows:
            path = self.journal.path("promotion")
            raise ClvError(
                f"nothing was done: {path} holds a promotion of {row['model_id']} that does not "
                f"follow the manifest. Next: {manifest.RESTORE}; or delete {path.name}, which takes "
                "that promotion back."
            )
        if row and rows[-1] == row and (head is None or head.last_row < number(row)):
            replace(
                head or Head(0, ""), last_row=number(row), last_row_sha256=row_sha256(row)
            ).write(self.head)
        card = self.card_path(rows[-1]["model_id"]) if rows else None
        if card and card.exists() and sha256(card) == rows[-1]["card_sha256"]:
            text = as_json(latest_metrics(self.card(card.stem)))
            if not self.metrics.exists() or self.metrics.read_text("utf-8") != text:
                write_text(self.metrics, text)
        if row:
            self.journal.done("promotion")

    def load_model(self, model_id: str) -> dict[str, Any]:
        """Load a promoted model whose file is the one that the manifest names by its SHA-256.

        Raises
        ------
        ClvError
            When the model was never promoted, or its file is missing or changed.
        """
        row = self.row_of(model_id)
        if row is None:
            raise ClvError(f"model {model_id} has no row in {self.manifest}. Run `clv train`.")
        return self._loaded(model_id, row["model_sha256"])

    def load_challenger(self, model_id: str) -> dict[str, Any]:
        """Load a model, promoted or not, whose file is the one that its card names.

        Raises
        ------
        ClvError
            When its file is missing or changed.
        """
        return self._loaded(model_id, self.card(model_id)["model_sha256"])

    def _loaded(self, model_id: str, expected: str) -> dict[str, Any]:
        content = self._check_file(model_id, expected)
        loaded: dict[str, Any] = joblib.load(io.BytesIO(content))
        return loaded

    def _check_file(self, model_id: str, expected: str) -> bytes:
        """Return the bytes of a model file once their SHA-256 is the expected one."""
        path = self.model_path(model_id)
        if not path.exists():
            raise ClvError(
                f"the model file {path} is missing. Restore it from a backup, or run `clv train`."
            )
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != expected:
            raise ClvError(
                f"the model file {path} is not the one that was promoted (its SHA-256 differs "
                "from the manifest). Restore it from a backup, or run `clv train`."
            )
        return content


def _number(value: float | None) -> str:
    """Write a number so that it reads back the same; nothing where there is none."""
    return "" if value is None else repr(value)
