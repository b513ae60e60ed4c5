"""The commands around alerts: `clv ack` and `clv tickets`."""

from __future__ import annotations

import click

from clv.core.render import terminal
from clv.core.wording import counted
from clv.errors import ClvError
from clv.monitoring.decisions import decide
from clv.monitoring.jira import Tracker
from clv.monitoring.tickets import Ticket, deliver, outbox, unreadable, waiting_line, wanted
from clv.project import events
from clv.project.events import say
from clv.project.home import Home
from clv.project.lock import exclusive


@click.command("ack")
@click.argument("batch")
@click.option("--decision", required=True, help="What was decided, in a sentence.")
@click.option("--by", help="Who decided. Default: the user of the operating system.")
def ack_command(batch: str, decision: str, by: str | None) -> None:
    """Record what was decided about the alert of BATCH, such as 19980623_pred3m.

    The alert is no longer open, unless it comes to say something else.
    """
    home = Home.current()
    home.ensure()
    row = decide(home, batch, decision, by)
    click.echo(
        terminal(f"{row['batch']}: {row['decision']} ({row['decided_by']}, {row['decided_at']})")
    )


@click.command("tickets")
@click.option("--dry-run", is_flag=True, help="Show what would be sent; needs no credentials.")
def tickets_command(dry_run: bool) -> None:
    """Send the tickets of open alerts that JIRA does not have yet.

    CLV_JIRA_URL, CLV_JIRA_PROJECT and CLV_JIRA_TOKEN say where to, CLV_JIRA_USER who asks.
    """
    home = Home.current()
    if dry_run:
        tickets = {ticket.batch: ticket for ticket in [*outbox(home), *wanted(home)]}
        for batch in sorted(tickets):
            click.echo(_shown(tickets[batch]))
        if lines := unreadable(home):
            raise ClvError(terminal("\n".join(lines), lines=True))
        say(f"{counted(len(tickets), 'ticket', 'tickets')} would be sent")
        return
    home.ensure()
    if not Tracker.named() and (outbox(home) or wanted(home)):
        raise ClvError(
            "CLV_JIRA_URL is not set, so there is nowhere to send tickets to. Set it, "
            "CLV_JIRA_PROJECT and CLV_JIRA_TOKEN; --dry-run shows what would be sent."
        )
    events.current().keep_in(home.logs / "clv.log")
    with exclusive(home):
        delivery = deliver(home)
        for line in delivery.sent:
            click.echo(line)
        if problems := [*delivery.problems, *delivery.no_tickets]:
            raise ClvError(waiting_line(home, problems))
    if not delivery.sent:
        say("no ticket waits to be sent")


def _shown(ticket: Ticket) -> str:
    labels = terminal(", ".join(ticket.labels))
    return (
        f"batch {ticket.batch}: created, or commented on where it exists\n"
        f"summary: {terminal(ticket.summary)}\nlabels: {labels}\n\n"
        f"{terminal(ticket.body, lines=True)}\n"
    )
