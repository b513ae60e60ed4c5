"""What staging found in the log, in words: rows and money kept and left out, and when that is too much."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from clv.core.wording import counted

KEPT = "kept"
UNREADABLE_AMOUNT = "amount_missing_or_not_finite"
# Left out because somebody asked for it, or because the same row is kept elsewhere.
ASKED_FOR = ("duplicate_line", "superseded_line", "status_left_out", "date_out_of_range")
# Rows that are read and are nobody's: a guest's order is no misreading.
OF_NOBODY = ("no_customer", "not_a_customer")
# What further lines of an order seem to lack that has all of it in another row, its amount as well.
FURTHER = ("no_customer", "date_missing", UNREADABLE_AMOUNT)
MOST_UNREADABLE = 0.2
MOST_OF_NOBODY = 0.5
# A few bad cells are no share of anything; only their money can be too much.
FEWEST_ROWS = 10
FIXES = {
    "no_customer": "Check which column columns.customer_id names.",
    "not_a_customer": "Check which column columns.customer_id names, and which ids are nobody's.",
    "date_missing": "Check which column columns.ordered_at names.",
    "date_unreadable": "Say how dates are written with ordered_at_format: '%d.%m.%Y' is day.month.year.",
    UNREADABLE_AMOUNT: "Check which column columns.amount names and how its numbers are written.",
    "currency_missing": "Check which column columns.currency names.",
    "no_exchange_rate": "Add these currencies, from the day of their first order on, to exchange_rates.",
}
Example = Mapping[str, object]


@dataclass(frozen=True)
class Outcome:
    """Rows that were kept, or left out for one reason; `size` sums their amounts without sign."""

    reason: str
    rows: int
    money: Decimal
    size: Decimal
    above_zero: int = 0
    below_zero: int = 0


@dataclass(frozen=True)
class Outcomes:
    """All rows of the log.

    Attributes
    ----------
    left_out : sequence of Outcome
        One per reason.
    examples : mapping
        From reason to some of its rows.
    continued : mapping
        By reason, rows without an amount whose order has one in another row, as shops export orders.
    """

    kept: Outcome
    left_out: Sequence[Outcome]
    examples: Mapping[str, Sequence[Example]] = field(default_factory=dict)
    continued: Mapping[str, int] = field(default_factory=dict)

    def summary(self) -> str:
        """Say in one line what was kept, and what was left out for which reason."""
        kept = f"the log: {_counted(self.kept)} kept"
        lines = sum(self.continued.values())
        if lines:
            kept += f"; {further_lines(lines)}"
        left_out = self._by_size()
        if not left_out:
            return f"{kept}, none left out"
        rows = sum(each.rows for each in left_out)
        size = sum((each.size for each in left_out), Decimal(0))
        money = sum((each.money for each in left_out), Decimal(0))
        shares = f"{_share(rows, rows + lines + self.kept.rows)} of the rows"
        if size:
            shares += f", {_share(size, size + self.kept.size)} of the money"
        reasons = ", ".join(f"{each.reason} {each.rows:,} ({each.money:,.2f})" for each in left_out)
        return f"{kept}; {rows:,} rows ({money:,.2f}) left out ({shares}): {reasons}"

    def refusal(self, limit: float) -> str | None:
        """Return why so much may not be left out, with three values of the worst reason and the fix.

        Parameters
        ----------
        limit : float
            The largest share of the rows, or of the money, that may be unreadable. Rows of nobody
            count beside them up to a half.
        """
        if self.kept.rows == 0:
            return None
        unreadable = [r for r in self._by_size() if r.reason not in (*ASKED_FOR, *OF_NOBODY)]
        nobody = [r for r in self._by_size() if r.reason in OF_NOBODY]
        whole = [self.kept, *unreadable, *nobody]
        for reasons, most in (
            (unreadable, limit),
            ([*unreadable, *nobody], max(limit, MOST_OF_NOBODY)),
        ):
            share, of = self._largest_share(reasons, whole)
            if reasons and share > most:
                worst = max(reasons, key=lambda each: (each.rows, each.reason))
                return (
                    f"{share:.1%} of the {of} of the log cannot be used, and {most:.0%} may be "
                    f"(max_rejected_share): {self.summary().removeprefix('the log: ')}. {worst.reason}: "
                    f"{self.shown(worst.reason)}. {fix(worst.reason)} Where the rest is the log that you "
                    f"mean, accept it with --vars '{{max_rejected_share: {min(1.0, share + 0.05):.2f}}}'; "
                    "`clv init` has --max-rejected-share."
                )
        return None

    def warning(self, limit: float) -> str | None:
        """Say so where more rows than the limit are nobody's."""
        nobody = [each for each in self._by_size() if each.reason in OF_NOBODY]
        share, of = self._largest_share(nobody, [self.kept, *nobody])
        if not nobody or share <= limit:
            return None
        return (
            f"warning: {share:.1%} of the {of} of the log belongs to no customer, such as "
            f"{self.shown(nobody[0].reason)}; it is in no prediction and no actual"
        )

    def unusable(self) -> str:
        """Say why no row could be kept."""
        if not self.left_out:
            return "it is empty"
        return ", ".join(f"{each.rows} {each.reason}" for each in self._by_size())

    def shown(self, reason: str) -> str:
        """Return up to three values that stand for a reason."""
        told = dict.fromkeys(_example(reason, row) for row in self.examples.get(reason, ()))
        return ", ".join(list(told)[:3]) or "-"

    def _by_size(self) -> list[Outcome]:
        """Return what was left out, further lines of orders not among it, largest first."""
        several = [
            replace(each, rows=each.rows - self.continued.get(each.reason, 0))
            for each in self.left_out
        ]
        left = [each for each in several if each.rows]
        return sorted(left, key=lambda each: (-each.rows, each.reason))

    def _largest_share(
        self, reasons: Sequence[Outcome], whole: Sequence[Outcome]
    ) -> tuple[float, str]:
        rows = sum(each.rows for each in reasons)
        size = sum((each.size for each in reasons), Decimal(0))
        of_rows = rows / (sum(each.rows for each in whole) or 1) if rows >= FEWEST_ROWS else 0.0
        of_money = float(size / (sum((each.size for each in whole), Decimal(0)) or 1))
        return (of_rows, "rows") if of_rows >= of_money else (of_money, "money")


