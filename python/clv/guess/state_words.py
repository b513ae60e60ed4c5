"""What the words of a status, or of a kind of booking, say about the money of its rows."""

from __future__ import annotations

import re
from enum import Enum

from clv.guess.names import plain, words_of


class Says(Enum):
    """What a word says: the money came, or not, or went back, or nobody can tell."""

    PURCHASE = "a purchase"
    NOTHING = "came to nothing"
    UNPAID = "not paid, or not kept, as far as the word says"
    REFUND = "a booking of money that went back"
    GIVEN_BACK = "an order that was given back"
    AUTHORIZED = "money that is put by, and booked again once it is taken"
    UNKNOWN = "not known"


_WORDS = {
    Says.NOTHING: words_of("""
        cancelled canceled cancellation cancelation void voided failed failure declined rejected expired
        abandoned draft trash test deleted error denied fraud fraudulent incomplete unsuccessful aborted
        spam invalid quote quotation estimate proforma stornierte storniert stornierung storno
        abgebrochen annulliert fehlgeschlagen entwurf geloscht abgelehnt ungultig angebot annule annulee
        annulation echoue echouee refuse refusee brouillon devis cancelado cancelada anulado anulada
        fallido fallida rechazado borrador annullato annullata fallito rifiutato bozza geannuleerd
        mislukt avbruten makulerad peruttu anulowane zruseno huy
    """),
    Says.UNPAID: words_of("""
        initiated pending hold unpaid awaiting waiting lost damaged undelivered undeliverable disputed
        dispute review suspected requires required
        uncaptured reversed overdue ausstehend unbezahlt offen wartend attente
        impaye impayee pendiente attesa sospeso openstaand
    """),
    Says.REFUND: words_of("""
        refund refunds return returns reimbursement rechnungskorrektur
        korrekturrechnung abono rectificativa creditnote gutschrift erstattung ruckerstattung
        retoure ruckgabe rucknahme rucksendung ruckzahlung remboursement retour avoir devolucion
        reembolso devolution reso rimborso terugbetaling retur
    """),
    Says.GIVEN_BACK: words_of("""
        refunded reimbursed returned chargeback chargedback erstattet zuruckgegeben zuruckgeschickt
        retourniert rembourse remboursee retourne retournee reembolsado reembolsada devuelto rimborsato
        restituito terugbetaald geretourneerd krediterad krediteret
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
        consegnato completato betaald verzonden afgerond placed accepte acceptee facture factura fattura
        factuur faktura fatura pedido commande ordine bestelling ordre zamowienie versement kargoda
    """),
}  # fmt: skip
# How words of further languages begin; where words are not kept apart, what they hold.
_STEMS = {
    Says.NOTHING: words_of("""
        cancel annul anul storn peruut void iptal anulow perut avbr makul zrus vervallen concept rascunho
        kladde utkast szkic taslak rechaz reject refus rifiut recus odrzuc reddedil afgewezen declin fail
        expir abandon torol sztorn kansell lemond отмен аннул отклон чернов скасов відмін відхил
        キャンセル 取消 失敗 취소 下書き 草稿 作废 已取消 ακυρ απορριφ batal ditolak gagal ยกเลิก ล้มเหลว
        ملغ إلغا الغا مرفوض فشل בוטל מבוטל נכשל
    """),
    Says.UNPAID: words_of("""
        pend wait await aguard unpaid nieoplac niezaplac nezaplac neuhraz obetal ubetal bekle oczek ceka
        ожид неоплач очіку неоплат 未払 未入金 保留 待 대기 미결제 미납 pledge fuggo venter afvent odotta
        asteptare neplatit neachit εκκρεμ αναμον απληρ menunggu belum รอ معلق انتظار ממתין
    """),
    Says.GIVEN_BACK: words_of("""
        refunded refundert zwroc estornad devolvid devuelt reembolsad rembours aterbetal refundere
        palautet vracen visszater ramburs restituit hyvitet terugg terugbe tilbakebet
        возвращ поверн 返金 返品 退款 退货 환불 반품 επιστρ dikembalikan pengembalian คืนเงิน คืนสินค้า
        مسترد استرداد مرتجع מוחזר החזר זוכה
    """),
    Says.REFUND: words_of("""
        πιστωτ creditnot kreditnot kreditfaktur estorno devoluc zwrot korekt iade hyvity dobropis возврат
        tilbagebetal refusjon restituz vratk stornofaktur זיכוי إشعار
    """),
    Says.PURCHASE: words_of("""
        selesai lunas สำเร็จ ชำระแล้ว مكتمل التنفيذ مدفوع הושלם שולם
        cobrad incass riscoss confirm conferm bestatig potvrz potvrd bekraft megerosit vahvist onaylan
        подтвержд підтвердж 確定
        aprovad aprobad pago paga oplac zaplac odendi tamaml teslim finaliz conclu entregu entreg enviad
        betal levere sendt afsendt skickad odeslan kiszallit απεσταλ maksettu toimitet vyrizen doruc
        zrealiz wyslan dostarcz zakoncz realizad complet fizet kifizet teljesit platit livrat πληρ ολοκλ
        παραδ оплач доставл выполн заверш отправл продаж 完了 支払 入金 発送 済 已付款 完成 已发货 결제
        완료 배송
    """),
}  # fmt: skip
_PLAIN_STEMS = {
    meaning: tuple(plain(stem) for stem in sorted(stems)) for meaning, stems in _STEMS.items()
}
_PHRASES = {
    "not paid": Says.UNPAID, "nicht bezahlt": Says.UNPAID, "non paye": Says.UNPAID,
    "no pagado": Says.UNPAID, "credit note": Says.REFUND, "credit memo": Says.REFUND,
    "nota de credito": Says.REFUND, "nota di credito": Says.REFUND, "nota credito": Says.REFUND,
    "note de credit": Says.REFUND, "write off": Says.NOTHING, "soft credit": Says.NOTHING,
    "in kind": Says.NOTHING, "checked out": Says.PURCHASE, "checked in": Says.PURCHASE,
    "no show": Says.UNPAID, "da huy": Says.NOTHING, "hoan thanh": Says.PURCHASE, "hoan tien": Says.GIVEN_BACK,
    "tra hang": Says.GIVEN_BACK,
    "発送待": Says.PURCHASE, "出荷待": Says.PURCHASE, "待发货": Says.PURCHASE, "待收货": Says.PURCHASE,
    "배송대기": Says.PURCHASE, "배송준비": Says.PURCHASE,
    "charge back": Says.GIVEN_BACK, "charged back": Says.GIVEN_BACK, "checkout draft": Says.NOTHING,
    "auto draft": Says.NOTHING,
}  # fmt: skip
_NEGATED = words_of("not un non nicht no kein keine ohne without")
# The documents of one sale: an order, its invoice and its payment are the same money.
_DOCUMENTS = {
    "an order": words_of(
        "order orders bestellung auftrag pedido commande ordine bestelling ordre zamowienie"
    ),
    "an invoice": words_of(
        "invoice rechnung factura facture fattura factuur faktura fatura fakturierung"
    ),
    "a payment": words_of("payment payments zahlung paiement pago pagamento betaling platnosc"),
    "a sale": words_of("sale sales verkauf vente venta vendita verkoop"),
}


