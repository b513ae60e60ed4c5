"""Whether the log is still the one that it was, and what is remembered of it when a run ends well."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from clv.core.dates import now
from clv.core.secrets import redact
from clv.errors import ClvError
from clv.project.database import fetch
from clv.project.home import Home
from clv.project.log_champion import trained_on_another
from clv.project.log_contract import (
    CONTRACT,
    SAMPLE,
    Acknowledged,
    Contract,
    Day,
    changes,
    path_of,
    read_contract,
    sampled_days,
    shapes,
    write_contract,
)
from clv.project.log_fingerprints import fingerprints, twins
from clv.project.log_found import Found, days_of
from clv.project.log_seen import SEEN
from clv.project.stored import stands

MOST_CHANGED = 0.05
ACCEPT = (
    "Correct the log, or name the right one. Where the change is meant, accept it with --accept-log "
    "(`clv run --accept-log`; for plain dbt --vars '{accept_log: true}'): that is recorded."
)


def sampled(request: str) -> str:
    """Answer the macro: of which days the customers are sampled now, and were for the contract."""
    asked = json.loads(request)
    answer: dict[str, Any] = {"now": None, "before": None, "below": ""}
    if asked["days"]:
        answer["now"] = sampled_days(days_of(asked["days"]))
    with contextlib.suppress(ClvError):  # the verdict says what is wrong with the contract
        before = read_contract(Path(asked["home"]).resolve())
        if before and before.ids:
            answer |= {"before": before.ids_from, "below": before.ids[-1]}
    return json.dumps(answer, default=str)


def kept(home: str) -> str:
    """Answer the hook of plain dbt: remember the log, since the run ended well.

    In a home without a registry nothing rests on the log yet.
    """
    root = Path(home).resolve()
    if SEEN.contract is None or SEEN.kept_by_clv:
        return ""
    try:
        if stands(path_of(root).parent, CONTRACT):
            write_contract(root, SEEN.contract)
    except ClvError as error:
        return str(error)
    return ""


def up_to(home: Home, contract: Contract, through: dt.date | None) -> Contract:
    """Return the contract without the days after `through`, on which nothing rests.

    What an earlier run rested on stays in it.
    """
    if through is None:
        return contract
    before = read_contract(home.root)
    end = max(through, before.last_day) if before else through
    days = [day for day in contract.days if day.day <= end]
    if not days or end >= contract.last_day:
        return contract
    first, last = sampled_days(days)
    found = fetch(
        home.database,
        "select distinct substr(md5(customer_id), 1, 12) as digest, customer_id "
        "from int_clv__customer_days "
        f"where order_date between date '{first}' and date '{last}' order by 1, 2 limit {SAMPLE}",
    )
    return replace(
        contract,
        days=days,
        ids_from=[first, last],
        ids=found["digest"].tolist(),
        id_shapes=shapes(found["customer_id"].tolist()),
    )


def compared(found: Found, home: Path) -> list[str]:
    """Compare the log with its contract, and make the one that is kept when the run has ended well.

    Returns
    -------
    list of str
        What is to be said: small changes, and what was accepted.

    Raises
    ------
    ClvError
        With what changed, in figures, and how to accept it.
    """
    before, share = read_contract(home), found.share("max_changed_share", MOST_CHANGED)
    ids = dict(sorted(found.asked["ids"]))
    location = redact(str(found.asked["location"]))
    contract = Contract(
        accepted_at=now().isoformat(),
        location=location,
        columns=SEEN.columns,
        ids_from=sampled_days(found.days),
        ids=list(ids),
        id_shapes=shapes([*ids.values()]),
        days=found.days,
        files=fingerprints(SEEN.files, before.files if before else []),
        acknowledged=before.acknowledged if before else [],
    )
    first = found.date("earliest_date") or dt.date.min
    last = found.date("latest_date") or dt.date.max
    ends, notes = _delivered_twice(found)
    if before is None:
        ends += trained_on_another(home, found.asked["days"], share)
    elif inside := before.within(first, last).days:
        sample = before.ids_from
        seen = bool(sample) and first <= sample[0] and sample[-1] <= last
        known = replace(before, days=inside, ids=before.ids if seen else [])
        changed, small = changes(known, contract, dict(found.asked["ids_of_before"]), share)
        ends, notes = [*ends, *changed], [*notes, *small]
        if changed and before.location != location:
            ends.append(f"it is read from '{location}', and was from '{before.location}'")
    if ends and not found.asked.get("accept_log"):
        since = f" at the last accepted run ({before.accepted_at[:10]})" if before else ""
        raise ClvError(f"the log is not what it was{since}: {_listed(ends)}. {ACCEPT}")
    if ends:
        said = Acknowledged(contract.accepted_at, ends)
        contract = replace(contract, acknowledged=[*contract.acknowledged, said])
        notes.append(f"accepted as the log: {_listed(ends)}")
    SEEN.contract = replace(
        contract,
        days=_with_days_outside(contract.days, before, first, last),
        columns=contract.columns or (before.columns if before else {}),
    )
    return notes


def _delivered_twice(found: Found) -> tuple[list[str], list[str]]:
    pairs = twins(SEEN.files)
    if not pairs:
        return [], []
    shown = ", ".join(f"'{one}' and '{other}'" for one, other in pairs[:3])
    said = f"{len(pairs)} of its {len(SEEN.files)} files are there twice with the same content: {shown}"
    if found.asked["has_lines"]:
        return [], [f"warning: {said}; line_id leaves their rows out"]
    return [f"{said} (remove one of each, or map line_id)"], []


def _with_days_outside(
    days: Sequence[Day], before: Contract | None, first: dt.date, last: dt.date
) -> list[Day]:
    """Return the days with those that earliest_date and latest_date kept out of sight this time."""
    unseen = [] if before is None else [d for d in before.days if not first <= d.day <= last]
    return sorted([*unseen, *days], key=lambda day: day.day)


def _listed(ends: Sequence[str]) -> str:
    return "; ".join(ends)
