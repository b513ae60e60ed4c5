"""What a row is: an order, a change of one, one of several versions, or a customer with a column a month."""

from __future__ import annotations

import re

from clv.core.wording import counted
from clv.errors import ClvError
from clv.guess.columns import Column
from clv.guess.expression import sql_name
from clv.guess.found import Given, Looked, Proposal
from clv.guess.names import plain, words_of
from clv.guess.roles import CAN_BE, best

FEWEST_MONTHS = 6  # columns
_A_MONTH = re.compile(
    r"(19|20)\d\d[-/._ ]?(0?[1-9]|1[0-2])([-/._ ]?\d\d)?|(0?[1-9]|1[0-2])[-/._ ](19|20)\d\d|"
    r"[^\W\d]{3,10}\.?[-/._ ']*(19|20)?\d\d|(19|20)\d\d[-/._ ]?[qQ][1-4]|[qQ][1-4][-/._ ](19|20)\d\d"
)
# What change data capture says of a row: it was created, read, changed or deleted.
_DONE = words_of("""
    c r u d i create insert update delete created inserted updated deleted upsert snapshot update_postimage
    update_preimage
""")


def check_shape(looked: Looked) -> None:
    """Refuse a table that has a column of money for each month, or day."""
    months = [c for c in looked.columns if _A_MONTH.fullmatch(c.name.strip()) and c.numbers > 0.9]
    if len(months) >= FEWEST_MONTHS:
        others = ", ".join(sql_name(c.name) for c in looked.columns if c not in months)
        raise ClvError(
            f"it has a column for each period ({months[0].name}, {months[1].name}, ...), and a log has a row "
            "for each purchase. Turn it: duckdb -c \"copy (unpivot 'FILE' on columns(* exclude "
            f"({others.replace(chr(34), chr(92) + chr(34))})) into name period value amount) to 'log.csv'\"; "
            "better still, export the single orders, for days within a period count as one."
        )


def versions(looked: Looked, given: Given, found: Proposal) -> None:
    """Ask for the id of a line where lines of orders stand in several versions."""
    order = found.columns.get("order_id")
    if "line_id" in given.columns or not looked.facts.versions or order is None:
        return
    each = looked.as_sql(order)
    if looked.facts.line_number:
        each = f"concat_ws('-', {each}, {sql_name(looked.facts.line_number)})"
    several = counted(looked.facts.versions, "order or line stands", "orders or lines stand")
    found.ask(
        "--line-id",
        f"{several} in several rows with another "
        f'{found.columns["updated_at"]}, as corrections do: does the newest count (--line-id "{each}"), or '
        "every row? Then name a column that is different in each.",
    )


def changes(looked: Looked, given: Given, found: Proposal) -> None:
    """Ask which row counts of a table's changes, where each says what was done."""
    order = found.columns.get("order_id")
    done = next((c for c in looked.columns if _says_what_was_done(c)), None)
    column = looked.named(order or "")
    if done is None or "line_id" in given.columns or column is None or column.is_unique:
        return
    moments = [c for c in looked.columns if CAN_BE["updated_at"](c) and "_" in c.name]
    newest = best(looked.columns, "updated_at") or next(iter(moments), None)
    gone = [value for value in done.values if value.strip().lower() in ("d", "delete", "deleted")]
    parts = [f"--line-id {order}", f"--updated-at {newest.name}" if newest is not None else ""]
    parts += [f"--status {done.name} --drop-status {gone[0]}"] if gone else []
    found.ask(
        "--line-id",
        f"{done.name} has {', '.join(done.values[:4])}, as a table's changes have, and {order} stands in "
        f"several rows: does the newest row of each count ({' '.join(filter(None, parts))})? If every row "
        "does, name a column that is different in each.",
    )


def _says_what_was_done(column: Column) -> bool:
    values = {value.strip().lower() for value in column.values}
    name = plain(column.name)
    named = "op" in name.split() or "operation" in name
    named |= name in ("change type", "cdc type", "dml type", "record type")
    return named and len(values) > 1 and values <= _DONE


def lines_again(looked: Looked, found: Proposal) -> None:
    """Count lines once that stand in several rows of one customer and day."""
    if not looked.facts.line_id or "line_id" in found.columns:
        return
    found.columns["line_id"] = looked.facts.line_id
    rows = counted(looked.facts.repeated, "row has", "rows have")
    found.notes.append(
        f"{rows} a {looked.facts.line_id} that another one of the same customer and day has, as a join makes "
        "them: each counts once, its last row"
    )
