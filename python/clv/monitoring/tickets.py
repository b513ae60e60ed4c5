"""Tickets for open alerts: one per batch, through an outbox, so that a JIRA that is down loses none.

What is to be sent is written to `outputs/outbox/` first and taken out once JIRA has it;
`registry/tickets/` remembers which ticket a batch has and what it says. What cannot be read, written or
sent is a line of its own and holds up nothing else.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from clv.core.render import terminal
from clv.errors import ClvError
from clv.monitoring.alerts import ALERT, alert_files, is_batch
from clv.monitoring.decisions import batch_of, open_alerts
from clv.monitoring.jira import LONGEST_TEXT, Connection, Tracker, TrackerError, is_key
from clv.project import events
from clv.project.events import say
from clv.project.files import sha256, write_text
from clv.project.home import Home
from clv.project.stored import (
    Kind,
    StoredFileError,
    listed,
    read_json,
    read_text,
    shown,
    stands,
)

WITHDRAWN = "withdrawn"
TICKET = Kind("the ticket", "Remove it; the next run writes it anew.", largest=1_000_000)
RECORD = Kind(
    "the record of a ticket", "Remove it; the ticket is found by its labels.", largest=100_000
)
SHOP = Kind(
    "the label of this home in JIRA",
    "Restore it from a backup, or write into it what follows clv-shop- in the labels of its tickets.",
    largest=1_000,
)
GONE = (
    "The alert of this batch was withdrawn: with its labels and the thresholds as they are now, "
    "it alarms no longer."
)


@dataclass(frozen=True)
class Sent:
    """What JIRA has of a batch: the ticket's key, and the report that it holds."""

    key: str = ""
    report: str = ""


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
        """The report as JIRA shows it: tables keep their columns; the mark is there in any case."""
        before, after = "{noformat}\n", f"\n{{noformat}}\n{self.mark}"
        text = self.text.replace("{noformat}", "(noformat)")
        return f"{before}{text[: LONGEST_TEXT - len(before) - len(after)]}{after}"


@dataclass(frozen=True)
class Delivery:
    """What was sent, what could not be and waits, and files that are no tickets, a line each."""

    sent: list[str]
    problems: list[str]
    no_tickets: list[str]


def wanted(home: Home) -> list[Ticket]:
    """Return what JIRA does not know yet: alerts that are open or have changed, and withdrawn ones."""
    standing = {batch_of(path): path for path in alert_files(home)}
    undecided = {batch_of(path) for path in open_alerts(home)}
    waiting = {ticket.batch: ticket for ticket in outbox(home)}
    records = listed(home.registry / "tickets", "*.json", RECORD)
    known = {path.stem: _known_report(path) for path in records}
    tickets = []
    for batch in sorted({*standing, *waiting, *known}):
        path = standing.get(batch)
        report = sha256(path, ALERT) if path else WITHDRAWN
        if known.get(batch) == report:
            continue
        if path is None:
            text, title = GONE, f"CLV alert withdrawn: batch {batch}"
        elif batch in undecided or batch in waiting or batch in known:
            text = read_text(path, ALERT)
            title = text.partition("\n")[0].lstrip("# ")
        else:
            continue
        tickets.append(Ticket(batch, report, title, labels_of(home, batch), text))
    return tickets


def outbox(home: Home) -> list[Ticket]:
    """Return the tickets that wait to be sent, oldest batch first."""
    return _read_outbox(home)[0]


def unreadable(home: Home) -> list[str]:
    """Return a line for each file of the outbox, or of the tickets that JIRA has, that is none."""
    lines = _read_outbox(home)[1]
    for path in listed(home.registry / "tickets", "*.json", RECORD):
        try:
            _record(path)
        except StoredFileError as error:
            lines.append(str(error))
    return lines


def queue(home: Home) -> list[str]:
    """Put what JIRA does not know yet into the outbox; return what went wrong, a line each."""
    shop = home.registry / "shop_id"
    tickets = wanted(home)
    files = {_outbox(home) / f"{ticket.batch}.json": _json(ticket) for ticket in tickets}
    if tickets and not stands(shop, SHOP):
        files[shop] = shop_id(home) + "\n"
    problems = []
    for path, text in files.items():
        try:
            write_text(path, text)
        except ClvError as error:
            problems.append(str(error))
    return problems


