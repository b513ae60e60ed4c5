"""One command at a time changes a home; the second says who is at work.

A process holds the lock of a home once, whoever in it asks: a `clv` command runs dbt in its own
process, where the plugin of dbt-duckdb asks as well.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from clv.core.secrets import redact
from clv.errors import ClvError
from clv.project.files import write_text
from clv.project.home import Home
from clv.project.stored import Kind, StoredFileError, read_text, shown

HOLDER = Kind("the name of the lock's holder", largest=100_000)
_locks: dict[Path, FileLock] = {}
_held: list[Path] = []


@contextlib.contextmanager
def exclusive(home: Home) -> Iterator[None]:
    """Hold the home's lock, which the operating system releases when the process ends or is killed.

    What killed processes left is swept away first.

    Raises
    ------
    ClvError
        When another process holds it.
    """
    acquire(home.root)
    try:
        home.sweep()
        yield
    finally:
        release(home.root)


def acquire(root: Path) -> None:
    """Take the lock of the home at `root`, or once more where this process holds it.

    Raises
    ------
    ClvError
        When another process holds it, or the home cannot be written to.
    """
    lock = _locks.setdefault(root, FileLock(root / ".clv.lock", thread_local=False))
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ClvError(
            f"another command is at work in {root} ({_read(_holder(root))}). "
            "Wait until it has ended, then run this again."
        ) from error
    except OSError as error:
        raise ClvError(
            f"cannot write to {root}: {error.strerror}. "
            "Make it writable, or point CLV_HOME at a folder that is."
        ) from error
    if lock.lock_counter == 1:
        try:
            program = "dbt" if Path(sys.argv[0]).name == "dbt" else "clv"
            command = redact(" ".join([program, *sys.argv[1:]]))
            write_text(_holder(root), f"process {os.getpid()}: {command}")
        except BaseException:
            lock.release()
            raise


def release(root: Path) -> None:
    """Give the lock back that `acquire` took."""
    lock = _locks[root]
    if lock.lock_counter == 1:
        _holder(root).unlink(missing_ok=True)
    lock.release()


def hold(root: Path) -> None:
    """Take the lock until this process ends, unless it has it already: for dbt, which tells no end.

    Raises
    ------
    ClvError
        As `acquire`.
    """
    if root in _locks and _locks[root].is_locked:
        return
    acquire(root)
    _held.append(root)


@atexit.register
def let_go() -> None:
    """Give back what `hold` took: at the end of the process, or of one run of dbt within it."""
    while _held:
        release(_held.pop())


def _holder(root: Path) -> Path:
    return root / ".clv.lock.holder"


def _read(holder: Path) -> str:
    try:
        return shown(read_text(holder, HOLDER), 200)
    except StoredFileError:
        return "it does not say which"
