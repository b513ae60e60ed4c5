"""How a command ends: its exit code, and one message for whatever went wrong."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from typing import Any

import click

from clv.cli.interrupts import STOPPED
from clv.errors import ClvError
from clv.project import events

DONE, REFUSED, USAGE, DONE_WITH_ALERT = 0, 1, 2, 3
CAUSES = {
    RecursionError: "something that was read is nested too deeply. Look at the files, --vars and "
    "the log for what is not as it was written",
    MemoryError: "the memory of this machine is used up. Close other programs, or give the command "
    "fewer customers (`clv tune --sample`) or a larger machine",
    UnicodeError: "a text is not UTF-8 and cannot be read or printed. Look at the arguments, and set "
    "PYTHONIOENCODING=utf-8 where the terminal has another encoding",
}


def guarded(command: Callable[[], Any]) -> int:
    """Run a command and return its exit code; whatever went wrong becomes one message."""
    record = events.start()
    code = _attempt(command)
    record.event("command_ended", exit_code=code, seconds=record.seconds())
    return code


def flushed(code: int) -> int:
    """Return the exit code once stdout has taken what was printed; 1 where it has not.

    What Python would say of that while it ends is a traceback.
    """
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError) as error:
        events.current().event("failed", _not_printed(error), level="error")
        _discard(1)
        code = REFUSED
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
    except (OSError, ValueError):  # there is nowhere to say it
        _discard(2)
    return code


def _attempt(command: Callable[[], Any]) -> int:
    record = events.current()
    try:
        code = command()
    except click.exceptions.Exit as stop:
        return int(stop.exit_code)
    except click.ClickException as error:
        return _refused(error)
    except (click.Abort, KeyboardInterrupt):
        record.event("stopped", STOPPED, level="error")
        return REFUSED
    except ClvError as error:
        record.event("failed", f"clv: {error}", level="error")
        return REFUSED
    except SystemExit as stop:  # click ends so where stdout is a closed pipe
        cause = stop.__context__
        if isinstance(cause, OSError):
            record.event("failed", _not_printed(cause), level="error")
            _discard(1)
            return REFUSED
        return stop.code if isinstance(stop.code, int) else REFUSED
    except Exception as error:
        message = _message(error)
        record.event("crashed", message, level="error", traceback=traceback.format_exc())
        return REFUSED
    return int(code or DONE)


def _refused(error: click.ClickException) -> int:
    record = events.current()
    message = error.format_message()
    if not record.as_json:
        text = io.StringIO()
        error.show(text)
        message = text.getvalue().rstrip("\n")
    record.event("refused", message, level="error")
    return error.exit_code


def _message(error: BaseException) -> str:
    """Return the one message for an error that no command foresaw."""
    if (
        isinstance(error, OSError)
        and error.errno in (errno.EPIPE, errno.ENOSPC)
        and not error.filename
    ):
        return _not_printed(error)
    for kind, cause in CAUSES.items():
        if isinstance(error, kind):
            return f"clv: {cause} ({type(error).__name__}; {_where()})."
    if isinstance(error, OSError) and error.filename is not None:
        return (
            f"clv: {error.filename!r} cannot be used: {error.strerror}. Look at what stands there, and "
            f"run this again ({_where()})."
        )
    return (  # a defect of clv: loud, and never taken for "no alert"
        f"clv: a defect of clv itself ended the command: {type(error).__name__}: {error}. "
        f"Report it with the traceback: {_where()}"
    )


def _where() -> str:
    """Say which file has the traceback; a command that keeps no log gets a file for it."""
    path = events.current().path
    if path is not None:
        return f"the traceback stands in {path}"
    try:
        with tempfile.NamedTemporaryFile(
            "w",
            prefix="clv-",
            suffix=".log",
            delete=False,
            encoding="utf-8",
            errors="backslashreplace",
        ) as file:
            file.write(traceback.format_exc())
    except OSError as error:
        return f"the traceback could not be written: {error.strerror}"
    return f"the traceback stands in {file.name}"


def _not_printed(error: OSError | ValueError) -> str:
    cause = error.strerror if isinstance(error, OSError) else str(error)
    return (
        f"clv: the output could not be printed: {cause}. What the command did is done; run it again "
        "with a stdout that takes it all."
    )


def _discard(number: int) -> None:
    """Let a standard stream go nowhere, so that Python's end does not try it once more."""
    with contextlib.suppress(OSError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, number)
        os.close(null)
