"""Atomic writes: a reader sees the old file or the new one, never a part of either."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from clv.errors import ClvError
from clv.project.stored import Kind, StoredFileError, sha256_of

FILE = Kind("the file")
# .<name>.<process>-<random>.tmp, and what a library puts beside it, such as a .wal
TEMPORARY = re.compile(r"\.([0-9]+)-[^.]*\.tmp")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` and move it there once the block has succeeded.

    The temporary file is synced to disk before the move, the folder after it. When the block
    raises, `path` is as it was and the temporary file is gone. Temporary files of runs that were
    killed are removed; those of a process that lives are left alone. The new file is readable for
    nobody beyond the umask, nor beyond those who could read the file that it replaces.

    Raises
    ------
    ClvError
        When the folder cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left_over in path.parent.glob(f".{glob.escape(path.name)}.*.tmp*"):
            if not _at_work(left_over):
                left_over.unlink(missing_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
        handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise ClvError(
            f"cannot write {path}: {error.strerror}. Make the folder writable, "
            "or point CLV_HOME at one that is."
        ) from error
    permitted = stat.S_IMODE(os.fstat(handle).st_mode)  # what the umask of the process leaves
    os.close(handle)
    try:
        yield temporary
        temporary.chmod(_no_wider(path, permitted))
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


def write_verified(path: Path, content: str, read: Callable[[Path], object]) -> None:
    """Write what is never written anew, such as an append-only file, once `read` can read it back.

    Raises
    ------
    ClvError
        When it does not read back; then `path` is as it was.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(content.encode("utf-8"))
        try:
            read(temporary)
        except StoredFileError as error:
            raise ClvError(
                f"{path} was not written, because it could not be read back: what was to be "
                f"written {error.cause}. Nothing was changed; give a shorter or plainer text."
            ) from error


def sha256(path: Path, kind: Kind = FILE) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits; what is no file is refused."""
    return sha256_of(path, kind)


def sweep(top: Path, folders: Iterable[Path]) -> list[Path]:
    """Remove the temporary files that dead processes left in `top`, in `folders`, and below those.

    Returns
    -------
    list of Path
        What was removed.
    """
    gone = []
    for found in (
        *top.glob(".*.tmp*"),
        *(f for folder in folders for f in folder.rglob(".*.tmp*")),
    ):
        named = re.search(TEMPORARY, found.name)
        if named and found.is_file() and not found.is_symlink() and not _at_work(found):
            found.unlink(missing_ok=True)
            gone.append(found)
    return gone


def _no_wider(path: Path, permitted: int) -> int:
    """Return the mode of a new file: the umask's, without what the file before did not permit."""
    try:
        before = path.stat()
    except OSError:  # there was none
        return permitted
    return permitted & (stat.S_IMODE(before.st_mode) | stat.S_IRWXU)


def _at_work(temporary: Path) -> bool:
    """Say whether another living process writes this temporary file; its name holds the process."""
    named = re.search(TEMPORARY, temporary.name)
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
