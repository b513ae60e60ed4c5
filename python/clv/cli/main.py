"""The `clv` command."""

from __future__ import annotations

import importlib
import os
import sys

import click

from clv import __version__
from clv.cli.exits import flushed, guarded
from clv.cli.interrupts import ending_at_once
from clv.project import events

# Command to the module that holds it as `<command>_command`, imported when the command is asked for:
# what a night runs never imports what trains a model.
COMMANDS = {
    "ack": "alerts",
    "card": "models",
    "demo": "demo",
    "init": "init",
    "monitor": "night",
    "promote": "models",
    "purge": "models",
    "reproduce": "models",
    "run": "night",
    "show": "night",
    "status": "night",
    "tickets": "alerts",
    "train": "training",
    "tune": "training",
    "verify": "models",
}


class Commands(click.Group):
    """The group of COMMANDS."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse arguments that are no text: they would be stored, and could not be printed."""
        for argument in args:
            if any("\ud800" <= character <= "\udfff" for character in argument):
                raise click.UsageError(f"the argument {argument!a} is not UTF-8 text.", ctx)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of `--help`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command; None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        with ending_at_once():
            module = importlib.import_module(f"clv.cli.{COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="clv")
@click.option(
    "--log-format", type=click.Choice(events.FORMATS),
    help="What stderr gets: text or JSON lines. Default: CLV_LOG_FORMAT, or text.",
)  # fmt: skip
@click.option("--home", metavar="FOLDER", help="The home. Default: CLV_HOME.")
@click.option("--quiet", is_flag=True, help="Leave stderr to warnings and errors.")
@click.pass_context
def cli(context: click.Context, log_format: str | None, home: str | None, quiet: bool) -> None:
    """Predict customer lifetime value, and check it.

    State lives in the home: --home, or CLV_HOME; without either the clone that clv runs from, or, of
    an installed clv, the current folder. The log is what `clv init` wrote into
    its config; CLV_TRANSACTIONS, where it is set, names another. Exit codes: 0 done, 1 refused or
    failed, 2 wrong usage, 3 done with a drift alert.
    """
    if home is not None:
        if not home.strip():
            raise click.UsageError("--home is empty. Name a folder.", context)
        os.environ["CLV_HOME"] = home
    events.current().quiet = quiet
    events.current().as_json = (log_format or events.named_format()) == "json"
    events.current().event("command_started", command=context.invoked_subcommand)


def main(arguments: list[str] | None = None) -> None:
    """Run the command and exit with its code; a refusal is one message on stderr."""
    code = guarded(lambda: cli.main(arguments, prog_name="clv", standalone_mode=False))
    sys.exit(flushed(code))
