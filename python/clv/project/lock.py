"""One command at a time changes a home; the second says who is at work."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from clv.errors import ClvError
from clv.project.home import Home


@contextlib.contextmanager
def exclusive(home: Home) -> Iterator[None]:
    """Hold the home's lock, which the operating system releases when the process ends or is killed.

    Raises
    ------
    ClvError
        When another process holds it.
    """
    lock = FileLock(home.root / ".clv.lock")
    holder = home.root / ".clv.lock.holder"
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ClvError(
            f"another command is at work in {home.root} ({_read(holder)}). "
            "Wait until it has ended, then run this again."
        ) from error
    except OSError as error:
        raise ClvError(
            f"cannot write to {home.root}: {error.strerror}. "
            "Make it writable, or point CLV_HOME at a folder that is."
        ) from error
    try:
        command = " ".join(["clv", *sys.argv[1:]])
        holder.write_text(f"process {os.getpid()}: {command}", "utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _read(holder: Path) -> str:
    try:
        return holder.read_text("utf-8")
    except OSError:
        return "it does not say which"
