"""Whether a run may go on with the log as staging found it; the macro `clv_check_log` asks here.

One place decides for `clv` and for plain dbt: what was left out, what amounts and dates say, and how
the log differs from its contract.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clv.errors import ClvError
from clv.project.log_acceptance import compared
from clv.project.log_days import GAP_DAYS, data_through_fault, stray_end, stray_start
from clv.project.log_found import Found
from clv.project.log_outcomes import MOST_UNREADABLE, signs
from clv.project.log_seen import SEEN


def answered(request: str) -> str:
    """Answer the macro: notes for the person, or the one message that ends the run."""
    home = Path(json.loads(request)["home"]).resolve()
    try:
        found = Found.of(json.loads(request))
        judge(found)
        notes = [found.outcomes.summary(), *_notes(found), *compared(found, home)]
    except ClvError as error:
        return json.dumps({"error": str(error)})
    SEEN.notes = notes
    return json.dumps({"notes": notes})


def judge(found: Found) -> None:
    """Refuse a log that cannot be used, whatever it was before.

    Raises
    ------
    ClvError
        With what was found, up to three values of it, and the fix.
    """
    outcomes, asked = found.outcomes, found.asked
    limit = found.share("max_rejected_share", MOST_UNREADABLE)
    if outcomes.kept.rows == 0:
        shown = "".join(f" {o.reason}: {outcomes.shown(o.reason)}." for o in outcomes.left_out[:3])
        raise ClvError(
            f"the transaction log has no usable row ({outcomes.unusable()}).{shown} Check which log is "
            "read, and its columns and ordered_at_format; `select * from clv_rejected_transactions` "
            "shows the rows left out."
        )
    for cause in (
        _currencies(asked),
        outcomes.refusal(limit),
        _shared_lines(found, limit),
        signs(outcomes.kept, asked["below_zero"], str(asked["amount"])),
        _days(found),
    ):
        if cause:
            raise ClvError(cause)


def _currencies(asked: Mapping[str, Any]) -> str | None:
    """Refuse amounts in several currencies that nobody converts."""
    currencies = asked["currencies"]
    own = str(asked.get("currency") or "").strip().upper()
    other = [row for row in currencies if row[0] != own] if own else currencies
    if not other or (not own and len(currencies) == 1):
        return None
    shown = ", ".join(
        f"{name} in {int(rows):,} rows (such as {amount})" for name, rows, amount in currencies[:3]
    )
    what = f"not only in {own}" if own else f"in {len(currencies)} currencies"
    return (
        f"the amounts of the log are {what}: {shown}. Sums over them mean nothing. Give the var "
        "exchange_rates (a file or table with the columns currency, rate, and where rates change "
        "valid_from) and the var currency, or read one currency alone by mapping amount to "
        "\"case when currency = 'EUR' then amount end\" (with max_rejected_share)."
    )


def _shared_lines(found: Found, limit: float) -> str | None:
    """Refuse a line_id that names lines of several customers, such as the line's number in its order."""
    rows, examples = int(found.asked["shared_lines"]), found.asked["shared_examples"]
    share = rows / (rows + found.outcomes.kept.rows)
    if share <= limit:
        return None
    return (
        f"{share:.1%} of the lines have a line_id that another customer's newer line has as well, such as "
        f"{', '.join(repr(example) for example in examples[:3])}, and would be taken for older versions of "
        "it. Map columns.line_id to what names one line of the whole log, such as "
        '"\\"Order\\" || \'-\' || \\"Line\\"".'
    )


def _days(found: Found) -> str | None:
    slack = found.asked.get("data_through_slack_days")
    slack_days = None if slack in (None, "") else int(str(slack))
    through = found.date("data_through")
    if fault := stray_start(found.days, found.date("earliest_date")):
        return fault
    if through is not None:
        return data_through_fault(found.days, through, slack_days)
    return stray_end(found.days, GAP_DAYS if slack_days is None else slack_days)


def _notes(found: Found) -> list[str]:
    asked, notes = found.asked, []
    if warned := found.outcomes.warning(found.share("max_rejected_share", MOST_UNREADABLE)):
        notes.append(warned)
    if asked["unknown_statuses"]:
        known = ", ".join(f"{name} {int(rows):,}" for name, rows in asked["statuses"][:10])
        notes.append(
            f"warning: no row of the log has the status {', '.join(asked['unknown_statuses'])}; its "
            f"statuses are {known}"
        )
    customers, returning = int(asked["customers"]), int(asked["returning"])
    if returning == 0 and customers > 1:
        ids = ", ".join(str(name) for _, name in asked["ids"][:3])
        notes.append(
            f"warning: none of the {customers:,} customers (such as {ids}) has bought on two days, so that "
            "there is nothing to learn about coming back. Is columns.customer_id the customer, and not "
            "the order?"
        )
    return notes
