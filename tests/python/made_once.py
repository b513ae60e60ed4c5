"""What is slow to make is made by the first worker that needs it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def shared_folder(factory: pytest.TempPathFactory, name: str) -> Path:
    """Return a folder that all workers of this run have in common."""
    folder = factory.getbasetemp()
    folder = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / name
    folder.mkdir(exist_ok=True)
    return folder


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a home that the first worker made; each works on a copy of its own."""
    home = factory.mktemp(name) / "home"
    if "PYTEST_XDIST_WORKER" not in os.environ:
        make(home)
        return home
    shared = factory.getbasetemp().parent / name
    with FileLock(f"{shared}.lock"):
        if not shared.exists():
            making = shared.with_name(f"{name}.making")
            shutil.rmtree(making, ignore_errors=True)
            make(making)
            making.rename(shared)
    shutil.copytree(shared, home)
    return home
