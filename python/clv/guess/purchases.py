"""Which rows of a log are no purchase, and which are money that went back, as the config says it."""

from __future__ import annotations

from collections.abc import Iterable

from clv.core.wording import counted
from clv.guess.expression import sql_name
from clv.guess.found import Given, Looked, Proposal, State
from clv.guess.mark_words import TAGS
from clv.guess.marks import Form, Mark, is_filled_sql
from clv.guess.roles import best
from clv.guess.state_words import Says, says
from clv.guess.states import Marked, Verdicts, to_keep
from clv.project.sql_text import literal

# A larger share of rows that may be purchases or not is asked for.
DOUBTFUL = 0.05
MOST_NAMED = 12
NONE = "none"  # as an answer: no other status is left out
_TWO_SIDES = (
    {"debit", "credit"},
    {"dr", "cr"},
    {"d", "c"},
    {"soll", "haben"},
    {"s", "h"},
    {"+", "-"},
    {"in", "out"},
    {"debe", "haber"},
    {"dare", "avere"},
    {"debet", "credit"},
    {"debet", "kredit"},
    {"débit", "crédit"},
)


def guess_purchases(looked: Looked, given: Given, found: Proposal) -> None:
    """Leave out the rows that are no purchase, and subtract those that are money that went back."""
    marks = [(mark, states) for mark, states in looked.states.marks if _is_looked_at(mark, given)]
    base = _status_column(looked, given, marks)
    verdicts = Verdicts.of(looked, marks, found.refunds_subtracted)
    _heed(given, verdicts)
    if not looked.amount_is_written(given):
        _two_sides(looked, found)
        _subtract(looked, found, verdicts)
    else:  # an expression may give rows the sign of money that went back, which is seen when it is read
        back = [each for each in verdicts.out if _went_back(*each)]
        verdicts.out = [each for each in verdicts.out if each not in back]
        verdicts.unknown += back
    _leave_out(looked, given, found, base, verdicts)


def _heed(given: Given, verdicts: Verdicts) -> None:
    """Leave out money that went back where a person said so, in place of subtracting it or asking."""
    words = {value.strip().lower() for value in given.formats.get("drop_status", ())}
    for back in (verdicts.minus, verdicts.unsure):
        named = [each for each in back if _label(*each).lower() in words]
        verdicts.out += named
        back[:] = [each for each in back if each not in named]


def _is_looked_at(mark: Mark, given: Given) -> bool:
    """Say whether a mark counts: not where a person said what the status is."""
    said = given.columns.get("status")
    return said is None or said.strip().lower() == mark.column.name.lower()


def _status_column(
    looked: Looked, given: Given, marks: list[tuple[Mark, tuple[State, ...]]]
) -> str | None:
    if "status" in given.columns:
        return given.columns["status"]
    worded = [mark for mark, _ in marks if mark.form is Form.WORDS]
    likely = best([mark.column for mark in worded], "status")
    if likely is None and worded:
        likely = next((mark.column for mark in worded if mark.sure), worded[0].column)
    if likely is None and {"keep_status", "drop_status"} & given.formats.keys():
        likely = best(looked.columns, "status")
    return None if likely is None else likely.name


def _subtract(looked: Looked, found: Proposal, verdicts: Verdicts) -> None:
    """Make money that went back negative, where the log writes it without a sign."""
    amount = found.columns.get("amount")
    if amount is None:
        return
    money = looked.as_sql(amount)
    if verdicts.minus:
        test = " or ".join(_tests(verdicts.minus))
        found.columns["amount"] = f"case when {test} then -abs({money}) else {money} end"
        found.notes.append(f"{_told(verdicts.minus)}: money that went back, so it is subtracted")
    if verdicts.unsure:
        test = " or ".join(_tests(verdicts.unsure))
        found.ask(
            "--amount",
            f"{_told(verdicts.unsure)} above zero, in orders without another row: is it money that "
            f"went back (--amount {_in_shell(f'case when {test} then -abs({money}) else {money} end')})"
            f", are these orders that came to nothing (--drop-status '{verdicts.unsure[0][1].value}'), or "
            f"orders that were paid (--amount {_in_shell(f'({money})')})?",
        )


def _in_shell(text: str) -> str:
    """Return an expression as a shell takes it, in double quotes where it has single ones."""
    if "'" not in text:
        return f"'{text}'"
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"'


def _two_sides(looked: Looked, found: Proposal) -> None:
    """Ask which side of a ledger is money that came, where amounts have no sign."""
    if looked.states.negative:
        return
    for column in looked.columns:
        words = {value.strip().lower() for value in column.values}
        if words in _TWO_SIDES:
            name = column.name
            found.ask(
                "--amount",
                f"{name} has {' and '.join(sorted(words))} and no amount is below zero: which side is money "
                'that came? Give --amount "case when ... then -amount else amount end", with the condition '
                "of your ledger",
            )


