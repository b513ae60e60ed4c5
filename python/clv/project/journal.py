"""What operations are at work: intents that outlive a process that is killed.

An operation that writes several files records first what it is about to do (its intent), then the
steps that it has done, and removes its entry when all is done. An entry that stands when a command
begins is that of an operation that was killed or failed; every command that holds the home's lock
completes or undoes it before its own work (`clv.operations.recovery`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from clv.errors import ClvError
from clv.project.files import write_text
from clv.project.stored import Kind, StoredFileError, read_json, shown, stands

ENTRY = Kind(
    "the journal's entry",
    "Restore it from a backup, or delete it: then what was left undone stays undone, and "
    "`clv verify` says whether the registry is whole.",
)


@dataclass(frozen=True)
class Entry:
    """An operation that has not ended: what it is to do, and the steps of it that are done."""

    operation: str
    intent: dict[str, Any]
    steps: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Journal:
    """The folder `registry/journal/`: one file per operation that has not ended."""

    root: Path

    def path(self, operation: str) -> Path:
        """Return where the entry of an operation stands while it is at work."""
        return self.root / f"{operation}.json"

    def begin(self, operation: str, intent: Mapping[str, Any]) -> Entry:
        """Record durably what is about to be done, before any of it is."""
        return self._write(Entry(operation, dict(intent)))

    def step(self, operation: str, name: str) -> None:
        """Record durably that a step is done.

        Raises
        ------
        ClvError
            When the operation was not begun.
        """
        entry = self.entry(operation)
        if entry is None:
            raise ClvError(f"{self.path(operation)} is gone while its operation was at work.")
        if name not in entry.steps:
            self._write(replace(entry, steps=[*entry.steps, name]))

    def done(self, operation: str) -> None:
        """Forget the operation: all of it is done, or all of it undone."""
        self.path(operation).unlink(missing_ok=True)

    def entry(self, operation: str) -> Entry | None:
        """Return what stands of an operation, or None where it is not at work.

        Raises
        ------
        StoredFileError
            When the file is no entry of the journal.
        """
        path = self.path(operation)
        if not stands(path, ENTRY):
            return None
        entry = read_json(path, Entry, ENTRY)
        if entry.operation != operation:
            cause = f"holds another operation, {shown(entry.operation)}"
            raise StoredFileError(path, ENTRY, cause)
        return entry

    def _write(self, entry: Entry) -> Entry:
        text = json.dumps(asdict(entry), indent=2, ensure_ascii=False) + "\n"
        write_text(self.path(entry.operation), text)
        return entry
