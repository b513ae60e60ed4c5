"""Signals that stop a command, whatever is at work: also while Python imports, also within a library.

Only the standard library is imported here, so that this is there before anything that takes time.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)
Handler = Callable[[int, FrameType | None], Any]


def is_main() -> bool:
    """Say whether this is the thread that signals reach."""
    return threading.current_thread() is threading.main_thread()


@contextlib.contextmanager
def handled(instead_of: Callable[[Any], Handler | None]) -> Iterator[None]:
    """Let signals to stop be handled otherwise within the block; in other threads nothing changes.

    Parameters
    ----------
    instead_of : callable
        Takes the handler that a signal has, and returns the one within the block; None leaves it.
    """
    if not is_main():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in before.items():
        if (other := instead_of(handler)) is not None:
            signal.signal(number, other)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def stopped_by_signals() -> Iterator[None]:
    """End the block with KeyboardInterrupt where a signal to stop came, whatever the block made of it.

    A library may turn the interrupt that reaches it into an error, into a result, or lose it in one of
    its threads. Signals that are ignored, or end the process, stay as they are.
    """
    came: list[int] = []

    def noting(handler: Any) -> Handler | None:
        if not callable(handler):
            return None

        def noted(number: int, frame: FrameType | None) -> None:
            came.append(number)
            handler(number, frame)

        return noted

    try:
        with handled(noting):
            yield
    except Exception as error:
        if came:
            raise KeyboardInterrupt from error
        raise
    if came:
        raise KeyboardInterrupt
