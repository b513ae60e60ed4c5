"""The `clv` command."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pandas as pd

from clv import __version__
from clv.cli_common import dbt_vars, open_project
from clv.cli_governance import register
from clv.config import read_config
from clv.errors import ClvError
from clv.home import Home
from clv.locking import exclusive
from clv.messages import markdown_table, say
from clv.registry import Registry
from clv.run import RunResult, monitor, run
from clv.show import show_text
from clv.status import status_text
from clv.train import train

DONE, REFUSED, USAGE, DONE_WITH_ALERT = 0, 1, 2, 3


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="clv")
def cli() -> None:
    """Predict customer lifetime value, and check it.

    State lives in CLV_HOME (default: the project's folder); the log is CLV_TRANSACTIONS (default:
    the CDNOW log). Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 done with a drift
    alert.
    """


@cli.command("train")
@click.option("--cutoff", metavar="DATE", help="End of history. Default: the latest possible.")
@click.option("--history-months", type=click.IntRange(1), help="Default: the config's.")
@click.option("--pred-months", type=click.IntRange(1), help="Default: the config's.")
@click.option("--no-promote", is_flag=True, help="Leave a challenger; the champion stays.")
@dbt_vars
def train_command(
    cutoff: str | None,
    history_months: int | None,
    pred_months: int | None,
    no_promote: bool,
    variables: str,
) -> None:
    """Hold the contest at a cutoff and make its winner champion."""
    home, config, dbt = open_project(variables)
    with exclusive(home):
        Registry(home.registry).settle()
        card = train(dbt, config, (cutoff, history_months, pred_months), promote=not no_promote)
    click.echo(markdown_table(_contest_table(card)))
    click.echo(f"\nbaseline: {card['baseline']['explanation']}")
    for candidate in card["candidates"]:
        if candidate["left_out_because"]:
            click.echo(f"left out: {candidate['kind']}: {candidate['left_out_because']}")


@cli.command("run")
@click.option("--cutoff", metavar="DATE", help="Score this day; the schedule stays as it is.")
@click.option("--until", metavar="DATE", help="Score what is due up to this day.")
@dbt_vars
def run_command(cutoff: str | None, until: str | None, variables: str) -> None:
    """Score what is due, judge what has matured, write files and alerts, move the schedule on."""
    if cutoff and until:
        raise click.UsageError("--cutoff and --until do not go together.")
    home, config, dbt = open_project(variables)
    with exclusive(home):
        Registry(home.registry).settle()
        result = run(dbt, config, cutoff, until)
    _finish(result)


@cli.command("monitor")
@dbt_vars
def monitor_command(variables: str) -> None:
    """Label and judge what has matured, without scoring."""
    home, config, dbt = open_project(variables)
    with exclusive(home):
        Registry(home.registry).settle()
        result = monitor(dbt, config)
    _finish(result)


@cli.command("status")
def status_command() -> None:
    """Show the champion, the schedule, the batches that wait to mature and the open alerts."""
    home = Home.current()
    home.ensure()
    click.echo(status_text(home, read_config(home.config)))


@cli.command("show")
def show_command() -> None:
    """Print the latest batch, the accuracy of the matured ones, and where the files are."""
    click.echo(show_text(Home.current()))


register(cli)


def main(arguments: list[str] | None = None) -> None:
    """Run the command and exit with its code; a refusal is one message on stderr."""
    sys.exit(guarded(lambda: cli.main(arguments, prog_name="clv", standalone_mode=False)))


def guarded(command: Callable[[], Any]) -> int:
    """Run a command and return its exit code; what a user did wrong becomes one message."""
    try:
        code = command()
    except click.exceptions.Exit as stop:
        return int(stop.exit_code)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        say("clv: stopped; nothing is half-written, run the command again")
        return REFUSED
    except ClvError as error:
        say(f"clv: {error}")
        return REFUSED
    return int(code or DONE)


def _finish(result: RunResult) -> None:
    for path in result.alerts:
        click.echo(f"drift alert: {_short(path)}")
    if result.alerts:
        raise click.exceptions.Exit(DONE_WITH_ALERT)


def _short(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _contest_table(card: dict[str, Any]) -> pd.DataFrame:
    shown = ["rmse", "r2", "mae", "bias", "normalized_gini", "top_decile_share"]
    return pd.DataFrame(
        [
            {"candidate": entry["kind"], **{key: entry["accuracy"][key] for key in shown}}
            for entry in card["candidates"]
            if entry["accuracy"]
        ]
    )