def _leave_out(
    looked: Looked, given: Given, found: Proposal, base: str | None, verdicts: Verdicts
) -> None:
    rows = max((column.rows for column in looked.columns), default=0)
    keep = _kept_categories(looked, given, base)
    said = given.formats.get("drop_status")
    out = list(verdicts.out)
    few = [each for each in verdicts.doubtful if each[1].rows <= DOUBTFUL * rows]
    if said is not None:
        words = {value.strip().lower() for value in said}
        asked = [each for each in verdicts.doubtful if each not in few] + verdicts.unknown
        out += few + [each for each in asked if _label(*each).lower() in words]
    elif "keep_status" not in given.formats:
        many = [each for each in verdicts.doubtful if each not in few]
        out += few
        many += [each for each in verdicts.unknown if each not in many]
        if many:
            labels = ", ".join(_label(*each) for each in many[:MOST_NAMED])
            found.ask(
                "--drop-status",
                f"{_told(many[:MOST_NAMED])}{_more(many)}: the words do not say for certain that this is "
                f"money that came, and that no other row counts too. Which of {labels} are no purchases? "
                f"Name each, or say {NONE}{_anyway(out)}; money that went back is subtracted by --amount "
                '"case when ... then -abs(amount) else amount end" instead',
            )
    elsewhere = [
        each for each in out if each[0].column.name != base or each[0].form is not Form.WORDS
    ]
    if base is not None and (keep or out or {"keep_status", "drop_status"} & given.formats.keys()
                             or "status" in given.columns):  # fmt: skip
        found.columns["status"] = base
    if elsewhere:
        found.columns["status"] = _status_of(elsewhere, base)
    if "keep_status" in given.formats or keep:
        found.formats.setdefault("keep_status", keep)
        shown = f"{base}: {', '.join(keep)} kept; {_rest(looked, base, keep)} left out"
        found.notes.extend([shown] if "keep_status" not in given.formats else [])
        return
    dropped = {_label(*each) for each in out}
    dropped |= {value for value in said or () if value.strip().lower() != NONE}
    if dropped:
        found.formats["drop_status"] = sorted(dropped)
    if out:
        found.notes.append(f"{_told(out)} left out; {_rest(looked, base, dropped)} kept")


def _anyway(out: list[Marked]) -> str:
    """Return what an answer leaves as it is: states that are left out whatever is said of the others."""
    labels = ", ".join(sorted({_label(*each) for each in out})[:MOST_NAMED])
    return f" ({labels} left out in any case; --keep-status says otherwise)" if labels else ""


def _went_back(mark: Mark, state: State) -> bool:
    return mark.form is Form.WORDS and says(state.value) in (Says.REFUND, Says.GIVEN_BACK)


def _more(each: list[Marked]) -> str:
    left = len(each) - MOST_NAMED
    return f"; and {left} more" if left > 0 else ""


def _kept_categories(looked: Looked, given: Given, base: str | None) -> list[str]:
    column = looked.named(base) if base is not None else None
    if column is None or {"keep_status", "drop_status"} & given.formats.keys():
        return []
    return to_keep(column.values)


def _rest(looked: Looked, base: str | None, named: Iterable[str]) -> str:
    column = looked.named(base) if base is not None else None
    if column is None:
        return "the others"
    return ", ".join(sorted({*column.values} - {*named})[:8]) or "nothing"


def _label(mark: Mark, state: State) -> str:
    return state.value if mark.form is Form.WORDS else mark.label


def _told(each: list[Marked]) -> str:
    return "; ".join(
        f"{mark.column.name}: {state.value} in {counted(state.rows, 'row', 'rows')}"
        for mark, state in each
    )


def _status_of(elsewhere: list[Marked], base: str | None) -> str:
    """Return the status as an expression, where several columns say whether a row counts."""
    cases = "".join(
        f"when {test} then {literal(_label(*each))} "
        for each, test in zip(elsewhere, _tests(elsewhere), strict=True)
    )
    return f"case {cases}else {sql_name(base)} end" if base is not None else f"case {cases}end"


def _tests(each: list[Marked]) -> list[str]:
    """Return the condition under which a row is marked, for each mark and state."""
    return [_test(mark, state) for mark, state in each]


def _test(mark: Mark, state: State) -> str:
    name = sql_name(mark.column.name)
    text = name if mark.column.sql_type == "VARCHAR" else f"cast({name} as varchar)"
    if mark.form is Form.FILLED:
        return is_filled_sql(mark.column)
    if mark.form is Form.TAGS:
        return f"regexp_matches(lower({text}), {literal(TAGS[mark.label])})"
    lowered = state.value.strip().replace("İ", "i").lower()  # as the engine does
    return f"lower(trim({text})) = {literal(lowered)}"