def deliver(home: Home) -> Delivery:
    """Send what waits; all requests together have until the tracker's deadline."""
    problems = queue(home)
    waiting, no_tickets = _read_outbox(home)
    sent: list[str] = []
    if not waiting:
        return Delivery(sent, problems, no_tickets)
    try:
        connection = Tracker.of_environment().connect()
        for ticket in waiting:
            try:
                sent.append(_send(home, connection, ticket))
            except TrackerError as error:
                if error.lasting:
                    raise
                problems.append(f"{ticket.batch}: {error}")
            except ClvError as error:
                problems.append(f"{ticket.batch}: {error}")
    except TrackerError as error:
        problems.append(str(error))
    return Delivery(sent, problems, no_tickets)


def deliver_after_run(home: Home) -> None:
    """Send what waits where a JIRA is named; what goes wrong there is one line and no failure."""
    if not Tracker.named():
        return
    try:
        with events.current().step("tickets_sent") as done:
            delivery = deliver(home)
            done |= {"sent": len(delivery.sent), "waiting": len(outbox(home))}
    except StoredFileError as error:  # the run itself is done; `clv tickets` ends with this error
        message = terminal(f"tickets: {error} Then `clv tickets` sends them.")
        events.current().event("tickets_waiting", message, level="warning")
        return
    for line in delivery.sent:
        say(line)
    for line in delivery.no_tickets:  # no ticket is lost by them
        events.current().event("no_ticket", terminal(f"tickets: {line}"), level="warning")
    if delivery.problems:
        line = waiting_line(home, delivery.problems)
        events.current().event("tickets_waiting", line, level="warning")


def waiting_line(home: Home, problems: list[str]) -> str:
    """Say in one line what went wrong and that nothing is lost."""
    said = "; ".join(problem.rstrip(".") for problem in problems)
    return terminal(
        f"tickets: {said}. {len(outbox(home))} waiting in {_outbox(home)}; the next run "
        "sends them, or `clv tickets`."
    )


def labels_of(home: Home, batch: str) -> list[str]:
    """Return the labels that a batch's ticket is found again by."""
    return [f"clv-drift-{batch.replace('_', '-')}", f"clv-shop-{shop_id(home)}"]


def shop_id(home: Home) -> str:
    """Return what tells this home's tickets from those of another, also after it was moved.

    Raises
    ------
    ClvError
        When its file holds something else.
    """
    path = home.registry / "shop_id"
    if stands(path, SHOP):
        name = read_text(path, SHOP).strip()
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", name):
            raise StoredFileError(path, SHOP, f"holds {shown(name)}, which is no label of JIRA")
        return name
    return hashlib.sha256(str(home.root).encode()).hexdigest()[:8]


def _send(home: Home, connection: Connection, ticket: Ticket) -> str:
    path = home.registry / "tickets" / f"{ticket.batch}.json"
    remembered = _record(path).key
    key = remembered if is_key(remembered) else connection.find(ticket.labels)
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
    write_text(path, json.dumps(asdict(Sent(key, ticket.report))) + "\n")
    (_outbox(home) / f"{ticket.batch}.json").unlink(missing_ok=True)
    return done


def _read_outbox(home: Home) -> tuple[list[Ticket], list[str]]:
    """Return the tickets of the outbox, and a line for each file that is none."""
    tickets, faults = [], []
    for path in listed(_outbox(home), "*.json", TICKET):
        try:
            ticket = read_json(path, Ticket, TICKET)
            if ticket.batch != path.stem or not is_batch(ticket.batch):
                raise StoredFileError(path, TICKET, "is not of the batch that it is named for")
            tickets.append(ticket)
        except StoredFileError as error:
            faults.append(str(error))
    return tickets, faults


def _json(ticket: Ticket) -> str:
    return json.dumps(asdict(ticket), indent=2, ensure_ascii=False) + "\n"


def _known_report(path: Path) -> str:
    """Return which report a ticket has; a record that cannot be read is named when it is sent."""
    try:
        return _record(path).report
    except StoredFileError:
        return ""


def _record(path: Path) -> Sent:
    return read_json(path, Sent, RECORD) if stands(path, RECORD) else Sent()


def _outbox(home: Home) -> Path:
    return home.outputs / "outbox"
