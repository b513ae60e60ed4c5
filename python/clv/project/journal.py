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
        ClvError
            When the file is no entry of the journal.
        """
        path = self.path(operation)
        try:
            stored = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            raise self._unreadable(operation) from error
        expected = {"operation": str, "intent": dict, "steps": list}
        if not isinstance(stored, dict) or stored.keys() != expected.keys():
            raise self._unreadable(operation)
        if not all(isinstance(stored[key], kind) for key, kind in expected.items()):
            raise self._unreadable(operation)
        if stored["operation"] != operation or not all(isinstance(s, str) for s in stored["steps"]):
            raise self._unreadable(operation)
        return Entry(**stored)

    def _write(self, entry: Entry) -> Entry:
        text = json.dumps(asdict(entry), indent=2, ensure_ascii=False) + "\n"
        write_text(self.path(entry.operation), text)
        return entry

    def _unreadable(self, operation: str) -> ClvError:
        return ClvError(
            f"{self.path(operation)} is not what clv wrote there: it was changed. Restore it from a "
            "backup, or delete it: then what was left undone stays undone, and `clv verify` says "
            "whether the registry is whole."
        )
