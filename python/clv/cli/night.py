"""The commands of a night and a morning: `clv run`, `monitor`, `status` and `show`."""

from __future__ import annotations

from pathlib import Path

import click

from clv.cli.exits import DONE_WITH_ALERT
from clv.cli.options import dbt_vars, open_project, show
from clv.core.dates import parse_date
from clv.core.wording import counted, json_text
from clv.errors import ClvError
from clv.monitoring.alerts import announced
from clv.monitoring.tickets import deliver_after_run
from clv.operations.begun import reported
from clv.operations.recovery import at_work
from clv.operations.run import ALL, RunResult, monitor, run
from clv.operations.show import show_data, show_text
from clv.operations.status import status_data, status_text
from clv.project import events
from clv.project.config import Config
from clv.project.config_rewrite import check_rewritable
from clv.project.dbt import DbtProject
from clv.project.home import Home
from clv.registry.gate import warn_of_doubt
from clv.registry.store import Registry
from clv.scoring.workbook import write_workbook

# --data-through is believed up to this many days after the log's last row.
SLACK_DAYS = 31


through_option = click.option(
    "--data-through", "through", metavar="DATE",
    help="Last day that the log is complete for. Default: the day of its last row.",
)  # fmt: skip


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


@click.command("run")
@click.option("--cutoff", metavar="DATE", help="Score this day; the schedule stays as it is.")
@click.option("--until", metavar="DATE", help="Score what is due up to this day.")
@click.option(
    "--accept", is_flag=False, flag_value=ALL, metavar="[CUTOFF]",
    help="Publish the batch of this day, or all that are due, although it was held.",
)  # fmt: skip
@through_option
@dbt_vars
def run_command(
    cutoff: str | None, until: str | None, accept: str | None, through: str | None, variables: str
) -> None:
    """Score what is due, judge what has matured, write files and alerts, move the schedule on."""
    if cutoff is not None and until is not None:
        raise click.UsageError("--cutoff and --until do not go together.")
    home, config, dbt = _open(variables, through)
    check_rewritable(home.config, [("run", key) for key in type(config.run).model_fields])
    with at_work(dbt, show, builds=True):
        Registry(home.registry).settle()
        warn_of_doubt(home)
        _finish(home, run(dbt, config, cutoff, until, accept))


@click.command("monitor")
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
    with at_work(dbt, show, builds=True):
        Registry(home.registry).settle()
        warn_of_doubt(home)
        _finish(home, monitor(dbt, config, cutoffs or relabel))


@click.command("status")
@json_option
def status_command(as_json: bool) -> None:
    """Show the champion, the schedule, the batches that wait to mature and the open alerts."""
    home = Home.current()
    warn_of_doubt(home)
    data = status_data(home, home.read_config())
    click.echo(json_text(data) if as_json else status_text(data))


@click.command("show")
@json_option
@click.option(
    "--xlsx",
    metavar="FILE",
    help="Write customer_segments as an Excel workbook, and print nothing else.",
)
def show_command(as_json: bool, xlsx: str | None) -> None:
    """Print the latest batch, the accuracy of the matured ones, and where the files are."""
    if xlsx is not None:
        if as_json:
            raise click.UsageError("--json and --xlsx do not go together.")
        written = write_workbook(Home.current(), Path(xlsx))
        click.echo(f"wrote {xlsx} ({counted(written, 'customer', 'customers')})")
        return
    data = show_data(Home.current())
    click.echo(json_text(data) if as_json else show_text(data))


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
    """Say what was done, and only then forget that it was to be said."""
    if len(result.relabelled):
        show(result.relabelled)
    for path in result.withdrawn:
        click.echo(f"drift alert withdrawn: {_short(path)}")
    for path in result.alerts:
        click.echo(f"drift alert: {_short(path)}")
        events.current().event("alert_raised", level="warning", file=path.name)
    deliver_after_run(home)
    reported(home)
    announced(home)
    if result.alerts:
        raise click.exceptions.Exit(DONE_WITH_ALERT)


def _short(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
