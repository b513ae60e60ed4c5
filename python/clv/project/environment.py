"""A home that is this process's only for a while, whatever the environment names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from clv.project.transaction_log import VARIABLE


@contextmanager
def set_apart() -> Iterator[None]:
    """Forget the log that the environment names, and put the environment back as it was at the end."""
    kept = dict(os.environ)
    os.environ.pop(VARIABLE, None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)
