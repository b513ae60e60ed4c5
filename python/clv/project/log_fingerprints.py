"""The files of the log: what tells one from another, and which are there twice."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from clv.project.stored import Kind, StoredFileError, read_bytes, sha256_of

LOG_FILE = Kind("the file of the log", "Check it, and run this again.")
# A file of a header line alone may be there for every day on which nothing was sold.
SMALLEST = 1_000


@dataclass(frozen=True)
class LogFile:
    """One file of the log; `modified` is its time of change in nanoseconds."""

    name: str
    size: int
    modified: int
    sha256: str


def fingerprints(paths: Sequence[str], known: Iterable[LogFile]) -> list[LogFile]:
    """Return what tells the files apart; one is read only where its size or time has changed.

    Raises
    ------
    StoredFileError
        When a file cannot be read.
    """
    before = {file.name: file for file in known}
    names = _names(paths)
    found = []
    for path in paths:
        status, name = Path(path).stat(), names[path]
        old = before.get(name)
        same = old is not None and (old.size, old.modified) == (status.st_size, status.st_mtime_ns)
        digest = old.sha256 if old is not None and same else sha256_of(Path(path), LOG_FILE)
        found.append(LogFile(name, status.st_size, status.st_mtime_ns, digest))
    return found


def twins(paths: Sequence[str]) -> list[tuple[str, str]]:
    """Return the pairs of files with the same content; only files of one size are read."""
    by_size = defaultdict(list)
    for path in paths:
        size = Path(path).stat().st_size
        if size > SMALLEST or _has_rows(path):
            by_size[size].append(path)
    pairs, names = [], _names(paths)
    for same_size in by_size.values():
        first: dict[str, str] = {}
        for path in same_size if len(same_size) > 1 else ():
            digest = sha256_of(Path(path), LOG_FILE)
            if digest in first:
                pairs.append((names[first[digest]], names[path]))
            first.setdefault(digest, path)
    return pairs


def _has_rows(path: str) -> bool:
    try:
        return len(read_bytes(Path(path), LOG_FILE).splitlines()) > 1
    except StoredFileError:
        return False


def _names(paths: Sequence[str]) -> dict[str, str]:
    """Return the paths as they are told and remembered: below the folder that all are in."""
    if not paths:
        return {}
    folder = os.path.commonpath([str(Path(path).parent) for path in paths])
    return {path: os.path.relpath(path, folder) for path in paths}
