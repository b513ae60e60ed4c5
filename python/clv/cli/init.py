"""`clv init`: a home gets to know its log."""

from __future__ import annotations

import click

from clv.cli.options import confirm
from clv.errors import ClvError
from clv.operations.section import CDNOW_SECTION, SectionChange, make_cdnow_home
from clv.project.events import say
from clv.project.home import Home


@click.command("init")
@click.option("--cdnow", is_flag=True, help="Make a home for CDNOW, a log that clv brings along.")
@click.option("--yes", is_flag=True, help="Write the config without asking.")
def init_command(cdnow: bool, yes: bool) -> None:
    """Make a home for the CDNOW log."""
    if not cdnow:
        raise click.UsageError("give --cdnow.")
    home = Home.current()
    change = SectionChange.of(home, CDNOW_SECTION)
    if change.replaces and not change.nothing_changes:
        say(f"change of {home.config}:\n{change.shown()}")
        if not confirm("Write it?", yes):
            raise ClvError("nothing was changed")
    make_cdnow_home(home)
    say(f"{home.root} is a home for CDNOW now; next: `clv train`")
