"""The words by which columns, and their values, say of a row whether its money came."""

from __future__ import annotations

from clv.guess.names import words_of

TRUE = words_of("""
    true t 1 yes y x ja j oui si sí sì wahr vrai 1.0 sim tak ano igen da evet kylla kyllä да はい 是 예
""")
FALSE = words_of("""
    false f 0 no n nein non falsch faux 0.0 nee nej nao não nie ne nem nu hayır hayir ei нет いいえ 否
    아니요
""")
# What stands in place of nothing.
EMPTY = frozenset(("", "null", "none", "nan", "nat", "n/a", "na", "-", "\\n"))
# A tag of several, between the signs that separate them.
TEST_TAG = r"(^|[,;|])\s*test([ _-]?(order|bestellung))?\s*($|[,;|])"
# What stands in a column of ids or dates where a row adds up others.
TOTAL_LINE = (
    r"^\s*((sub|grand|zwischen|gesamt|end)[ -]?)?(total|totals|totale|totaux|totalt|summe|suma|summa|"
    r"celkem|razem|итого|合計|小計|合计|小计)(\s.*|:.*)?$"
)
TAGS = {"test": TEST_TAG, "total": TOTAL_LINE}
ABOUT_SOMETHING_ELSE = words_of("""
    fulfillment fulfilment shipping shipment delivery versand livraison envio lineitem stock inventory
    marketing email customer account member membership subscription tax product item article card address
    billing residence marital employment
""")
A_STATUS = ("status", "statut")  # also within one word: Zahlstatus
WAYS = ("liefer", "versand", "retouren")  # of goods, not of money
A_KIND = words_of("""
    state kind type typ art tipo etat estado stato category class event buchungsart vorgangsart
    belegart action aktion soort tyyppi slag rodzaj druh tur turu вид тип 種別 区分 类型 유형
""")
A_COUNTRY = words_of("""
    state estado etat stato
""")
# Whose state or stage is that of the money, not of a country.
OF_A_ROW = words_of("""
    transaction trans trx txn document documento doc record line row voucher booking movement
    posting entry gift event
""")
OF_A_SALE = words_of("""
    purchase payment order deal opportunity transaction invoice sale
""")
CANCELLED = words_of("""
    cancelled canceled cancellation cancelation cancel voided void deleted storniert storno
    stornodatum stornogrund annule annulee annulation annullato annulliert cancelado cancelacion
    geannuleerd decline declined failure failed fraud
""")
REFUND = words_of("""
    refund return erstattung retoure gutschrift reversal remboursement reembolso rimborso
""")
GIVEN_BACK = words_of("""
    refunded returned chargeback disputed erstattet retourniert rembourse reembolsado rimborsato
""")
WHOLE = words_of("""
    fully full whole completely entirely
""")
TEST = {"test", "is test", "test order", "is test order", "test mode", "testmode", "is testing",
         "testbestellung", "sandbox", "is sandbox", "in sandbox"}  # fmt: skip
LIVE = {"livemode", "live mode", "captured", "is captured", "success", "is success", "successful",
         "is successful", "valid", "is valid"}  # fmt: skip
PAID = {"paid", "is paid", "bezahlt", "paye", "pagado", "pagato", "betaald"}
TAG_COLUMNS = {"tags", "tag", "labels", "order tags"}
A_COUNT = words_of("""
    items lines qty quantity count number amount total fee value by policy sum rate
""")
A_TEST = words_of("test sample training sandbox demo dummy")
A_FLAG = words_of("is in flag flg ind indicator order mode transaction txn trx record yn")
# Of rows that are versions: whether one is the newest, and until when it was.
CURRENT = {"is current", "current", "current flag", "current flg", "is latest", "latest", "is active row",
           "row is current"}  # fmt: skip
VALID_TO = {"valid to", "valid until", "effective to", "effective end", "row end", "row end date"}
