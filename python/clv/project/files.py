"""Atomic writes: a reader sees the old file or the new one, never a part of either."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from clv.errors import ClvError


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` and move it there once the block has succeeded.

    The temporary file is synced to disk before the move, the folder after it. When the block
    raises, `path` is as it was and the temporary file is gone. Temporary files of runs that were
    killed are removed; those of a process that lives are left alone.

    Raises
    ------
    ClvError
        When the folder cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left_over in path.parent.glob(f".{path.name}.*.tmp*"):
            if not _at_work(left_over):
                left_over.unlink(missing_ok=True)
        prefix = f".{path.name}.{os.getpid()}-"
        handle, name = tempfile.mkstemp(prefix=prefix, suffix=".tmp", dir=path.parent)
    except OSError as error:
        raise ClvError(
            f"cannot write {path}: {error.strerror}. Make the folder writable, "
            "or point CLV_HOME at one that is."
        ) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        _sync(temporary)
        temporary.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise ClvError(f"cannot write {path}: {error.strerror}.") from error
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` atomically."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Write `content` to `path` atomically, as UTF-8."""
    write_bytes(path, content.encode("utf-8"))


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _at_work(temporary: Path) -> bool:
    """Say whether another living process writes this temporary file; its name holds the process."""
    named = re.search(r"\.(\d+)-[^.]*\.tmp", temporary.name)
    if named is None or int(named[1]) == os.getpid():
        return False
    try:
        os.kill(int(named[1]), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # it lives, and is another user's
        return True
    return True


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
