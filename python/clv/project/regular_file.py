"""Opening stored files: regular files of a sensible size, without waiting.

Opening a FIFO would wait for a writer, and reading a device may never end, so what is no regular
file is not opened at all. `clv.project.stored` builds on this and is what other modules import.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from clv.errors import ClvError

FROM_BACKUP = "Restore it from a backup."
APPEND_ONLY = "It is append-only and never edited by hand: restore it from a backup."
MADE_AGAIN = "Delete it; it is made again."
CHUNK = 1 << 20


@dataclass(frozen=True)
class Kind:
    """What a stored file is.

    Parameters
    ----------
    what : str
        Its name in messages, with an article: `the log of deletions`.
    fix : str
        What a person does where the file cannot be read: a sentence.
    largest : int
        Bytes from which it is refused unread.
    """

    what: str
    fix: str = FROM_BACKUP
    largest: int = 10_000_000


class StoredFileError(ClvError):
    """A stored file that cannot be used: `path`, `cause` and `fix` are the parts of its message."""

    def __init__(self, path: Path, kind: Kind, cause: str) -> None:
        super().__init__(f"{kind.what} {path} {cause}. {kind.fix}")
        self.path, self.cause, self.fix = path, cause, kind.fix


class MissingFileError(StoredFileError):
    """There is no file of that name, nor a link."""


def stands(path: Path, kind: Kind) -> bool:
    """Say whether anything has this name, be it readable or not; a link that leads nowhere does.

    Raises
    ------
    StoredFileError
        When that cannot be known: a file in the place of its folder, a folder that is closed.
    """
    try:
        path.lstat()
    except FileNotFoundError as error:
        for folder in path.parents:
            if folder.is_symlink() and not folder.exists():
                raise _failure(folder, kind, error) from error
        return False
    except (OSError, ValueError) as error:
        raise _failure(path, kind, error) from error
    return True


def listed(folder: Path, pattern: str, kind: Kind) -> list[Path]:
    """Return what the folder holds that fits the pattern, sorted; nothing where it is not there.

    Raises
    ------
    StoredFileError
        When something that is no folder stands in its place, or it cannot be looked into.
    """
    if not stands(folder, kind):
        return []
    try:
        with os.scandir(folder):
            return sorted(folder.glob(pattern))
    except OSError as error:
        raise _failure(folder, kind, error) from error


def read_bytes(path: Path, kind: Kind) -> bytes:
    """Return the content of a regular file.

    Raises
    ------
    StoredFileError
        When it is missing, no regular file, unreadable, or larger than its kind allows.
    """
    parts, size = [], 0
    try:
        with _opened(path, kind) as descriptor:
            while chunk := os.read(descriptor, CHUNK):
                size += len(chunk)
                if size > kind.largest:
                    raise _too_large(path, kind, size)
                parts.append(chunk)
    except (OSError, ValueError) as error:
        raise _failure(path, kind, error) from error
    return b"".join(parts)


def read_start(path: Path, kind: Kind, count: int) -> bytes:
    """Return the first bytes of a regular file of any size; fewer where it is shorter.

    Raises
    ------
    StoredFileError
        When it is missing, no regular file, or unreadable.
    """
    try:
        with _opened(path, kind, any_size=True) as descriptor:
            return os.read(descriptor, count)
    except (OSError, ValueError) as error:
        raise _failure(path, kind, error) from error


def sha256_of(path: Path, kind: Kind) -> str:
    """Return the SHA-256 of a regular file as 64 hexadecimal digits, read piece by piece.

    Raises
    ------
    StoredFileError
        As `read_bytes`; the size is free.
    """
    digest = hashlib.sha256()
    try:
        with _opened(path, kind, any_size=True) as descriptor:
            while chunk := os.read(descriptor, CHUNK):
                digest.update(chunk)
    except (OSError, ValueError) as error:
        raise _failure(path, kind, error) from error
    return digest.hexdigest()


def shown(text: str, longest: int = 60) -> str:
    """Return an example of what was found, in quotes, short, and harmless to a terminal."""
    cut = text if len(text) <= longest else f"{text[:longest]}…"
    return "nothing" if not cut else ascii(cut) if not cut.isprintable() else f"'{cut}'"


@contextlib.contextmanager
def appending(path: Path) -> Iterator[TextIO]:
    """Open a regular file to add lines to, or make it; a FIFO without a reader is not waited for.

    Raises
    ------
    OSError
        When that cannot be.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o666)
    with os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "no regular file", str(path))
        yield file


@contextlib.contextmanager
def _opened(path: Path, kind: Kind, any_size: bool = False) -> Iterator[int]:
    """Open a regular file without waiting; what is no regular file is not opened at all."""
    found = path.stat()
    _check_regular(path, kind, found)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        found = os.fstat(descriptor)
        _check_regular(path, kind, found)
        if not any_size and found.st_size > kind.largest:
            raise _too_large(path, kind, found.st_size)
        yield descriptor
    finally:
        os.close(descriptor)


def _check_regular(path: Path, kind: Kind, found: os.stat_result) -> None:
    names = {
        stat.S_IFDIR: "a folder", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device", stat.S_IFBLK: "a device",
    }  # fmt: skip
    form = stat.S_IFMT(found.st_mode)
    if form != stat.S_IFREG:
        raise StoredFileError(path, kind, f"is {names.get(form, 'no regular file')}, not a file")


def _too_large(path: Path, kind: Kind, size: int) -> StoredFileError:
    cause = f"has {size:,} bytes or more, which is beyond the {kind.largest:,} that it may have"
    return StoredFileError(path, kind, cause)


def _failure(path: Path, kind: Kind, error: OSError | ValueError) -> StoredFileError:
    """Say why a path cannot be opened; what is wrong with a name is a ValueError."""
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.ENOENT:
        if path.is_symlink():
            cause = f"is a link to {path.readlink()}, where nothing is"
            return StoredFileError(path, kind, cause)
        return MissingFileError(path, kind, "is missing")
    causes = {
        errno.ELOOP: "is a link that leads back to itself",
        errno.ENOTDIR: "cannot be reached: a file stands where a folder is expected",
        errno.ENAMETOOLONG: "has a name that is too long",
    }
    said = error.strerror if isinstance(error, OSError) else str(error)
    return StoredFileError(path, kind, causes.get(number or 0, f"cannot be read ({said})"))
