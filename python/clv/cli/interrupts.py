"""How a command is stopped: Ctrl-C and SIGTERM end in the same way, also while Python imports.

Only the standard library is imported here, so that this is there before anything that takes time.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType

STOPPED = "clv: stopped; nothing is half-written, run the command again"
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def stop_on_sigterm() -> None:
    """Let SIGTERM end the command as Ctrl-C does: children and temporary folders are cleaned up."""
    if _is_main() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)


@contextlib.contextmanager
def ending_at_once() -> Iterator[None]:
    """End the process at once where it is stopped within the block, which imports and no more.

    A KeyboardInterrupt inside an import reaches us as whatever the library makes of it.
    """
    if not _is_main():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, _end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def open_streams() -> None:
    """Put /dev/null where standard streams are closed, so that no file gets their numbers."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one


def _end(number: int, frame: FrameType | None) -> None:
    with contextlib.suppress(OSError):  # stderr may be closed, and there is nobody else to tell
        os.write(2, (STOPPED + "\n").encode())
    os._exit(1)


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()
