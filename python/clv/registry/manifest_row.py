"""A row of the champion manifest: which model became champion, when, and why."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from clv.errors import ClvError
from clv.project.files import write_text
from clv.project.stored import Kind, StoredFileError, read_csv, shown, stands
from clv.registry.card import ModelCard
from clv.registry.model_id import ModelId


@dataclass(frozen=True)
class ManifestRow:
    """One promotion; the fields are the manifest's columns, in their order."""

    manifest_row: int
    model_id: ModelId
    kind: str
    promoted_at: dt.datetime
    trained_at: dt.datetime
    training_cutoff: dt.date
    labels_end: dt.date
    history_months: int
    pred_months: int
    baseline_rmse: float
    baseline_r2: float | None
    baseline_method: str
    baseline_pred_months: int
    code_commit: str
    code_dirty: bool
    data_fingerprint: str
    model_sha256: str
    card_sha256: str
    reason: str
    previous_row_sha256: str

    @classmethod
    def following(
        cls,
        last: ManifestRow | None,
        card: ModelCard,
        card_sha256: str,
        promoted_at: dt.datetime,
        reason: str,
    ) -> ManifestRow:
        """Return the row that makes the model of `card` champion after `last`."""
        return cls(
            manifest_row=last.manifest_row + 1 if last else 1,
            model_id=ModelId(card.model_id),
            kind=card.kind,
            promoted_at=promoted_at,
            trained_at=card.trained_at,
            training_cutoff=card.training_cutoff,
            labels_end=card.labels_end,
            history_months=card.history_months,
            pred_months=card.pred_months,
            baseline_rmse=card.baseline.rmse,
            baseline_r2=card.baseline.r2,
            baseline_method=card.baseline.method,
            baseline_pred_months=card.baseline.pred_months,
            code_commit=card.code_commit,
            code_dirty=card.code_dirty,
            data_fingerprint=card.data.fingerprint,
            model_sha256=card.model_sha256,
            card_sha256=card_sha256,
            reason=reason,
            previous_row_sha256=last.sha256 if last else "",
        )

    @classmethod
    def of_cells(cls, cells: Mapping[str, str]) -> ManifestRow:
        """Read a row from the texts of its cells.

        Raises
        ------
        ClvError
            When a cell holds what `clv` never writes there.
        """
        values = {}
        for name in COLUMNS:
            try:
                values[name] = _READ[name](cells[name])
                right = _text(values[name]) == cells[name]
            except (ClvError, ValueError, OverflowError):
                right = False
            if not right:
                raise ClvError(
                    f"in row {shown(cells['manifest_row'])} {name} is {shown(cells[name])}, which `clv` "
                    "never writes there"
                )
        return cls(**values)

    def cells(self) -> dict[str, str]:
        """Return the text of every cell."""
        return {name: _text(getattr(self, name)) for name in COLUMNS}

    @property
    def sha256(self) -> str:
        """The SHA-256 of the cells, in the order of the columns."""
        return hashlib.sha256("\x1f".join(self.cells().values()).encode()).hexdigest()

    @property
    def name(self) -> str:
        """How a message calls the row."""
        return f"row {self.manifest_row} ({self.model_id})"

    def contradicted_by(self, card: ModelCard) -> str | None:
        """Return the first field in which row and card differ, or None."""
        own = ManifestRow.following(None, card, "", self.promoted_at, self.reason)
        names = [name for name in COLUMNS if name not in _OF_THE_ROW]
        return next((n for n in names if getattr(self, n) != getattr(own, n)), None)


MANIFEST = Kind(
    "the manifest",
    "It is append-only and never edited by hand: restore it and its head from the newest backup in "
    "which `clv verify` finds nothing.",
)
COLUMNS = tuple(field.name for field in fields(ManifestRow))
_OF_THE_ROW = ("manifest_row", "promoted_at", "card_sha256", "reason", "previous_row_sha256")


def read_rows(path: Path) -> list[ManifestRow]:
    """Return the rows of a manifest in order; none where there is no file.

    Raises
    ------
    ClvError
        When it is no manifest, or a cell holds what `clv` never writes there.
    """
    if not stands(path, MANIFEST):
        return []
    cells = read_csv(path, COLUMNS, MANIFEST)
    try:
        return [ManifestRow.of_cells(row) for row in cells]
    except ClvError as error:
        raise StoredFileError(path, MANIFEST, f"was edited: {error}") from error


def write_rows(path: Path, rows: Iterable[ManifestRow]) -> None:
    """Write rows of a manifest with their header, atomically."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(row.cells() for row in rows)
    write_text(path, text.getvalue())


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    return str(value)


_TYPES: dict[str, Callable[[str], Any]] = {
    "int": int,
    "float": float,
    "float | None": lambda text: float(text) if text else None,
    "bool": lambda text: text == "true",
    "str": str,
    "ModelId": ModelId,
    "dt.date": dt.date.fromisoformat,
    "dt.datetime": dt.datetime.fromisoformat,
}
_READ = {field.name: _TYPES[str(field.type)] for field in fields(ManifestRow)}
