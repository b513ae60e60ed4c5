"""What every command of `clv` needs: the vars option, the open home, a question to a person."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pandas as pd

from clv.core.given import given_path
from clv.core.wording import markdown_table
from clv.errors import ClvError
from clv.project import events
from clv.project.config import MOST_MONTHS, Config
from clv.project.dbt import DbtProject, parse_vars
from clv.project.home import Home
from clv.project.stored import whole_number

# Months of a window, the same for `clv train`, `clv tune` and the config.
MONTHS = click.IntRange(1, MOST_MONTHS)
Callback = Callable[[click.Context, click.Parameter, Any], Any]

ACCEPT_LOG = "clv.accept_log"


def dbt_vars(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what every command that reads the log takes: `--vars` and `--accept-log`."""
    variables = click.option(
        "--vars", "variables", default="{}", metavar="YAML",
        help="dbt vars, as for `dbt build`: '{data_through: 2021-12-31}'.",
    )  # fmt: skip
    accept = click.option(
        "--accept-log", is_flag=True, expose_value=False, callback=_noted,
        help="Go on with a log that is not what it was, and record that.",
    )  # fmt: skip
    return variables(accept(command))


def _noted(context: click.Context, _: click.Parameter, value: bool) -> None:
    context.meta[ACCEPT_LOG] = value


def checked(read: Callable[[Any], Any]) -> Callback:
    """Return the callback of an option: what `read` refuses is wrong usage, and ends with 2.

    Parameters
    ----------
    read : callable
        Takes the value that was given, raises ClvError. It is not asked where none was given.
    """

    def callback(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
        try:
            return None if value is None else read(value)
        except ClvError as error:
            raise click.BadParameter(str(error), context, parameter) from error

    return callback


def month_list(option: str) -> Callback:
    """Return the callback that reads the months of an option, such as `3,6,9`."""
    return checked(lambda text: months(text, option))


def a_share(value: float) -> float:
    """Take a share above 0 and up to 1, which `nan` is not."""
    if not 0 < value <= 1:
        raise ClvError(f"{value} is not a share above 0 and up to 1, such as 0.2.")
    return value


def a_sha256(text: str) -> str:
    """Take a SHA-256 as `clv verify` prints it; upper case is the same one."""
    if not re.fullmatch(r"[0-9a-f]{64}", text.strip().lower()):
        raise ClvError(
            f"'{text}' is not a SHA-256 (64 hexadecimal digits). Give the head as `clv verify` or "
            "`clv promote` printed it."
        )
    return text.strip().lower()


def a_folder(text: str) -> Path:
    """Take a folder; an empty text, such as an unset variable, would be the current one."""
    if not text.strip():
        raise ClvError("the folder is empty. Name one.")
    path = given_path(text)
    if path.exists() and not path.is_dir():
        raise ClvError(f"{path} is not a folder. Name one.")
    return path


def open_project(variables: str, reads_log: bool = True) -> tuple[Home, Config, DbtProject]:
    """Return the current home, made ready, with its config and the dbt project on it.

    Parameters
    ----------
    reads_log : bool
        Whether the command reads the log; then no home is made where none is named.
    """
    home = Home.current()
    user_vars = parse_vars(variables)
    context = click.get_current_context(silent=True)
    if context is not None and context.meta.get(ACCEPT_LOG):
        user_vars["accept_log"] = True
    dbt = DbtProject(home, user_vars)
    if reads_log and home.lacks_config():
        dbt.home_log.check_named()
    home.ensure()
    events.current().keep_in(home.logs / "clv.log")
    if winners := dbt.home_log.overrides():
        events.say(winners)
    return home, home.read_config(), dbt


def show(table: pd.DataFrame) -> None:
    """Print a table on stdout."""
    click.echo(markdown_table(table))


def confirm(question: str, yes: bool) -> bool:
    """Ask on stderr; `yes` answers for scripts.

    Raises
    ------
    ClvError
        When nobody is there to answer.
    """
    if yes:
        return True
    try:
        return click.confirm(question, err=True)
    except click.Abort as error:
        click.echo(err=True)
        raise ClvError("nobody answered; nothing was changed. In scripts, give --yes.") from error


def months(text: str | None, option: str) -> tuple[int, ...]:
    """Read the months of an option, such as `3,6,9`; empty where it was not given.

    Raises
    ------
    ClvError
        When it is no list of whole numbers of 1 or more.
    """
    if text is None:
        return ()
    parts = [part.strip() for part in text.split(",")]
    numbers = [number for part in parts if (number := whole_number(part)) is not None]
    if len(numbers) < len(parts) or not all(1 <= number <= MOST_MONTHS for number in numbers):
        raise ClvError(
            f"{option} '{text}' is not a list of months from 1 to {MOST_MONTHS}, such as 3,6,9."
        )
    return tuple(sorted(set(numbers)))
