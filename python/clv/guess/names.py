"""What the names of columns say, in the languages of shops.

A name is brought to plain lower-case words (`Order-Nr.` and `orderNr` are `order nr`) and looked up. The
earlier a name stands in its list, the better it fits.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Collection


def words_of(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


# From role to names, the likeliest first. `quantity`, `price`, `refunded` and `email` are no roles of
# the log: an amount or an id may be made of them.
_LISTED = {
    "customer_id": """
        customer id, customer number, customer no, customer nr, customer code, customer key,
        customer, customer user, client id, client number, client no, client code, client, user id,
        user, buyer id, buyer, buyer user id, member id, member number, member, account id, account
        number, shopper id, shopper, contact id, visitor id, household key, card number, loyalty
        number, cust id, cust no, kundennummer, kunden nr, kunden id, kdnr, debitor,
        debitorennummer, debitorennr, kunde, kaufer, benutzer id, mitgliedsnummer, id client, numero
        client, no client, n client, code client, identifiant client, id cliente, numero cliente,
        numero de cliente, codigo cliente, codigo de cliente, codice cliente, cliente id, cliente,
        id do cliente, klantnummer, klant id, klant nr, klant, kundenummer, kundnummer, kund id,
        kundnr, asiakasnumero, numer klienta, id klienta, klient, cislo zakaznika, zakaznik,
        customer unique id, user pseudo id, customer ref, customer reference, profile id, person id,
        subscriber id, loyalty id, kundenkarte, kartennummer, carte client, person,
        клиент, покупатель, id клиента, код клиента, musteri no, musteri, musteri kodu, 顧客id, 顧客番号,
        お客様番号, 会员id, 客户id, 客户编号, 고객번호, πελατης, κωδικος πελατη, vevo, ugyfel,
        ugyfelszam, cod client, ma khach hang, nguoi mua, id pelanggan, username pembeli, รหัสลูกค้า,
        رقم العميل, מספר לקוח
    """,
    "email": """
        email, customer email, email address, billing email, email billing, buyer email, contact
        email, user email, billing email address, customer email address, e mail adresse, mail,
        kunden e mail, adresse e mail, correo electronico, correo, courriel, indirizzo email, e
        mailadres
    """,
    "ordered_at": """
        ordered at, order date, order datetime, order timestamp, order time, order created at, order
        created, date of order, purchase date, purchased at, purchase time, purchase timestamp,
        order purchase timestamp, transaction date, transaction time, transaction datetime,
        transaction timestamp, invoice date, sale date, sales date, sold at, created at, created
        utc, date created, created date, created on, created, date time, timestamp, date, event
        time, day, paid at, payment date, order day, buy date, posting date, booking date,
        bestelldatum, auftragsdatum, kaufdatum, bestellt am, datum bestellung, rechnungsdatum,
        belegdatum, buchungsdatum, erstellt am, angelegt am, umsatzdatum, verkaufsdatum,
        zeitstempel, zeitpunkt, datum, tag, date de commande, date commande, date d achat, date
        achat, date de la commande, date facture, date de facture, date de vente, date de creation,
        cree le, fecha de pedido, fecha pedido, fecha del pedido, fecha de compra, fecha compra,
        fecha de factura, fecha, fecha de creacion, data ordine, data dell ordine, data acquisto,
        data di acquisto, data fattura, data do pedido, data pedido, data da compra, data,
        besteldatum, orderdatum, factuurdatum, aankoopdatum, ordredato, kjøpsdato, dato, tilausaika,
        data zamowienia, datum objednavky, kobsdato,
        дата, дата заказа, дата покупки, siparis tarihi, tarih, 注文日, 注文日時, 購入日, 日付, 订单日期,
        下单时间, 日期, 주문일, 주문일자, ημερομηνια, rendeles datuma, datum, data comenzii,
        tilauspaiva, ostopaiva, ngay dat hang, thoi gian, tanggal pesanan, waktu pesanan dibuat, วันที่,
        تاريخ الطلب, תאריך
    """,
    "amount": """
        amount, order total, order amount, total amount, total price, grand total, total paid,
        amount paid, order value, total, line total, line amount, item total, transaction amount,
        transaction value, sales amount, sale amount, invoice amount, invoice total, gross amount,
        gross, net sales, gross sales, total sales, net amount, net revenue, n revenue, purchase
        revenue, revenue, sales, sales value, turnover, net, value, spend, spent, payment value,
        money, total usd, total eur, subtotal, payment, paid, dollar value, total spent,
        gesamtbetrag, betrag, bestellwert, auftragswert, warenwert, rechnungsbetrag, bruttobetrag,
        nettobetrag, gesamtpreis, gesamtsumme, summe, umsatz, brutto, netto, wert, zahlbetrag,
        endbetrag, positionsbetrag, zeilenbetrag, montant total, montant ttc, montant, total ttc,
        montant ht, total ht, prix total, chiffre d affaires, valeur, importe total, importe, monto
        total, monto, precio total, valor total, valor, total pedido, ventas, importo totale,
        importo, totale ordine, totale, prezzo totale, valore, valor do pedido, receita,
        totaalbedrag, bedrag, totaal, omzet, bedrag incl btw, belop, beløb, belopp, summa, kwota,
        wartosc, castka, celkem,
        сумма, сумма заказа, итого, стоимость, tutar, toplam tutar, siparis tutari, 金額, 合計金額,
        売上金額,
        金额, 订单金额, 实付金额, 금액, 결제금액, ποσο, συνολο, osszeg, vegosszeg, suma, valoare,
        totalt, loppusumma, tong gia tri don hang, tong tien, total pembayaran, ยอดรวม, إجمالي الطلب, סכום
    """,
    "order_id": """
        order id, order number, order no, order nr, order, order code, order reference, amazon order
        id, order key, increment id, invoice, invoice no, invoice number, invoice id, transaction
        id, transaction number, receipt id, receipt number, receipt no, receipt, basket id, basket,
        cart id, ticket, document number, sales order, purchase id, payment intent id, charge id,
        bestellnummer, bestellnr, bestellung, bestell id, auftragsnummer, auftragsnr, auftrag,
        rechnungsnummer, rechnungsnr, rechnung, belegnummer, belegnr, beleg, bonnummer, vorgang,
        vorgangsnummer, numero de commande, numero commande, no commande, n de commande, n commande,
        id commande, commande, reference commande, numero de facture, numero facture, facture,
        numero de pedido, numero pedido, n pedido, id pedido, pedido, numero de factura, factura, id
        do pedido, numero ordine, id ordine, ordine, numero fattura, fattura, bestelnummer,
        ordernummer, factuurnummer, ordrenummer, numer zamowienia, cislo objednavky,
        номер заказа, заказ, № заказа, siparis no, siparis numarasi, 注文番号, 注文id, 订单号,
        订单编号, 주문번호,
        ma don hang, ma hoa don, no pesanan, nomor pesanan, หมายเลขคำสั่งซื้อ, رقم الطلب, מספר הזמנה,
        αριθμος παραγγελιας, rendelesszam, numar comanda, ordernr, tilausnumero
    """,
    "line_id": """
        line id, line item id, line number id, order line id, order item id, item id, balance
        transaction id, entry id, positions id, zeilen id, id ligne, id linea
    """,
    "updated_at": """
        updated at, order updated at, date modified, modified at, last modified, last updated,
        updated, date updated, modified, geandert am, aktualisiert am, anderungsdatum, modifie le,
        fecha de actualizacion
    """,
    "status": """
        order status, status, financial status, payment status, reporting category, transaction
        status, order state, state, transaction type, type, bestellstatus, auftragsstatus,
        zahlungsstatus, statut, statut commande, statut de la commande, etat, estado, estado del
        pedido, stato, stato ordine, situacao, situacao do pedido, estado do pedido, stan, stan
        zamowienia, stav, stav objednavky, durum, siparis durumu, odeme durumu, tila, tilauksen tila,
        статус, статус заказа, состояние, ステータス, 状態, 状态, 订单状态, 상태, allapot, statusz,
        stare, κατασταση, stage, deal stage, opportunity stage
    """,
    "currency": """
        currency, order currency, currency code, iso currency, transaction currency, presentment
        currency, wahrung, waehrung, wkz, devise, monnaie, moneda, divisa, valuta, moeda, valuuta,
        waluta, mena
    """,
    "quantity": """
        quantity, qty, order quantity, item quantity, lineitem quantity, units, units sold, count,
        pieces, number of items, menge, anzahl, stuck, stueck, stuckzahl, quantite, qte, nombre,
        cantidad, cant, unidades, quantita, qta, quantidade, aantal, antall, antal, ilosc, mnozstvi,
        maara
    """,
    "price": """
        unit price, price, price per unit, unit cost, price each, lineitem price, list price,
        einzelpreis, stuckpreis, stueckpreis, preis, preis pro stuck, vk preis, verkaufspreis, prix
        unitaire, prix, pu, precio unitario, precio, prezzo unitario, prezzo, preco unitario, preco,
        stukprijs, stuksprijs, prijs, pris, cena, cena jednostkowa
    """,
    "refunded": """
        refunded amount, amount refunded, refunded total, total refunded, base total refunded,
        refund amount, refund total, total refund amount, order refund amount, refunded, erstattet,
        erstatteter betrag,
        erstattungsbetrag, montant rembourse, importe reembolsado
    """,
}
NAMES = {role: tuple(" ".join(listed.split()).split(", ")) for role, listed in _LISTED.items()}
# Words that take the place of a currency or a unit behind a name: `Betrag (EUR)`, `Total [incl. VAT]`.
_APART = {"eur", "euro", "usd", "gbp", "chf", "sek", "nok", "dkk", "pln", "czk", "cad", "aud", "in",
          "vnd", "idr", "jpy", "cny", "krw", "inr", "try", "brl", "mxn", "huf", "ron", "thb", "sgd",
          "inc", "incl", "inkl", "ex", "excl", "exkl", "vat", "mwst", "tax", "btw", "iva", "tva",
          "lc", "utc", "gmt", "local", "brutto", "ttc", "base", "purchased", "presentment"}  # fmt: skip
_NO_ACCENT = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe"}
)
_CENTS = {"cent", "cents", "pence", "minor", "centimes", "centavos", "ore", "grosz", "groszy"}


# What a name says together that no list has: whose number it is (`Número do Pedido`, `KundeID`).
_WHOSE = {
    "customer_id": words_of("""
        customer client user buyer member account shopper contact constituent donor player patient passenger
        subscriber guest kunde kunden kund debitor klient klienta cliente clientes clienti musteri asiakas
        zakaznik klant kupac ugyfel vevo клиента покупателя pelanggan
    """),
    "order_id": words_of("""
        order orders invoice receipt ticket document sale bestellung bestell auftrag auftrags rechnung
        rechnungs beleg commande facture pedido encomenda factura fatura ordine fattura scontrino bestelling
        bestel factuur ordre faktura zamowienia paragonu objednavky rendeles szamla comanda comenzii siparis
        tilaus kvitto kvittering kuitti заказа чека pesanan
    """),
}
_NUMBER = words_of("""
    id ids number no nr num numero n code codigo cod codice kod key ref reference nummer numer cislo szam nro
    номер код nomor
