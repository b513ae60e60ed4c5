"""`clv init`: a home gets to know its log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from clv.cli.options import a_folder, checked, confirm, show
from clv.core.wording import counted
from clv.guess.found import Given, Proposal, Question
from clv.operations.init import LookedAt, unanswered
from clv.operations.preview import preview, with_footer
from clv.operations.previewed import Preview
from clv.operations.section import CDNOW_SECTION, SectionChange, make_cdnow_home
from clv.project.events import say
from clv.project.home import Home
from clv.project.log_options import log_options
from clv.project.log_outcomes import further_lines
from clv.project.log_section import LOCATIONS
from clv.project.roles import ROLES
from clv.project.transaction_log import VARIABLE, TransactionLog

# Option to the key of the section `log`, what it takes, and its help.
FORMATS = {
    "--date-format": (
        "ordered_at_format",
        "How dates are written: '%d.%m.%Y'; may be given again.",
    ),
    "--decimal": ("decimal_separator", "The sign before decimals: ',' or '.'."),
    "--thousands": ("thousands_separator", "The sign between thousands."),
    "--timezone": ("timezone", "The shop's time zone: Europe/Berlin."),
    "--keep-status": ("keep_status", "A status that counts; may be given again."),
    "--drop-status": ("drop_status", "A status that does not count, or none; may be given again."),
    "--exchange-rates": ("exchange_rates", "File of exchange rates, for several currencies."),
    "--attributes": ("attributes", "File of what is known of customers: channel, country."),
    "--shop-currency": ("currency", "The shop's own currency: EUR."),
}
STATUSES = ("keep_status", "drop_status")
SEVERAL = ("ordered_at_format", *STATUSES)
READER = {"--delimiter": "The sign between columns: ';', or tab.",
          "--encoding": "The encoding of text: windows-1252.",
          "--sheet": "The sheet of a workbook. Default: the first one with rows."}  # fmt: skip
HELP = {
    "customer_id": "Who bought: a column or an expression.", "ordered_at": "When.",
    "amount": "Money of a row: Total, or 'Quantity * Price'.", "order_id": "Which order.",
    "line_id": "What names a line.", "updated_at": "When a line was changed.",
    "status": "The status of an order.", "currency": "The column of the currency.",
}  # fmt: skip


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that correct a guess."""
    for option, text in reversed(READER.items()):
        command = click.option(option, metavar="TEXT", help=text)(command)
    for option, (key, text) in reversed(FORMATS.items()):
        command = click.option(option, key if key != "currency" else "shop_currency",
                               metavar="TEXT", multiple=key in SEVERAL, help=text)(command)  # fmt: skip
    for role in reversed(ROLES):
        command = click.option(f"--{role.replace('_', '-')}", metavar="COLUMN", help=HELP[role])(
            command
        )
    return command


@click.command("init")
@click.argument("file", required=False)
@click.option("--home", metavar="FOLDER", callback=checked(a_folder),
              help="The home that gets to know the log. Default: CLV_HOME.")  # fmt: skip
