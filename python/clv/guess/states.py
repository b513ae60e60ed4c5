"""Which states of an order or a booking are no purchase."""

from __future__ import annotations

from collections.abc import Iterable

# Orders that came to nothing; a refund of money is no such state.
_NOTHING = {
    "cancelled", "canceled", "cancelled by customer", "void", "voided", "failed", "declined", "rejected",
    "expired", "abandoned", "draft", "checkout-draft", "checkout draft", "auto-draft", "trash", "test",
    "deleted", "error", "payment failed", "payment error", "denied", "fraud", "incomplete",
    "storniert", "storno", "abgebrochen", "annulliert", "fehlgeschlagen", "entwurf", "gelöscht",
    "abgelehnt", "annulé", "annulée", "annule", "annulee", "échouée", "échoué", "echouee", "refusé",
    "cancelado", "cancelada", "anulado", "anulada", "fallido", "annullato", "annullata", "fallito",
    "geannuleerd", "mislukt", "avbruten", "makulerad", "peruttu", "anulowane", "zrušeno",
}  # fmt: skip
_GIVEN_BACK = {"refunded", "fully refunded", "erstattet", "remboursé", "remboursée", "rembourse",
               "reembolsado", "reembolsada", "rimborsato", "terugbetaald"}  # fmt: skip
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
    """Return the states to keep where they are categories of a balance, in their order; else none.

    Examples
    --------
    >>> to_keep(["charge", "payout", "refund"]), to_keep(["paid", "cancelled"])
    (['charge', 'refund'], [])
    """
    found = list(states)
    plain = {state.strip().lower() for state in found}
    if not plain & _CUSTOMERS_MONEY or not plain <= _CUSTOMERS_MONEY | _SHOPS_OWN:
        return []
    return sorted(state for state in found if state.strip().lower() in _CUSTOMERS_MONEY)


def to_drop(states: Iterable[str], refunds_are_subtracted: bool) -> list[str]:
    """Return the states of orders that came to nothing, in alphabetical order.

    Parameters
    ----------
    refunds_are_subtracted : bool
        Whether what was given back is subtracted from the amount; an order that was given back whole
        is then no purchase.

    Examples
    --------
    >>> to_drop(["paid", "voided", "refunded"], True), to_drop(["paid", "refunded"], False)
    (['refunded', 'voided'], [])
    """
    plain = {state: state.strip().lower().removeprefix("wc-") for state in states}
    out = _NOTHING | (_GIVEN_BACK if refunds_are_subtracted else set())
    if {*plain.values()} & _BESIDE:
        out = out | _UNPAID
    return sorted(state for state, word in plain.items() if word in out)