""")
_BETWEEN = words_of("de do da del dell du des of the la l d di von van der unique our")
_ONE_WORD = re.compile(r"(\w{4,}?)s?(nummer|numero|numer|number|szam|kod|nro|nr|no|id)")


def mostly_unnamed(names: Collection[str]) -> bool:
    """Say whether at least half of the columns were given a name because the header has none."""
    return 2 * sum(re.fullmatch(r"column\d+", name) is not None for name in names) >= len(names)


def plain(name: str) -> str:
    """Return a name as lower-case words with single spaces, without accents.

    Examples
    --------
    >>> plain("Bestell-Nr."), plain("customerId"), plain("Betrag (EUR)"), plain("N° de commande")
    ('bestell nr', 'customer id', 'betrag eur', 'n de commande')
    """
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.replace("°", " ").replace("º", " "))
    letters = unicodedata.normalize("NFKD", words.lower().translate(_NO_ACCENT))
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(re.findall(r"[^\W_]+", bare))


def fit(name: str, role: str) -> float:
    """Return from 0 (not at all) to 1 (its usual name) how well a column's name fits a role.

    Examples
    --------
    >>> fit("Betrag (EUR)", "amount") > fit("Versandkosten (EUR)", "amount")
    True
    >>> fit("Número do Pedido", "order_id"), fit("Kontaktnummer", "order_id")
    (0.45, 0.0)
    """
    words = plain(name)
    ranks = _plain_ranks(role)
    for known, loss in ((words, 0.0), (_without_unit(words), 0.02), (words.replace(" ", ""), 0.03)):
        if known and known in ranks:
            return 1 - 0.5 * ranks[known] / len(ranks) - loss
    return 0.45 if _is_a_number_of(frozenset(words.split()), role) else 0.0


def _is_a_number_of(words: frozenset[str], role: str) -> bool:
    """Say whether a name is made of whose number it is, the word for number, and what stands between."""
    whose = _WHOSE.get(role, frozenset())
    if len(words) == 1:
        parts = _ONE_WORD.fullmatch(next(iter(words)))
        return parts is not None and parts.group(1) in whose
    return bool(words & whose and words & _NUMBER) and words <= whose | _NUMBER | _BETWEEN


def is_of_cents(name: str) -> bool:
    """Say whether a name says that its numbers are hundredths.

    Examples
    --------
    >>> is_of_cents("amount_cents"), is_of_cents("Total in Cent"), is_of_cents("percent")
    (True, True, False)
    """
    return bool(_CENTS & set(plain(name).split()))


def _without_unit(words: str) -> str:
    kept = words.split()
    while len(kept) > 1 and kept[-1] in _APART | _CENTS | {"minor", "units"}:
        kept.pop()
    return " ".join(kept)


@functools.cache
def _plain_ranks(role: str) -> dict[str, int]:
    """Return the names of a role as plain words, and without blanks, by their place."""
    known: dict[str, int] = {}
    for rank, name in enumerate(NAMES[role]):
        for form in (plain(name), plain(name).replace(" ", "")):
            known.setdefault(form, rank)
    return known
