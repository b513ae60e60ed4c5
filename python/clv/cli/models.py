"""The commands that govern champions: `clv promote`, `card`, `verify`, `reproduce` and `purge`."""

from __future__ import annotations

from pathlib import Path

import click

from clv.cli.options import a_folder, a_sha256, checked, confirm, dbt_vars, open_project, show
from clv.core.dates import now
from clv.core.given import given_text
from clv.core.wording import counted, markdown_table
from clv.errors import ClvError
from clv.operations.promote import compare, promote
from clv.operations.purge import carry_out, clock_doubt
from clv.operations.recovery import at_work
from clv.operations.reproduce import reproduce
from clv.operations.retention import Plan, make_plan
from clv.project.dbt import parse_vars
from clv.project.events import say
from clv.project.home import Home
from clv.registry import gate
from clv.registry.card_report import card_text
from clv.registry.gate import warn_of_doubt
from clv.registry.model_id import ModelId
from clv.registry.promotion import PROMOTE, begin, reported, stands_unreported
from clv.registry.purge_log import purge_log
from clv.registry.store import Registry
from clv.registry.verify import verify


@click.command("promote")
@click.argument("model_id")
@click.option("--reason", required=True, help="Why, for the manifest: one sentence.")
@click.option("--yes", is_flag=True, help="Do not ask; a worse challenger still needs --force.")
@click.option(
    "--force", is_flag=True, help="Promote even a challenger that is worse or cannot be compared."
)
@dbt_vars
def promote_command(model_id: str, reason: str, yes: bool, force: bool, variables: str) -> None:
    """Show a challenger beside the champion and make it champion on confirmation."""
    if not reason.strip():
        raise click.UsageError("--reason must say why.")
    reason = given_text(reason, "--reason", "Say why in a sentence.")
    home, _, dbt = open_project(variables, reads_log=False)
    champion, worse, undecided = None, False, False
    registry = Registry(home.registry)
    with at_work(dbt, show):
        if stands_unreported(registry, PROMOTE) == model_id:
            say(f"{model_id} is champion already: this promotion was cut off after it was decided")
            _report_promotion(home, model_id)
            return
        rows = gate.champions(registry)
        champion = rows[-1].model_id if rows else None
        try:
            comparison = compare(dbt, model_id)
        except ClvError as error:
            if not (force and "--force" in str(error)):
                raise
            say(f"clv: promoted without a comparison: {error}")
        else:
            click.echo(markdown_table(comparison.table()))
            click.echo("\n" + "\n".join(comparison.remarks()))
            worse, undecided = comparison.worse, comparison.undecided
    if undecided and not force:
        raise ClvError(
            f"{model_id} and the champion cannot be compared on a window that neither has learnt "
            "from. Wait until a later window has matured, or give --force."
        )
    if worse and not force:
        against = "the champion" if champion else "the best naive rule"
        raise ClvError(
            f"{model_id} is worse than {against}; it was not promoted. Give --force if it is to "
            "become champion all the same."
        )
    if not confirm(f"Make {model_id} champion{' although it is worse' if worse else ''}?", yes):
        say("nothing was changed")
        return
    with at_work(dbt, show):
        begin(registry, PROMOTE, model_id)
        try:
            promote(dbt, model_id, reason, champion)
        except ClvError:
            reported(registry, PROMOTE)
            raise
        _report_promotion(home, model_id)


def _report_promotion(home: Home, model_id: str) -> None:
    say(f"champion: {model_id}; head of the manifest {verify(home).head}")
    reported(Registry(home.registry), PROMOTE)


@click.command("verify")
@click.option("--head", metavar="SHA256", callback=checked(a_sha256),
              help="A head of the manifest noted earlier, elsewhere.")  # fmt: skip
