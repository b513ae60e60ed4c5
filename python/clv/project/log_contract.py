"""The log contract: what the log was when a run last ended well, and how it differs now.

`registry/log_contract.json` holds, per day, the kept rows, customers and money; the columns; hashes of
a sample of the ids and what ids look like; and what tells the files apart. It lies beside the registry
and not in the database, so that it outlives a database that is begun anew.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from clv.core.wording import counted
from clv.project.files import write_text
from clv.project.log_fingerprints import LogFile
from clv.project.stored import Kind, StoredFileError, read_json, stands

NAME = "log_contract.json"
CONTRACT = Kind(
    "the log contract",
    "Restore it from a backup, or delete it: then the log counts as accepted as it is now.",
    largest=50_000_000,
)
# So many customers are sampled: those whose ids have the smallest hashes, of the latest days that have
# so many customers together. Older days may leave an export that holds the last years alone.
SAMPLE = 200
SAMPLED_FROM = 100_000


@dataclass(frozen=True)
class Day:
    """What the log holds of one day: kept rows, customers, and money as text with four decimals."""

    day: dt.date
    rows: int
    customers: int
    money: float


@dataclass(frozen=True)
class Acknowledged:
    """What a person accepted, and when (UTC)."""

    at: str
    changes: list[str]


@dataclass(frozen=True)
class Contract:
    """What the log was; `ids` are hashes of customers of the days of `ids_from`, two of them.

    `id_shapes` has counts of what these ids look like, `sha256` is that of all else.
    """

    accepted_at: str
    location: str
    columns: dict[str, str]
    ids_from: list[dt.date]
    ids: list[str]
    id_shapes: dict[str, int]
    days: list[Day]
    files: list[LogFile] = field(default_factory=list)
    acknowledged: list[Acknowledged] = field(default_factory=list)
    sha256: str = ""

    @property
    def content_sha256(self) -> str:
        """The SHA-256 of all that it says."""
        said = json.dumps(asdict(replace(self, sha256="")), sort_keys=True, default=str)
        return hashlib.sha256(said.encode()).hexdigest()

    @property
    def last_day(self) -> dt.date:
        """The last day that has rows."""
        return self.days[-1].day

    def within(self, first: dt.date, last: dt.date) -> Contract:
        """Return the contract without the days outside of a span."""
        return replace(self, days=[day for day in self.days if first <= day.day <= last])


def path_of(home: Path) -> Path:
    """Return where the contract of the home at `home` stands."""
    return home / "registry" / NAME


def read_contract(home: Path) -> Contract | None:
    """Return the contract of a home, or None where no log was accepted yet.

    Raises
    ------
    StoredFileError
        When it cannot be read, or is not as it was written.
    """
    path = path_of(home)
    if not stands(path, CONTRACT):
        return None
    contract = read_json(path, Contract, CONTRACT)
    if contract.sha256 and contract.sha256 != contract.content_sha256:
        raise StoredFileError(
            path, CONTRACT, "was changed: its SHA-256 is not the one that it holds"
        )
    return contract if contract.days else None


def write_contract(home: Path, contract: Contract) -> None:
    """Remember a log, in one step: a kill leaves the contract as it was."""
    signed = replace(contract, sha256=contract.content_sha256)
    text = json.dumps(asdict(signed), ensure_ascii=False, default=str, separators=(",", ":"))
    write_text(path_of(home), text.replace('{"day"', '\n{"day"') + "\n")


def sampled_days(days: Sequence[Day]) -> list[dt.date]:
    """Return the first and the last of the days whose customers are sampled."""
    customers, first = 0, days[-1].day
    for day in reversed(days):
        customers, first = customers + day.customers, day.day
        if customers >= SAMPLED_FROM:
            break
    return [first, days[-1].day]


def shape(customer_id: str) -> str:
    """Return what an id looks like: its letters as x, its digits as 9 but for leading zeros.

    Examples
    --------
    >>> shape("0042"), shape("42"), shape("ann@shop.org")
    ('0099', '99', 'xxx@xxxx.xxx')
    """
    zeros = len(customer_id) - len(customer_id.lstrip("0")) if customer_id.isdigit() else 0
    rest = re.sub(r"[^\W\d_]", "x", re.sub(r"\d", "9", customer_id[zeros:]))
    return ("0" * zeros + rest)[:40]


def shapes(ids: Sequence[str]) -> dict[str, int]:
    """Return the ten most frequent shapes with their counts."""
    counts = Counter(map(shape, ids))
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:10])


def changes(
    before: Contract, now: Contract, there: Mapping[str, str], share: float
) -> tuple[list[str], list[str]]:
    """Return how a log differs from its contract: what ends the run, and what is only noted.

    Parameters
    ----------
    before, now : Contract
        Of the same span of days.
    there : mapping
        The ids by hash that the days of the contract's sample have now.
    share : float
        The largest share of the history, and of the sampled ids, that may have changed.
    """
    ends = [*_columns(before.columns, now.columns), *_ids(before, there, share)]
    if now.last_day < before.last_day:
        ends.append(f"it ends on {now.last_day}, and ended on {before.last_day}")
    history = _history(before, now)
    if not history.days:
        return ends, []
    doubled = _multiplied(history.days)
    if doubled:
        factor, days = doubled
        ends.append(
            f"rows and money of {len(days)} days are exactly {factor} times what they were, first of "
            f"{_told(days)}: was a file delivered again?"
        )
    elif history.share > share:
        ends.append(
            f"its history changed by {history.share:.1%} (on {_number(history.days)}), first "
            f"{_told(history.days)}"
        )
    else:
        note = (
            f"the log's history has changed since {before.accepted_at[:10]} by {history.share:.2%} (on "
            f"{_number(history.days)}), first {_told(history.days)}"
        )
        return ends, [note]
    return ends, []


Pair = tuple[Day, Day]


@dataclass(frozen=True)
class _History:
    days: list[Pair]
    share: float


def _history(before: Contract, now: Contract) -> _History:
    """Compare the days up to the contract's last; of that, which may go on, only what is gone."""
    old, new = ({day.day: day for day in each.days} for each in (before, now))
    pairs = []
    for date in sorted(d for d in old.keys() | new.keys() if d <= before.last_day):
        nothing = Day(date, 0, 0, 0.0)
        was, is_ = old.get(date, nothing), new.get(date, nothing)
        grown = date == before.last_day and is_.rows >= was.rows
        if not grown and (was.rows, was.customers, was.money) != (
            is_.rows,
            is_.customers,
            is_.money,
        ):
            pairs.append((was, is_))
    shares = []
    for name in ("rows", "customers", "money"):
        whole = sum(abs(getattr(day, name)) for day in before.days)
        changed = sum(abs(getattr(was, name) - getattr(is_, name)) for was, is_ in pairs)
        shares.append(changed / whole if whole else 0.0)
    return _History(pairs, max(shares))


