"""Tickets for open alerts: one per batch, through an outbox, so that a JIRA that is down loses none.

What is to be sent is written to `outputs/outbox/` first and taken out once JIRA has it;
`registry/tickets/` remembers which ticket a batch has and what it says.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from clv.errors import ClvError
from clv.monitoring.alerts import alert_files
from clv.monitoring.decisions import batch_of, open_alerts
from clv.monitoring.jira import Connection, Tracker, TrackerError
from clv.project import events
from clv.project.events import say
from clv.project.files import sha256, write_text
from clv.project.home import Home

WITHDRAWN = "withdrawn"
GONE = (
    "The alert of this batch was withdrawn: with its labels and the thresholds as they are now, "
    "it alarms no longer."
)


@dataclass(frozen=True)
class Ticket:
    """What JIRA is to know of a batch; `report` is the SHA-256 of the alert, or `withdrawn`."""

    batch: str
    report: str
    summary: str
    labels: list[str]
    text: str

    @property
    def mark(self) -> str:
        """Words that say which report a ticket or comment holds, so that none is sent twice."""
        return f"clv report {self.report[:12]}"

    @property
    def body(self) -> str:
        """The report as JIRA shows it: tables keep their columns."""
        return f"{{noformat}}\n{self.text}\n{{noformat}}\n{self.mark}"


def wanted(home: Home) -> list[Ticket]:
    """Return what JIRA does not know yet: alerts that are open or have changed, and withdrawn ones."""
    standing = {batch_of(path): path for path in alert_files(home)}
    undecided = {batch_of(path) for path in open_alerts(home)}
    waiting = {ticket.batch: ticket for ticket in outbox(home)}
    known = {path.stem: _record(path) for path in (home.registry / "tickets").glob("*.json")}
    tickets = []
    for batch in sorted({*standing, *waiting, *known}):
        path = standing.get(batch)
        report = sha256(path) if path else WITHDRAWN
        if known.get(batch, {}).get("report") == report:
            continue
        if path is None:
            text, title = GONE, f"CLV alert withdrawn: batch {batch}"
        elif batch in undecided or batch in waiting or batch in known:
            text = path.read_text("utf-8")
            title = text.partition("\n")[0].lstrip("# ")
        else:
            continue
        tickets.append(Ticket(batch, report, title, labels_of(home, batch), text))
    return tickets


def outbox(home: Home) -> list[Ticket]:
    """Return the tickets that wait to be sent, oldest batch first.

    Raises
    ------
    ClvError
        When a file of the outbox is not one of ours.
    """
    tickets = []
    for path in sorted(_outbox(home).glob("*.json")):
        try:
            tickets.append(Ticket(**json.loads(path.read_text("utf-8"))))
        except (ValueError, TypeError) as error:
            raise ClvError(
                f"{path} is no ticket. Remove it; the next run writes it anew."
            ) from error
    return tickets


def queue(home: Home) -> list[Ticket]:
    """Put what JIRA does not know yet into the outbox, and return all that waits there."""
    shop = home.registry / "shop_id"
    tickets = wanted(home)
    if tickets and not shop.exists():
        write_text(shop, shop_id(home) + "\n")
    for ticket in tickets:
        write_text(
            _outbox(home) / f"{ticket.batch}.json",
            json.dumps(asdict(ticket), indent=2, ensure_ascii=False) + "\n",
        )
    return outbox(home)


def deliver(home: Home) -> tuple[list[str], list[str]]:
    """Send what waits; return what was done, and what went wrong, a line each."""
    waiting = queue(home)
    sent: list[str] = []
    problems: list[str] = []
    if not waiting:
        return sent, problems
    try:
        connection = Tracker.of_environment().connect()
        for ticket in waiting:
            try:
                sent.append(_send(home, connection, ticket))
            except TrackerError as error:
                if error.lasting:
                    raise
                problems.append(f"{ticket.batch}: {error}")
    except TrackerError as error:
        problems.append(str(error))
    return sent, problems


def deliver_after_run(home: Home) -> None:
    """Send what waits where a JIRA is named; what goes wrong there is one line and no failure."""
    if not Tracker.named():
        return
    with events.current().step("tickets_sent") as done:
        sent, problems = deliver(home)
        done |= {"sent": len(sent), "waiting": len(outbox(home))}
    for line in sent:
        say(line)
    if problems:
        events.current().event("tickets_waiting", waiting_line(home, problems), level="warning")


def waiting_line(home: Home, problems: list[str]) -> str:
    """Say in one line what went wrong and that nothing is lost."""
    return (
        f"tickets: {'; '.join(problems)}. {len(outbox(home))} waiting in {_outbox(home)}; the next run "
        "sends them, or `clv tickets`."
    )


def labels_of(home: Home, batch: str) -> list[str]:
    """Return the labels that a batch's ticket is found again by."""
    return [f"clv-drift-{batch.replace('_', '-')}", f"clv-shop-{shop_id(home)}"]


def shop_id(home: Home) -> str:
    """Return what tells this home's tickets from those of another, also after it was moved."""
    path = home.registry / "shop_id"
    if path.exists():
        return path.read_text("utf-8").strip()
    return hashlib.sha256(str(home.root).encode()).hexdigest()[:8]


def _send(home: Home, connection: Connection, ticket: Ticket) -> str:
    path = home.registry / "tickets" / f"{ticket.batch}.json"
    key = _record(path).get("key") or connection.find(ticket.labels)
    known = connection.says(key, ticket.mark) if key else None
    if key and known is None:  # the ticket that we remember was deleted
        key = connection.find(ticket.labels)
        known = connection.says(key, ticket.mark) if key else None
    if key and known is not None:
        if not known:
            connection.comment(key, ticket.body)
        done = f"ticket {key}: {'already has' if known else 'commented with'} batch {ticket.batch}"
    elif ticket.report == WITHDRAWN:
        key, done = "", f"no ticket to withdraw for batch {ticket.batch}"
    else:
        key = connection.create(ticket.summary, ticket.body, ticket.labels)
        done = f"ticket {key}: created for batch {ticket.batch}"
    write_text(path, json.dumps({"key": key, "report": ticket.report}) + "\n")
    (_outbox(home) / f"{ticket.batch}.json").unlink(missing_ok=True)
    return done


def _record(path: Path) -> dict[str, str]:
    # A record that cannot be read is no loss: the ticket is found by its labels.
    try:
        record = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _outbox(home: Home) -> Path:
    return home.outputs / "outbox"
