"""A process that dies at its n-th durable step, within the process of the test.

A durable step moves a file into its place or removes one. The n-th raises `Killed` instead, and so does
every later one: a process that was killed does nothing any more, also not in its `finally` blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


class Killed(BaseException):
    """The process is no more."""


def killed_at(step: int, work: Callable[[], Any]) -> bool:
    """Do `work` until its durable step number `step`, from 1; say whether it came to that."""
    taken = 0

    def mortal(name: str) -> Callable[..., Any]:
        real = getattr(Path, name)

        def stepped(path: Path, *arguments: Any, **named: Any) -> Any:
            nonlocal taken
            if name == "replace" or path.exists():
                taken += 1
                if taken >= step:
                    raise Killed
            return real(path, *arguments, **named)

        return stepped

    with pytest.MonkeyPatch.context() as patch:
        for name in ("replace", "unlink"):
            patch.setattr(Path, name, mortal(name))
        try:
            work()
        except Killed:
            return True
    return False


def every_step(work: Callable[[int], bool]) -> Iterator[int]:
    """Yield 1, 2, … as long as `work(step)` says that it was killed at that step."""
    step = 1
    while work(step):
        yield step
        step += 1
