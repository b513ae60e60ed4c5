"""What happened, line by line: text for a person or JSON for a machine, and a file that stays.

stderr gets text, or JSON lines with `--log-format json` or CLV_LOG_FORMAT=json. `logs/clv.log` of
the home gets every line as JSON, whatever stderr gets. The clock is read here and nowhere in SQL:
it says when a command was at work, and nothing depends on it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import secrets
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from tqdm import tqdm

from clv.core.render import terminal
from clv.core.secrets import redact, redact_values
from clv.project.regular_file import appending

Item = TypeVar("Item")

FORMATS = ("text", "json")
WARNING = "warning: "  # how a line begins that is told as a note and asks for a look
LARGEST_BYTES = 10_000_000
KEPT_FILES = 3


class Log:
    """The log of one command.

    Parameters
    ----------
    as_json : bool
        What stderr gets; the file always gets JSON.

    Attributes
    ----------
    quiet : bool
        Whether stderr gets warnings and errors alone; the file gets every line.
    """

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.quiet = False
        self.run_id = f"{dt.datetime.now(dt.timezone.utc):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        self._started = time.monotonic()
        self.path: Path | None = None
        self._waiting: list[str] = []

    def keep_in(self, path: Path) -> None:
        """Append every line to `path`, those that were written before as well.

        A file of more than 10 MB is set aside as clv.log.1, and so on up to clv.log.3.
        """
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and path.stat().st_size > LARGEST_BYTES:
                _set_aside(path)
        self.path = path
        waiting, self._waiting = self._waiting, []
        for line in waiting:
            self._append(line)

    def event(
        self, name: str, message: str | None = None, level: str = "info", **fields: Any
    ) -> None:
        """Write one line; without a `message` a person at a terminal sees nothing of it."""
        now = dt.datetime.now(dt.timezone.utc).isoformat(timespec="milliseconds")
        entry = {"at": now, "run_id": self.run_id, "level": level, "event": name}
        if message is not None:
            message = redact(message)
            entry["message"] = message
        line = json.dumps({**entry, **redact_values(fields)}, ensure_ascii=False, default=str)
        self._append(line)
        if self.quiet and level == "info" and not str(message).startswith(WARNING):
            return
        if self.as_json:
            _print(line)
        elif message is not None:
            # a line of a message is never taken for one of its own
            _print(terminal(message, lines=True).replace("\nclv:", "\n  clv:"))

    @contextlib.contextmanager
    def step(self, name: str, **fields: Any) -> Iterator[dict[str, Any]]:
        """Write one line with the seconds that the block took; the block may add fields."""
        started = time.monotonic()
        done: dict[str, Any] = {**fields, "ok": False}
        try:
            yield done
            done["ok"] = True
        finally:
            self.event(name, seconds=round(time.monotonic() - started, 3), **done)

    def seconds(self) -> float:
        """Return for how long the command has been at work."""
        return round(time.monotonic() - self._started, 3)

    def _append(self, line: str) -> None:
        if self.path is None:
            self._waiting.append(line)
            return
        # A log that cannot be written stops no command: stderr has the line as well.
        with contextlib.suppress(OSError), appending(self.path) as file:
            file.write(line + "\n")


def named_format() -> str:
    """Return the format that CLV_LOG_FORMAT names; anything but json is text."""
    return "json" if os.environ.get("CLV_LOG_FORMAT", "").strip().lower() == "json" else "text"


def current() -> Log:
    """Return the log of the command that is at work."""
    return _current


def start() -> Log:
    """Begin the log of a command."""
    global _current
    _current = Log(named_format() == "json")
    return _current


_current = Log(named_format() == "json")


def _set_aside(path: Path) -> None:
    for number in range(KEPT_FILES - 1, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{number + 1}"))
    path.replace(path.with_name(f"{path.name}.1"))


def _print(text: str) -> None:
    """Print a line on stderr; a stderr that is closed or full ends no command, the log has it."""
    if sys.stderr is None:
        return
    with contextlib.suppress(OSError, ValueError), tqdm.external_write_mode(file=sys.stderr):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


def say(message: str) -> None:
    """Tell a person one thing on stderr; it is a line of the log as well."""
    current().event("note", message)


def progress(items: Iterable[Item], label: str, total: int | None = None) -> Iterator[Item]:
    """Iterate with a progress bar on stderr, which stays away where stderr is not a terminal."""
    yield from tqdm(items, desc=label, total=total, file=sys.stderr, disable=no_bars(), leave=False)


def no_bars() -> bool | None:
    """Return tqdm's `disable`: no bars among lines of JSON, for --quiet, nor without a terminal."""
    return True if current().as_json or current().quiet or not _can_print() else None


def _can_print() -> bool:
    """Say whether there is a stderr: Python starts without one where it is closed."""
    return sys.stderr is not None and not sys.stderr.closed
