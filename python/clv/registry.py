"""The registry: model files, cards and the append-only champion manifest.

A model becomes champion by a row of the manifest, which is written last: a row never stands
without its card and model file. Each row carries the SHA-256 of the row before it.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib

from clv.errors import ClvError
from clv.files import replacing, sha256, write_text

COLUMNS = (
    "manifest_row", "model_id", "kind", "promoted_at", "trained_at", "training_cutoff",
    "labels_end", "history_months", "pred_months", "baseline_rmse", "baseline_r2",
    "baseline_method", "code_commit", "code_dirty", "data_fingerprint", "model_sha256",
    "card_sha256", "reason", "previous_row_sha256",
)  # fmt: skip


@dataclass(frozen=True)
class Registry:
    """The folder `registry/` of a home."""

    root: Path

    @property
    def manifest(self) -> Path:
        return self.root / "champion_manifest.csv"

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
        if tuple(reader.fieldnames or ()) != COLUMNS:
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

    def save(self, model: dict[str, Any], card: dict[str, Any]) -> dict[str, Any]:
        """Write model file, card and the latest metrics; return the card with the file's SHA-256.

        The model file holds plain numbers and lists, no objects of any library.
        """
        model_id = card["model_id"]
        with replacing(self.model_path(model_id)) as temporary:
            joblib.dump(model, temporary, compress=3)
            card = {**card, "model_sha256": sha256(temporary)}
        write_text(self.card_path(model_id), as_json(card))
        return card

    def append(self, card: dict[str, Any], promoted_at: str, reason: str) -> None:
        """Make the model of `card` champion: rewrite the manifest with one more row, atomically."""
        rows = self.rows()
        row = {name: str(card.get(name, "")) for name in COLUMNS}
        row |= {
            "manifest_row": str(len(rows) + 1),
            "promoted_at": promoted_at,
            "kind": card["champion"]["kind"],
            "code_dirty": str(card["code_dirty"]).lower(),
            "baseline_rmse": _number(card["baseline"]["rmse"]),
            "baseline_r2": _number(card["baseline"]["r2"]),
            "baseline_method": card["baseline"]["method"],
            "data_fingerprint": card["data"]["fingerprint"],
            "card_sha256": sha256(self.card_path(card["model_id"])),
            "reason": reason,
            "previous_row_sha256": row_sha256(rows[-1]) if rows else "",
        }
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows([*rows, row])
        write_text(self.manifest, text.getvalue())
        write_text(self.root / "clv_model_latest.metrics.json", as_json(latest_metrics(card)))

    def load_model(self, model_id: str) -> dict[str, Any]:
        """Load a promoted model whose file is the one that the manifest names by its SHA-256.

        Raises
        ------
        ClvError
            When the model was never promoted, or its file is missing or changed.
        """
        rows = [row for row in self.rows() if row["model_id"] == model_id]
        if not rows:
            raise ClvError(f"model {model_id} has no row in {self.manifest}. Run `clv train`.")
        path = self.model_path(model_id)
        if not path.exists():
            raise ClvError(
                f"the model file {path} is missing. Restore it from a backup, or run `clv train`."
            )
        if sha256(path) != rows[-1]["model_sha256"]:
            raise ClvError(
                f"the model file {path} is not the one that was promoted (its SHA-256 differs "
                "from the manifest). Restore it from a backup, or run `clv train`."
            )
        loaded: dict[str, Any] = joblib.load(path)
        return loaded


def _number(value: float | None) -> str:
    """Write a number so that it reads back the same; nothing where there is none."""
    return "" if value is None else repr(value)


def row_sha256(row: dict[str, str]) -> str:
    """Return the SHA-256 of a manifest row's values, in column order."""
    return hashlib.sha256("\x1f".join(row[name] for name in COLUMNS).encode()).hexdigest()


def latest_metrics(card: dict[str, Any]) -> dict[str, Any]:
    """Return the champion's figures for tools that watch one file."""
    keys = ("model_id", "trained_at", "training_cutoff", "history_months", "pred_months")
    return {**{key: card[key] for key in keys}, "baseline": card["baseline"]}


def as_json(value: dict[str, Any]) -> str:
    """Write JSON with a stable layout; NaN is refused rather than written."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
