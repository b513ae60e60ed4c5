"""The commands that choose windows and govern champions."""

from __future__ import annotations

import click

from clv.card import card_text
from clv.cli_common import confirm, dbt_vars, open_project
from clv.errors import ClvError
from clv.home import Home
from clv.integrity import verify
from clv.locking import exclusive
from clv.messages import markdown_table, say
from clv.promotion import compare, promote
from clv.registry import Registry


def register(group: click.Group) -> None:
    """Add the commands to the `clv` group."""
    for command in (promote_command, verify_command, card_command):
        group.add_command(command)


@click.command("promote")
@click.argument("model_id")
@click.option("--reason", required=True, help="Why, for the manifest: one sentence.")
@click.option("--yes", is_flag=True, help="Do not ask; a worse challenger still needs --force.")
@click.option("--force", is_flag=True, help="Promote even a challenger that is worse or cannot be compared.")
@dbt_vars
def promote_command(model_id: str, reason: str, yes: bool, force: bool, variables: str) -> None:
    """Show a challenger beside the champion and make it champion on confirmation."""
    if not reason.strip():
        raise click.UsageError("--reason must say why.")
    home, _, dbt = open_project(variables)
    champion, worse = None, False
    with exclusive(home):
        rows = Registry(home.registry).rows()
        champion = rows[-1]["model_id"] if rows else None
        try:
            comparison = compare(dbt, model_id)
        except ClvError as error:
            if not (force and "--force" in str(error)):
                raise
            say(f"clv: promoted without a comparison: {error}")
        else:
            click.echo(markdown_table(comparison.table()))
            click.echo("\n" + "\n".join(comparison.remarks()))
            worse = comparison.worse
    if worse and not force:
        against = "the champion" if champion else "the best naive rule"
        raise ClvError(
            f"{model_id} is worse than {against}; it was not promoted. Give --force if it is to "
            "become champion all the same."
        )
    if not confirm(f"Make {model_id} champion{' although it is worse' if worse else ''}?", yes):
        say("nothing was changed")
        return
    with exclusive(home):
        promote(dbt, model_id, reason, champion)
    report = verify(home)
    say(f"champion: {model_id}; head of the manifest {report.head}")


@click.command("verify")
@click.option("--head", metavar="SHA256", help="A head of the manifest noted earlier, elsewhere.")
def verify_command(head: str | None) -> None:
    """Check manifest, cards and model files against each other and name what does not fit."""
    report = verify(Home.current(), head)
    for note in report.notes:
        say(f"note: {note}")
    if report.findings:
        lines = "\n".join(f"- {finding}" for finding in report.findings)
        count = len(report.findings)
        things = "1 thing in the registry does" if count == 1 else f"{count} things in the registry do"
        raise ClvError(f"{things} not fit ({report.summary()}):\n{lines}")
    click.echo(f"everything fits: {report.summary()}")


@click.command("card")
@click.argument("model_id")
def card_command(model_id: str) -> None:
    """Print a model's card for people, as Markdown."""
    click.echo(card_text(Registry(Home.current().registry), model_id))