@click.option(
    "--cdnow", is_flag=True, help="Make a home for CDNOW, an example that clv brings along."
)
@click.option("--yes", is_flag=True, help="Write the config without asking.")
@click.option("--skip-rows", type=click.IntRange(0), help="Lines before the names of the columns.")
@click.option("--footer-rows", type=click.IntRange(0), help="Lines at the end that are no orders.")
@click.option(
    "--max-rejected-share",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    help="The share of the log that may be left out as unreadable. Default: 0.2.",
)
@_options
def init_command(file: str | None, home: Any, cdnow: bool, yes: bool, **said: Any) -> None:
    """Look at FILE, show how it is read, and write that into the home's config.

    FILE is a CSV, TSV, Parquet, JSON lines or xlsx file, a folder of them, or a glob in quotes. What
    cannot be told from it is asked; the options answer beforehand.
    """
    place = Home.current() if home is None else Home(home.resolve())
    given = _given(said)
    if cdnow:
        if file is not None or given.columns or given.formats:
            raise click.UsageError("--cdnow goes without a file and without options of one.")
        _cdnow(place, yes)
        return
    if file is None:
        raise click.UsageError("name the file of your log, or give --cdnow for the example.")
    names = ("delimiter", "encoding", "sheet", "skip_rows", "footer_rows")
    reader = {name: said[name] for name in names if said[name] is not None}
    options = log_options({**given.formats, "reader": reader})
    looked = LookedAt.at(file, options.reader)
    for note in looked.files.rows.notes:
        say(note)
    found = _answered(looked, given, yes)
    section = looked.section(place, found)
    say(f"reading {looked.location} as `clv` would")
    read = preview(section, place.config.parent)
    if read.sums_up and looked.has_footers and not section.get("reader", {}).get("footer_rows"):
        found.notes.append("the last line is the sum of all others, so it is no order: a footer")
        section = with_footer(section)
        read = preview(section, place.config.parent)
    change = SectionChange.of(place, section)
    _tell(read, found)
    read.check_understood()
    if change.nothing_changes:
        say(f"{place.config} says so already; nothing to change")
        return
    say(f"{'change of' if change.replaces else 'for'} {place.config}:\n{change.shown()}")
    if not confirm("Write it?", yes):
        say("nothing was changed")
        return
    change.write()
    say(f"written; next: `clv train`{_still_wins(looked.location)}")


def _given(said: dict[str, Any]) -> Given:
    keys = {key: "shop_currency" if key == "currency" else key for key, _ in FORMATS.values()}
    formats = {key: said[name] for key, name in keys.items() if said[name]}
    for key in SEVERAL:
        if key in formats:
            values = list(formats[key])
            formats[key] = values[0] if key == "ordered_at_format" and len(values) == 1 else values
    for key in LOCATIONS:
        if key in formats:
            formats[key] = TransactionLog(formats[key]).absolute().location
    if said["max_rejected_share"] is not None:
        formats["max_rejected_share"] = said["max_rejected_share"]
    return Given({role: said[role] for role in ROLES if said[role]}, formats)


def _answered(looked: LookedAt, given: Given, yes: bool) -> Proposal:
    """Return the proposal once nothing is left to ask."""
    while True:
        found = looked.propose(given)
        if not found.questions:
            return found
        if yes:
            raise unanswered(found.questions)
        for question in found.questions:
            given = _with_answer(given, question, _ask(question, found.questions))


def _ask(question: Question, questions: list[Question]) -> str:
    choice = click.Choice(question.choices) if question.choices else None
    try:
        return str(click.prompt(question.text, type=choice, err=True))
    except click.Abort as error:
        click.echo(err=True)  # the message begins a line of its own, not that of the question
        raise unanswered(questions) from error


def _with_answer(given: Given, question: Question, answer: str) -> Given:
    if question.option in FORMATS:
        key = FORMATS[question.option][0]
        words = [word.strip() for word in answer.split(",")] if key in STATUSES else answer
        return Given(given.columns, {**given.formats, key: words})
    role = question.option.removeprefix("--").replace("-", "_")
    return Given({**given.columns, role: answer}, given.formats)


def _tell(read: Preview, found: Proposal) -> None:
    for note in [*found.notes, *read.notes]:
        say(note)
    show(read.first)
    if len(read.reasons):
        show(read.reasons)
    say(
        f"{counted(read.rows, 'row', 'rows')}: {read.kept:,} kept (of {read.customers:,} customers, "
        f"{read.first_day} to {read.last_day}, {read.amount} in all), "
        f"{read.rows - read.kept - read.continued:,} left out"
    )
    if read.continued:
        say(further_lines(read.continued))


def _still_wins(location: str) -> str:
    named = TransactionLog.named()
    if not named.location or named.absolute().location == location:
        return ""
    return f". {VARIABLE} is set and stands in place of it: unset it"


def _cdnow(home: Home, yes: bool) -> None:
    change = SectionChange.of(home, CDNOW_SECTION)
    if change.replaces and not change.nothing_changes:
        say(f"change of {home.config}:\n{change.shown()}")
        if not confirm("Write it?", yes):
            say("nothing was changed")
            return
    make_cdnow_home(home)
    say(
        f"{home.root} is a home for CDNOW now; next: `clv train`{_still_wins(str(home.root / 'cdnow.csv'))}"
    )