def document(state: str) -> str | None:
    """Return which document of a sale a kind of row is; a line of it is its own; None for no document.

    Examples
    --------
    >>> [document(kind) for kind in ("Sales Order", "Invoice", "Sale Line", "Credit Memo")]
    ['an order', 'an invoice', 'a line', None]
    """
    words = words_of(plain(state))
    if words & {"line", "item", "position", "ligne", "linea"} and not is_no_sale(state):
        return "a line"
    if says(state) is not Says.PURCHASE:
        return None
    return next((name for name, known in _DOCUMENTS.items() if words & known), None)


# A part of the order was given back, or cancelled; the rest of it is a purchase.
PARTLY = words_of(
    "partially partial partly teilweise partiellement parcialmente parzialmente deels parcial delvis "
    "delvist czesciowo castecne kismen частично osittain"
)


# Bookings that stand beside sales in a ledger, and are none.
_BESIDE_SALES = words_of("""
    topup bonus withdrawal deposit transfer fee fees payout adjustment interest commission correction
    gebuhr gebuhren provision auszahlung einzahlung ubertrag korrektur frais virement comision retiro
    deposito commissione prelievo uitbetaling
""")


def is_beside_sales(state: str) -> bool:
    """Say whether a kind of booking stands beside sales and is none, as a fee.

    Examples
    --------
    >>> is_beside_sales("Top-up"), is_beside_sales("Service Fee"), is_beside_sales("Sale")
    (True, True, False)
    """
    text = plain(state)
    return text == "top up" or bool(words_of(text) & _BESIDE_SALES)


def is_no_sale(state: str) -> bool:
    """Say whether a state, and not a word of it, is that of money that never came or went back.

    Examples
    --------
    >>> [is_no_sale(kind) for kind in ("Credit Memo", "Rückgabe", "return ticket", "invoice")]
    [True, True, False, False]
    """
    text = plain(state)
    is_whole = " " not in text or text in _PHRASES or (not text.isascii() and text.count(" ") < 3)
    return is_whole and says(state) in (Says.NOTHING, Says.REFUND, Says.GIVEN_BACK)


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
    if words & PARTLY:
        return Says.PURCHASE
    if words & _NEGATED:
        return Says.UNKNOWN
    for meaning, known in _WORDS.items():
        if words & known:
            return meaning
    for meaning, stems in _PLAIN_STEMS.items():
        if any(word.startswith(stems) for word in words):
            return meaning
        if any(stem in text for stem in stems if not stem.isascii()):
            return meaning
    return Says.UNKNOWN