def _multiplied(pairs: Sequence[Pair]) -> tuple[int, list[Pair]] | None:
    """Return the days that hold a multiple of what they held, where these are three or more."""
    for factor in (2, 3, 4):
        found = [
            (was, is_)
            for was, is_ in pairs
            if was.rows > 0
            and was.money != 0
            and is_.rows == factor * was.rows
            and abs(is_.money - factor * was.money) < 0.005
        ]
        if len(found) >= 3:
            return factor, found
    return None


def _number(pairs: Sequence[Pair]) -> str:
    return counted(len(pairs), "day", "days")


def _told(pairs: Sequence[Pair]) -> str:
    """Say of the first three days what they held and hold."""
    told = [
        f"{was.day} (rows {was.rows:,} -> {is_.rows:,}, customers {was.customers:,} -> "
        f"{is_.customers:,}, money {was.money:,.2f} -> {is_.money:,.2f})"
        for was, is_ in pairs[:3]
    ]
    return ", ".join(told)


def _columns(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    if not before or not now:
        return []
    gone = [f"'{name}'" for name in before if name not in now]
    found = []
    if gone:
        said = "the column {} is gone" if len(gone) == 1 else "the columns {} are gone"
        found.append(said.format(", ".join(gone)))
    for name, kind in before.items():
        if name in now and now[name] != kind:
            found.append(f"the column '{name}' is of type {now[name]}, and was of {kind}")
    return found


def _ids(before: Contract, there: Mapping[str, str], share: float) -> list[str]:
    missing = [each for each in before.ids if each not in there]
    if not before.ids or len(missing) / len(before.ids) <= share:
        return []
    said = f"{len(missing)} of {len(before.ids)} sampled customers are not in it any more"
    old, new = list(before.id_shapes)[:3], list(shapes([*there.values()]))[:3]
    if old != new:
        said += f"; ids looked like {', '.join(old)} and now like {', '.join(new)}"
    return [said]
