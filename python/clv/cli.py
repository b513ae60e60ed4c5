"""The `clv` command."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pandas as pd

from clv import __version__, cli_governance, cli_night, log
from clv.alerts import announced
from clv.cli_common import MONTHS, dbt_vars, open_project
from clv.config import Config, read_config
from clv.dates import parse_date
from clv.dbt_project import DbtProject
from clv.doubt import warn_of_doubt
from clv.errors import ClvError
from clv.home import Home
from clv.locking import exclusive
from clv.messages import markdown_table
from clv.registry import Registry
from clv.run import RunResult, monitor, run
from clv.show import show_text
from clv.status import status_text
from clv.tickets import deliver_after_run

DONE, REFUSED, USAGE, DONE_WITH_ALERT = 0, 1, 2, 3
# --data-through is believed up to this many days after the log's last row.
SLACK_DAYS = 31


through_option = click.option(
    "--data-through", "through", metavar="DATE",
    help="Last day that the log is complete for. Default: the day of its last row.",
)  # fmt: skip


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="clv")
@click.option(
    "--log-format", type=click.Choice(log.FORMATS),
    help="What stderr gets: text or JSON lines. Default: CLV_LOG_FORMAT, or text.",
)  # fmt: skip
@click.pass_context
def cli(context: click.Context, log_format: str | None) -> None:
    """Predict customer lifetime value, and check it.

    State lives in CLV_HOME (default: the project's folder); the log is CLV_TRANSACTIONS (default:
    the CDNOW log). Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 done with a drift
    alert.
    """
    log.current().as_json = (log_format or log.named_format()) == "json"
    log.current().event("command_started", command=context.invoked_subcommand)


@cli.command("train")
@click.option("--cutoff", metavar="DATE", help="End of history. Default: the latest possible.")
@click.option("--history-months", type=MONTHS, help="Default: the config's.")
@click.option("--pred-months", type=MONTHS, help="Default: the config's.")
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
    # Only here: nothing else that `clv` does may come to train a model.
    from clv.train import train

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
@through_option
@dbt_vars
def run_command(cutoff: str | None, until: str | None, through: str | None, variables: str) -> None:
    """Score what is due, judge what has matured, write files and alerts, move the schedule on."""
    if cutoff is not None and until is not None:
        raise click.UsageError("--cutoff and --until do not go together.")
    home, config, dbt = _open(variables, through)
    with exclusive(home):
        Registry(home.registry).settle()
        warn_of_doubt(home)
        _finish(home, run(dbt, config, cutoff, until))


@cli.command("monitor")
@click.option(
    "--relabel", is_flag=True,
    help="Make labels again from the corrected log, of all labelled batches or of CUTOFFS.",
)  # fmt: skip
@click.argument("cutoffs", nargs=-1)
@through_option
@dbt_vars
def monitor_command(
    relabel: bool, cutoffs: tuple[str, ...], through: str | None, variables: str
) -> None:
    """Label and judge what has matured, without scoring."""
    if cutoffs and not relabel:
        raise click.UsageError("cutoffs go with --relabel; without it all that is due is judged.")
    home, config, dbt = _open(variables, through)
    with exclusive(home):
        Registry(home.registry).settle()
        warn_of_doubt(home)
        result = monitor(dbt, config, cutoffs or relabel)
        if len(result.relabelled):
            click.echo(markdown_table(result.relabelled))
        _finish(home, result)


@cli.command("status")
def status_command() -> None:
    """Show the champion, the schedule, the batches that wait to mature and the open alerts."""
    home = Home.current()
    home.ensure()
    warn_of_doubt(home)
    click.echo(status_text(home, read_config(home.config)))


@cli.command("show")
def show_command() -> None:
    """Print the latest batch, the accuracy of the matured ones, and where the files are."""
    click.echo(show_text(Home.current()))


cli_night.register(cli)
cli_governance.register(cli)


def main(arguments: list[str] | None = None) -> None:
    """Run the command and exit with its code; a refusal is one message on stderr."""
    sys.exit(guarded(lambda: cli.main(arguments, prog_name="clv", standalone_mode=False)))


def guarded(command: Callable[[], Any]) -> int:
    """Run a command and return its exit code; what a user did wrong becomes one message."""
    record = log.start()
    code = _attempt(command)
    record.event("command_ended", exit_code=code, seconds=record.seconds())
    return code


def _attempt(command: Callable[[], Any]) -> int:
    record = log.current()
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


def _open(variables: str, through: str | None) -> tuple[Home, Config, DbtProject]:
    home, config, dbt = open_project(variables)
    if through is not None:
        if "data_through" in dbt.user_vars:
            raise ClvError("--data-through and the var data_through say the same; give one.")
        day = parse_date(through, "data_through").isoformat()
        dbt.user_vars = {
            "data_through_slack_days": SLACK_DAYS,
            **dbt.user_vars,
            "data_through": day,
        }
    return home, config, dbt


def _finish(home: Home, result: RunResult) -> None:
    for path in result.withdrawn:
        click.echo(f"drift alert withdrawn: {_short(path)}")
    for path in result.alerts:
        click.echo(f"drift alert: {_short(path)}")
        log.current().event("alert_raised", level="warning", file=path.name)
    deliver_after_run(home)
    announced(home)
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
