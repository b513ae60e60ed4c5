"""What every command of `clv` needs: the vars option, the open home, a question to a person."""

from __future__ import annotations

import click

from clv.config import Config, read_config
from clv.dbt_project import DbtProject, parse_vars
from clv.errors import ClvError
from clv.home import Home

dbt_vars = click.option(
    "--vars", "variables", default="{}", metavar="YAML",
    help="dbt vars, as for `dbt build`: '{data_through: 2021-12-31}'.",
)  # fmt: skip


def open_project(variables: str) -> tuple[Home, Config, DbtProject]:
    """Return the current home, made ready, with its config and the dbt project on it."""
    home = Home.current()
    user_vars = parse_vars(variables)
    home.ensure()
    return home, read_config(home.config), DbtProject(home, user_vars)


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
        raise ClvError("nobody answered; nothing was changed. In scripts, give --yes.") from error