def further_lines(rows: int) -> str:
    """Say what rows without an amount are whose order has one in another row."""
    if rows == 1:
        return "1 row is a further line of an order whose amount stands in another row"
    return f"{rows:,} rows are further lines of orders whose amount stands in another row"


def fix(reason: str) -> str:
    """Return what a person can do about a reason, a sentence."""
    return FIXES.get(reason, "Check the vars columns.*.")


def signs(kept: Outcome, examples: Sequence[Example], mapped: str) -> str | None:
    """Return why amounts that are not above 0 cannot be sales, with the fix.

    Parameters
    ----------
    examples : sequence
        Rows whose amounts are below 0.
    mapped : str
        What columns.amount is mapped to, as SQL.
    """
    told = dict.fromkeys(str(row.get("amount")) for row in examples)
    amounts = ", ".join(list(told)[:3])
    plain = (
        mapped if mapped.isidentifier() or not re.fullmatch(r"[\w ]+", mapped) else f'"{mapped}"'
    )
    turned = json.dumps(f"-({plain})", ensure_ascii=False)
    flip = f"Flip the sign: --vars '{{columns: {{amount: {turned}}}}}', beside the other columns."
    if kept.above_zero == 0 and kept.below_zero == 0:
        return (
            f"every amount of the {counted(kept.rows, 'kept row', 'kept rows')} is 0, so there is no "
            "money to predict. Map columns.amount to what was paid."
        )
    if kept.above_zero == 0:
        return (
            f"no amount of the {counted(kept.rows, 'kept row', 'kept rows')} is above 0 (such as "
            f"{amounts}): sales seem to be booked as costs, and a negative amount is a refund here. {flip}"
        )
    if kept.money < 0 and kept.below_zero > kept.above_zero:
        return (
            f"the amounts of the log sum to {kept.money:,.2f}, and {kept.below_zero:,} of "
            f"{kept.rows:,} are below 0 (such as {amounts}): sales seem to be booked as costs, and a "
            f"negative amount is a refund here. If rows below 0 are payments or transfers, leave those out "
            f"by what says so (columns.status and drop_status). If they are the sales: {flip}"
        )
    return None


def _counted(outcome: Outcome) -> str:
    return f"{counted(outcome.rows, 'row', 'rows')} ({outcome.money:,.2f})"


def _share(part: Decimal | int, whole: Decimal | int) -> str:
    return f"{float(part / whole):.1%}"


def _example(reason: str, row: Example) -> str:
    if reason.startswith("date_"):
        if row.get("written_date") is not None:
            return f"'{row['written_date']}'"
    elif reason == "no_exchange_rate":
        return f"{row.get('currency')} on {str(row.get('ordered_at'))[:10]}"
    elif reason in ("superseded_line", "duplicate_line"):
        return f"'{row.get('line_id')}'"
    names = ["order_id", "written_date", "amount"]
    if reason != "no_customer":
        names.insert(0, "customer_id")
    known = [f"{name} {row[name]}" for name in names if row.get(name) is not None]
    return f"row {row.get('input_row')}" + (f" ({', '.join(known)})" if known else "")
