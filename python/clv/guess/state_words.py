"""What the words of a status, or of a kind of booking, say about the money of its rows."""

from __future__ import annotations

import re
from enum import Enum

from clv.guess.names import plain


class Says(Enum):
    """What a word says: the money came, or not, or went back, or nobody can tell."""

    PURCHASE = "a purchase"
    NOTHING = "came to nothing"
    UNPAID = "not paid, or not kept, as far as the word says"
    REFUND = "a booking of money that went back"
    GIVEN_BACK = "an order that was given back"
    AUTHORIZED = "money that is put by, and booked again once it is taken"
    UNKNOWN = "not known"


def words_of(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


_WORDS = {
    Says.NOTHING: words_of("""
        cancelled canceled cancellation cancelation void voided failed failure declined rejected expired
        abandoned draft trash test deleted error denied fraud fraudulent incomplete unsuccessful aborted
        spam invalid quote quotation estimate proforma stornierte storniert stornierung storno abgebrochen
        annulliert fehlgeschlagen entwurf geloscht abgelehnt ungultig angebot annule annulee annulation
        echoue echouee refuse refusee brouillon devis cancelado cancelada anulado anulada fallido fallida
        rechazado borrador annullato annullata fallito rifiutato bozza geannuleerd mislukt avbruten
        makulerad peruttu anulowane zruseno
    """),
    Says.UNPAID: words_of("""
        pending hold unpaid awaiting waiting lost damaged undelivered undeliverable disputed dispute
        review suspected uncaptured reversed overdue ausstehend unbezahlt offen wartend attente impaye
        impayee pendiente attesa sospeso openstaand
    """),
    Says.REFUND: words_of("""
        refund refunds return returns reimbursement creditnote gutschrift erstattung ruckerstattung retoure
        ruckgabe rucksendung ruckzahlung remboursement retour avoir devolucion reembolso devolution reso
        rimborso terugbetaling retur
    """),
    Says.GIVEN_BACK: words_of("""
        refunded reimbursed returned chargeback chargedback erstattet zuruckgegeben zuruckgeschickt
        retourniert rembourse remboursee retourne retournee reembolsado reembolsada devuelto rimborsato
        restituito terugbetaald geretourneerd
    """),
    Says.AUTHORIZED: words_of("""
        authorization authorisation preauthorization preauthorisation preauth auth autorisierung
        autorisation autorizacion autorizzazione
    """),
    Says.PURCHASE: words_of("""
        sale sales capture captured charge payment purchase order invoice paid complete completed
        processing processed shipped delivered fulfilled closed success succeeded successful approved
        settled confirmed ok done new open authorized authorised bezahlt versendet versandt abgeschlossen
        geliefert verkauf rechnung bestellung kauf erledigt vente achat paye payee livre livree expedie
        expediee termine terminee venta pagado pagada enviado entregado completado vendita pagato spedito
        consegnato completato betaald verzonden afgerond
    """),
}  # fmt: skip
_PHRASES = {
    "not paid": Says.UNPAID, "nicht bezahlt": Says.UNPAID, "non paye": Says.UNPAID,
    "no pagado": Says.UNPAID, "credit note": Says.REFUND, "credit memo": Says.REFUND,
    "charge back": Says.GIVEN_BACK, "checkout draft": Says.NOTHING, "auto draft": Says.NOTHING,
}  # fmt: skip
_NEGATED = words_of("not un non nicht no kein keine ohne without")
# A part of the order was given back, or cancelled; the rest of it is a purchase.
_PARTLY = words_of(
    "partially partial partly teilweise partiellement parcialmente parzialmente deels"
)


def says(state: str) -> Says:
    """Return what a state says about the money of its rows.

    Examples
    --------
    >>> [says(word).name for word in ("wc-cancelled", "Shipped - Returned to Seller", "partially_refunded")]
    ['NOTHING', 'GIVEN_BACK', 'PURCHASE']
    """
    text = plain(state.replace("ß", "ss")).removeprefix("wc ")
    for phrase, meaning in _PHRASES.items():
        if phrase in text:
            return meaning
    words = frozenset(re.split(r"[\s\d]+", text))
    if words & _PARTLY:
        return Says.PURCHASE
    if words & _NEGATED:
        return Says.UNKNOWN
    for meaning, known in _WORDS.items():
        if words & known:
            return meaning
    return Says.UNKNOWN
