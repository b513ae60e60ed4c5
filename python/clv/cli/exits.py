"""How a command ends: its exit code, and one message for whatever went wrong."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import click

from clv.errors import ClvError
from clv.project import events

DONE, REFUSED, USAGE, DONE_WITH_ALERT = 0, 1, 2, 3


def guarded(command: Callable[[], Any]) -> int:
    """Run a command and return its exit code; what a user did wrong becomes one message."""
    record = events.start()
    code = _attempt(command)
    record.event("command_ended", exit_code=code, seconds=record.seconds())
    return code


def _attempt(command: Callable[[], Any]) -> int:
    record = events.current()
    try:
        code = command()
    except click.exceptions.Exit as stop:
        return int(stop.exit_code)
    except click.ClickException as error:
        if record.as_json:
            record.event("refused", error.format_message(), level="error")
        else:
            error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        stopped = "clv: stopped; nothing is half-written, run the command again"
        record.event("stopped", stopped, level="error")
        return REFUSED
    except ClvError as error:
        record.event("failed", f"clv: {error}", level="error")
        return REFUSED
    except Exception as error:  # a defect of clv: loud, and never taken for "no alert"
        trace = traceback.format_exc()
        where = record.path or f"CLV_HOME, had it been there:\n{trace}"
        record.event(
            "crashed",
            f"clv: a defect of clv itself ended the command: {type(error).__name__}: {error}. "
            f"Report it with the traceback, which stands in {where}",
            level="error", traceback=trace,
        )  # fmt: skip
        return REFUSED
    return int(code or DONE)
