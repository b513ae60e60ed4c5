"""What the states of a log mean for the money of their rows: by words, signs and what stands beside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from clv.guess.found import Looked, State
from clv.guess.mark_words import FALSE, TRUE
from clv.guess.marks import Form, Mark, is_of_an_order
from clv.guess.state_words import Says, document, is_beside_sales, is_no_sale, says

# WooCommerce's word for an order that nobody has begun to pay, where these stand beside it.
_UNPAID, _BESIDE = {"pending", "pending payment"}, {"completed", "processing"}
# The categories of a balance report that are money of customers; the others are the shop's own.
_CUSTOMERS_MONEY = {
    "charge", "payment", "refund", "payment_refund", "charge_failure", "refund_failure", "dispute",
    "dispute_reversal", "partial_capture_reversal", "payment_reversal", "payment_failure_refund",
}  # fmt: skip
_SHOPS_OWN = {"payout", "payout_reversal", "payout_failure", "fee", "stripe_fee", "transfer", "topup",
              "topup_reversal", "network_cost", "adjustment", "other_adjustment", "contribution",
              "advance", "advance_funding", "tax", "risk_reserved_funds"}  # fmt: skip


def to_keep(states: Iterable[str]) -> list[str]:
    """Return the states to keep where they are categories of a shop's balance, in their order; else none.

    Examples
    --------
    >>> to_keep(["charge", "payout", "refund"]), to_keep(["paid", "cancelled"])
    (['charge', 'refund'], [])
    """
    found = list(states)
    plain = {state.strip().lower() for state in found}
    both = plain & _CUSTOMERS_MONEY and plain & _SHOPS_OWN
    if not both or not plain <= _CUSTOMERS_MONEY | _SHOPS_OWN:
        return []
    return sorted(state for state in found if state.strip().lower() in _CUSTOMERS_MONEY)


Marked = tuple[Mark, State]


@dataclass
class Verdicts:
    """States that are no plain purchases, each with the column that says so.

    Attributes
    ----------
    out : list
        Of rows whose money never came, or went back.
    doubtful : list
        Of rows whose money may not have come.
    minus : list
        Of rows that are money that went back, written without a sign.
    unsure : list
        Of rows that are either that, or orders which were given back.
    unknown : list
        Whose word says nothing, or whose money another state of the column counts too.
    """

    out: list[Marked] = field(default_factory=list)
    doubtful: list[Marked] = field(default_factory=list)
    minus: list[Marked] = field(default_factory=list)
    unsure: list[Marked] = field(default_factory=list)
    unknown: list[Marked] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        looked: Looked,
        marks: Iterable[tuple[Mark, tuple[State, ...]]],
        refunds_subtracted: bool,
    ) -> Verdicts:
        """Judge every state.

        Parameters
        ----------
        refunds_subtracted : bool
            Whether what was given back is subtracted from the amount of its order.
        """
        verdicts = cls()
        for mark, states in marks:
            for state in states:
                verdicts._judge(looked, mark, state, states, refunds_subtracted)
            if mark.form is Form.FILLED and mark.says is Says.UNKNOWN:
                verdicts.unknown += [(mark, state) for state in states]
            if mark.form is Form.WORDS and not to_keep(state.value for state in states):
                verdicts.unknown += [(mark, state) for state in _not_known(mark, states)]
        return verdicts

    def _judge(
        self, looked: Looked, mark: Mark, state: State, beside: tuple[State, ...], subtracted: bool
    ) -> None:
        """Put a state where it belongs; what is a purchase belongs nowhere."""
        if not _marks_rows(mark, state) or 2 * state.negative > state.rows:
            return  # money below zero is what went back already
        if _has_no_money(mark, state, beside):
            self.out.append((mark, state))
            return
        others = {says(other.value) for other in beside}
        word = says(state.value) if mark.form is Form.WORDS else mark.says
        if mark.form is Form.WORDS:
            word = _beside(state.value, word, {other.value.strip().lower() for other in beside})
        if word is Says.NOTHING or (word is Says.AUTHORIZED and Says.PURCHASE in others):
            self.out.append((mark, state))
        elif word is Says.UNPAID:
            plain = {other.value.strip().lower().removeprefix("wc-") for other in beside}
            sure = state.value.strip().lower().removeprefix("wc-") in _UNPAID and plain & _BESIDE
            (self.out if sure else self.doubtful).append((mark, state))
        elif (word is Says.GIVEN_BACK and not _booked_apart(looked, state, subtracted)) or (
            word is Says.REFUND and subtracted
        ):
            self.out.append((mark, state))
        elif word is Says.REFUND:
            alone = 0.0 if is_of_an_order(mark) else 1.0
            partnered = looked.states.partnered.get((mark.column.name, state.value), alone)
            (self.minus if partnered >= 0.5 else self.unsure).append((mark, state))


def _not_known(mark: Mark, states: tuple[State, ...]) -> list[State]:
    """Return the states of which nobody can tell by their words whether they count.

    Those are words that are not known, beside others that are, or in a column that is a status for
    certain; and several documents of what may be one sale: an order, its invoice, its payment.
    """
    if len(states) < 2:
        return []
    every = {state.value.strip().lower() for state in states}
    words = {state.value: _beside(state.value, says(state.value), every) for state in states}
    unknown = [state for state in states if words[state.value] is Says.UNKNOWN]
    unknown = [state for state in unknown if not _has_no_money(mark, state, states)]
    if not mark.sure and not any(is_no_sale(word) or is_beside_sales(word) for word in words):
        unknown = []
    documents = {state.value: document(state.value) for state in states}
    several = len({*documents.values()} - {None}) > 1
    return unknown + [state for state in states if several and documents[state.value]]


def _has_no_money(mark: Mark, state: State, beside: tuple[State, ...]) -> bool:
    """Say whether no row of a kind has an amount, where rows of another have: an event beside purchases."""
    if mark.form is not Form.WORDS or state.without < state.rows:
        return False
    return any(other.without < 0.1 * other.rows for other in beside)


def _marks_rows(mark: Mark, state: State) -> bool:
    word = state.value.strip().lower()
    if mark.form is Form.YES:
        return word in TRUE
    return word in FALSE if mark.form is Form.NO else True


def _beside(value: str, word: Says, others: set[str]) -> Says:
    """Return what a word says beside the others of its column: open beside paid, credit beside sale."""
    plain = value.strip().lower()
    if plain == "open" and others & {"paid", "succeeded", "bezahlt", "betaald"}:
        return Says.UNPAID
    if plain == "credit" and others & {"sale", "sales", "charge", "invoice", "purchase"}:
        return Says.REFUND
    return word


def _booked_apart(looked: Looked, state: State, subtracted: bool) -> bool:
    """Say whether what was given back stands in rows of its own, so that the order counts."""
    if subtracted:
        return False
    refunds = sum(
        other.rows
        for mark, states in looked.states.marks
        for other in states
        if mark.form is Form.WORDS and says(other.value) is Says.REFUND
    )
    return looked.states.negative + refunds >= 0.3 * state.rows
