"""How a command is stopped: Ctrl-C and SIGTERM end in the same way, also while Python imports.

Little more than the standard library is imported here, so that this is there before anything that
takes time.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType

from clv.project.interrupts import handled, is_main

STOPPED = "clv: stopped; nothing is half-written, run the command again"


def stop_on_sigterm() -> None:
    """Let SIGTERM end the command as Ctrl-C does: children and temporary folders are cleaned up."""
    if is_main() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)


@contextlib.contextmanager
def ending_at_once() -> Iterator[None]:
    """End the process at once where it is stopped within the block, which imports and no more.

    A KeyboardInterrupt inside an import reaches us as whatever the library makes of it.
    """
    with handled(lambda handler: None if handler == signal.SIG_IGN else _end):
        yield


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