def verify_command(head: str | None) -> None:
    """Check manifest, cards and model files against each other and name what does not fit."""
    home = Home.current()
    if not home.exists():
        raise ClvError(f"there is no home at {home.root}, so nothing to verify. Check CLV_HOME.")
    report = verify(home, head)
    for note in report.notes:
        say(f"note: {note}")
    if report.findings:
        lines = "\n".join(f"- {finding}" for finding in report.findings)
        things = counted(
            len(report.findings), "thing in the registry does", "things in the registry do"
        )
        raise ClvError(f"{things} not fit ({report.summary()}):\n{lines}")
    click.echo(f"everything fits: {report.summary()}")


@click.command("reproduce")
@click.argument("model_id")
@click.option(
    "--commit", metavar="COMMIT", help="Train from this commit instead of the recorded one."
)
@click.option("--vars", "variables", metavar="YAML", help="dbt vars in place of the recorded ones.")
def reproduce_command(model_id: str, commit: str | None, variables: str | None) -> None:
    """Train a model again from its commit and compare; 0 when the figures are the same, else 1.

    MODEL_ID may be `champion`.
    """
    user_vars = None if variables is None else parse_vars(variables)
    home = Home.current()
    model_id = _named(home, model_id)
    result = reproduce(home, model_id, user_vars, commit)
    click.echo(markdown_table(result.table()))
    reasons = result.reasons()
    if result.equal:
        for reason in reasons:
            say(f"note: without effect on the figures: {reason}")
        click.echo(f"\n{model_id} is reproduced to the last digit from {result.commit}.")
        return
    if not reasons:
        reasons = [
            "nothing that is recorded: commit, data and package versions are the same. Look at what is "
            "not recorded: another processor or linear algebra library, or the environment's variables"
        ]
    lines = "\n".join(f"- {reason}" for reason in reasons)
    raise ClvError(
        f"{model_id} was not reproduced. What changed:\n{lines}\nPut back what changed (the log as it was, "
        "the packages of requirements.lock at that commit) and run this again."
    )


@click.command("card")
@click.argument("model_id")
def card_command(model_id: str) -> None:
    """Print a model's card for people, as Markdown; MODEL_ID may be `champion`."""
    home = Home.current()
    warn_of_doubt(home)
    click.echo(card_text(Registry(home.registry), _named(home, model_id)))


def _named(home: Home, model_id: str) -> str:
    """Return the id of the model that is meant; the word `champion` means the champion."""
    if model_id == "champion":
        return Registry(home.registry).champion().model_id
    return ModelId(model_id)


@click.command("purge")
@click.option(
    "--dry-run", is_flag=True, help="List what would be deleted, and why; delete nothing."
)
@click.option("--archive", metavar="DIR", callback=checked(a_folder),
              help="Move cards and manifest rows older than 7 years there.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Do not ask where the clock is far ahead of the log.")
@dbt_vars
def purge_command(dry_run: bool, archive: Path | None, yes: bool, variables: str) -> None:
    """Delete what retention no longer asks for: old model files, and batches long since judged."""
    if dry_run:
        parse_vars(variables)
        home = Home.current()
        _show(
            make_plan(home, now(), home.read_config().retention.model_months, archive is not None)
        )
        return
    home, config, dbt = open_project(variables, reads_log=False)
    with at_work(dbt, show):
        plan = make_plan(home, now(), config.retention.model_months, archive is not None)
        _show(plan)
        if not plan.items:
            return
        doubt = clock_doubt(plan)
        if doubt is not None and not confirm("Is the clock right, and is all of this to go?", yes):
            say("nothing was deleted")
            return
        carry_out(plan, dbt, archive)
        say(f"done; every deletion is in {purge_log(home)}")


def _show(plan: Plan) -> None:
    click.echo(markdown_table(plan.table()) if plan.items else "nothing is due")
    for line in plan.kept:
        say(f"kept: {line}")
    doubt = clock_doubt(plan) if plan.items else None
    if doubt is not None:
        say(f"{doubt}.")
