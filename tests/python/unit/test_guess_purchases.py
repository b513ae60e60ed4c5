"""Rows that are no purchase, or money that went back, are told by whatever column says so, or asked for."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from exports import guessed, read

from clv.guess.found import Given
from clv.guess.state_words import Says, says
from clv.operations.init import LookedAt
from clv.project.log_options import Reader

pytestmark = pytest.mark.slow

SHOPIFY_BOOKINGS = """Order,Customer,Kind,Gateway,Created At,Status,Amount,Currency
#1,a@x.com,authorization,stripe,2026-01-05 10:00:00 -0500,success,50.00,USD
#1,a@x.com,capture,stripe,2026-01-05 10:10:00 -0500,success,50.00,USD
#1,a@x.com,refund,stripe,2026-01-20 10:00:00 -0500,success,20.00,USD
#2,b@x.com,sale,stripe,2026-02-14 10:00:00 -0500,failure,30.00,USD
#3,b@x.com,sale,stripe,2026-02-14 10:00:00 -0500,success,31.00,USD
#4,c@x.com,authorization,stripe,2026-02-15 10:00:00 -0500,success,99.00,USD
#4,c@x.com,void,stripe,2026-02-16 10:00:00 -0500,success,99.00,USD
"""
SHOPIFY_ORDERS = """Name,Email,Financial Status,Currency,Total,Created at,Cancelled at,Refunded Amount,Tags
#1,a@x.com,paid,USD,50.00,2026-01-05 10:00:00 -0500,,0.00,
#2,a@x.com,paid,USD,99.00,2026-02-15 10:00:00 -0500,2026-02-16 10:00:00 -0500,0.00,
#3,b@x.com,paid,USD,30.00,2026-03-15 10:00:00 -0500,,0.00,"vip, contest"
#4,b@x.com,paid,USD,31.00,2026-03-16 10:00:00 -0500,,0.00,"vip, Test"
#5,b@x.com,voided,USD,32.00,2026-03-17 10:00:00 -0500,,0.00,
"""
HEAD = "customer_id,order_date,amount,"
# By name: the file, and the money of the rows that are purchases.
FILES = {
    "bookings of Shopify": (SHOPIFY_BOOKINGS, "61"),
    "orders of Shopify": (SHOPIFY_ORDERS, "80"),
    "a type": (HEAD + "type\n1,2026-01-05,50,sale\n1,2026-01-20,50,Refund\n2,2026-02-14,30,sale\n", "30"),
    "a kind in German": (
        HEAD + "Belegart\n1,2026-01-05,50,Rechnung\n1,2026-01-20,20,Gutschrift\n2,2026-02-14,30,Rechnung\n",
        "60",
    ),
    "refunds below zero already": (
        HEAD + "type\n1,2026-01-05,50,sale\n1,2026-01-20,-50,refund\n2,2026-02-14,30,sale\n", "30"),
    "refunded, and nothing below zero": (
        HEAD + "status\n1,2026-01-05,50,paid\n1,2026-01-20,20,refunded\n2,2026-02-14,30,paid\n", "80"),
    "refunded, and booked apart": (
        HEAD + "status\n1,2026-01-05,50,refunded\n1,2026-01-20,-50,paid\n2,2026-02-14,30,paid\n", "30"),
    "a flag of refunds": (
        HEAD + "refund_flag\n1,2026-01-05,50,0\n1,2026-01-20,20,1\n2,2026-02-14,30,0\n", "60"),
    "refunded as a flag": (
        HEAD + "refunded\n1,2026-01-05,50,0\n1,2026-01-20,20,1\n2,2026-02-14,30,0\n", "80"),
    "cancelled as a flag": (
        HEAD + "is_cancelled\n1,2026-01-05,50,no\n1,2026-01-20,20,yes\n2,2026-02-14,30,no\n", "80"),
    "cancelled at a moment": (
        HEAD + "cancelled_at\n1,2026-01-05,50,0000-00-00\n1,2026-01-20,20,2026-01-21\n2,2026-02-14,30,\n",
        "80",
    ),
    "cancelled for a reason": (
        HEAD + "Cancel Reason\n1,2026-01-05,50,\n1,2026-01-20,20,customer\n2,2026-02-14,30,\n", "80"),
    "test orders": (
        HEAD + "test\n1,2026-01-05,50,false\n1,2026-01-20,20,true\n2,2026-02-14,30,false\n", "80"),
    "not live": (
        HEAD + "livemode\n1,2026-01-05,50,true\n1,2026-01-20,20,false\n2,2026-02-14,30,true\n", "80"),
    "not captured": (
        HEAD + "Captured\n1,2026-01-05,50.5,true\n1,2026-01-20,20,false\n2,2026-02-14,30,true\n", "80.5"),
    "cancelled in one column, failed in another": (
        HEAD + "order_status,payment_status\n1,2026-01-05,50,complete,paid\n1,2026-01-20,20,cancelled,paid\n"
        "2,2026-02-14,30,complete,failed\n2,2026-02-15,31,complete,paid\n", "81"),
    "a sign in a column of its own": (
        HEAD + "sign\n1,2026-01-05,50,1\n1,2026-01-20,20,-1\n2,2026-02-14,30,1\n", "60"),
    "paid or not, in German": (
        "Kundennummer;Datum;Betrag;Zahlstatus\n" + "1;2026-01-05;10;Bezahlt\n" * 30
        + "2;2026-01-06;9;Offen\n2;2026-01-07;8;Bezahlt\n", "308"),
    "on its way or not, in German": (
        "Kundennummer;Datum;Betrag;Lieferstatus\n1;2026-01-05;10;Versendet\n2;2026-01-06;9;Offen\n", "19"),
    "who came back in part": (
        HEAD + "status\n1,2026-01-05,50,paid\n1,2026-01-20,20,partially_refunded\n2,2026-02-14,30,paid\n",
        "100",
    ),
    "a few that are pending": (
        HEAD + "status\n" + "1,2026-01-05,10,paid\n" * 40 + "2,2026-01-20,20,pending\n2,2026-02-01,5,paid\n",
        "405",
    ),
    "cents by name": (
        "customer_id,order_date,amount_cents\n1,2026-01-05,1344\n2,2026-01-20,4472\n1,2026-02-14,999\n",
        "68.15",
    ),
    "an A/B test is no test order": (
        HEAD + "ab_test\n1,2026-01-05,50,1\n1,2026-01-20,20,0\n2,2026-02-14,30,1\n", "100"),
    "a kind of product is no booking": (
        HEAD + "type\n1,2026-01-05,50,tent\n1,2026-01-20,20,return ticket\n2,2026-02-14,30,boat\n", "100"),
    "credits beside sales": (
        HEAD + "Transaction Type\n1,2026-01-05,50,sale\n1,2026-01-20,20,credit\n2,2026-02-14,30,sale\n",
        "60"),
    "totals of months": (
        "Customer,Date,Amount\nC1,2026-01-05,50\nC2,2026-01-06,10\nC3,2026-01-06,10\n"
        "Subtotal Jan 2026,2026-01-31,70\nC1,2026-02-05,30\nGrand total,2026-02-28,100\n", "100"),
    "returns by their quantity": (
        "order_id,customer_id,order_date,qty,amount\n1,1,2026-01-05,1,50\n2,1,2026-01-06,-1,20\n"
        "3,2,2026-02-05,2,30\n", "60"),
    "a document type in Italian": (
        "Codice cliente,Data,Importo,Tipo documento\n1,2026-01-05,50,Fattura\n"
        "1,2026-01-20,20,Nota di credito\n2,2026-02-14,30,Fattura\n", "60"),
    "a status in Korean": (
        HEAD + "상태\n1,2026-01-05,50,결제완료\n1,2026-01-20,20,취소\n2,2026-02-14,30,배송완료\n", "80"),
    "a status with the capital i of Turkish": (
        HEAD + "Durum\n1,2026-01-05,50,Teslim Edildi\n1,2026-01-20,20,İptal Edildi\n"
        "2,2026-02-14,30,Teslim Edildi\n", "80"),
    "a correction of an invoice": (
        HEAD + "Belegart\n1,2026-01-05,50,Rechnung\n1,2026-01-20,20,Rechnungskorrektur\n"
        "2,2026-02-14,30,Rechnung\n", "60"),
    "flags in Dutch": (
        "klantnummer,besteldatum,bedrag,geretourneerd\n1,2026-01-05,50,nee\n1,2026-01-20,20,ja\n"
        "2,2026-02-14,30,nee\n", "80"),
    "a plain word in a column of any name": (
        HEAD + "outcome\n1,2026-01-05,50,paid\n1,2026-01-20,20,cancelled\n2,2026-02-14,30,paid\n", "80"),
    "cancelled items are counted": (
        HEAD + "cancelled_items\n1,2026-01-05,50,0\n1,2026-01-20,20,1\n2,2026-02-14,30,0\n", "100"),
    "pending on its way": (
        HEAD + "Lineitem fulfillment status\n1,2026-01-05,50,pending\n2,2026-02-14,30,fulfilled\n", "80"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_rows_that_are_no_purchase_do_not_count(name, tmp_path):
    text, money = FILES[name]
    (tmp_path / "log.csv").write_text(text)
    section = guessed(tmp_path / "log.csv", tmp_path / "home")
    assert read(section)[0] == Decimal(money), section


def asked(tmp_path: Path, text: str, **said):
    (tmp_path / "log.csv").write_text(text)
    return LookedAt.at(str(tmp_path / "log.csv"), Reader()).propose(Given(**said))


MANY = (
    HEAD
    + "status\n"
    + "1,2026-01-05,10,paid\n" * 5
    + "2,2026-01-20,20,on-hold\n2,2026-02-01,5,void\n"
)


def test_many_rows_that_may_not_be_paid_are_asked_for(tmp_path):
    (question,) = asked(tmp_path, MANY).questions
    assert question.option == "--drop-status" and "on-hold in 1 row" in question.text
    dropped = asked(tmp_path, MANY, formats={"drop_status": ["on-hold"]})
    assert dropped.questions == [] and dropped.formats["drop_status"] == ["on-hold", "void"]
    none = asked(tmp_path, MANY, formats={"drop_status": ["none"]})
    assert none.questions == [] and none.formats["drop_status"] == ["void"]
    keep = asked(tmp_path, MANY, formats={"keep_status": ["paid"]})
    assert keep.questions == [] and keep.formats == {"keep_status": ["paid"]}
    assert keep.columns["status"] == "status"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,object,amount,created,currency,customer\nch_1,charge,1344,1767600000,usd,cus_A\n"
         "ch_2,charge,4472,1768600000,usd,cus_B\nch_3,charge,999,1769600000,usd,cus_A\n",
         ["cents", "amount / 100", "ch_1"]),
        ("order_id,customer_id,order_date,amount,type\n1,1,2026-01-05,50,sale\n1,1,2026-01-05,5,sale\n"
         "2,2,2026-01-20,20,refund\n", ["refund in 1 row", "went back", "-abs(amount)"]),
        (HEAD + "side\n1,2026-01-05,50,left\n2,2026-01-05,50,right\n", []),
        (HEAD + "type\n1,2026-01-05,50,credit\n2,2026-01-06,20,debit\n", ["credit and debit"]),
    ],
)  # fmt: skip
def test_what_money_means_is_asked_where_the_file_does_not_say(tmp_path, text, words):
    found = asked(tmp_path, text)
    assert [question.option for question in found.questions] == (["--amount"] if words else [])
    assert all(word in found.questions[0].text for word in words)
    said = asked(tmp_path, text, columns={"amount": "(amount)"})
    assert said.questions == [] and said.columns["amount"] == "(amount)"


WOO = "order_id,order_date,status,order_total,customer_id,billing_email\n"


def test_a_guest_with_an_account_is_one_person(tmp_path):
    rows = "1,2026-01-15,completed,50,7,Ann@x.com\n2,2026-02-15,completed,40,0,ann@x.com\n"
    found = asked(tmp_path, WOO + rows + "3,2026-03-15,completed,30,0,bob@x.com\n")
    assert found.columns["customer_id"] == "lower(billing_email)"
    assert "1 address of guests" in found.notes[0]
    moved = asked(tmp_path, WOO + rows + "3,2026-03-15,completed,30,7,new@x.com\n")
    assert moved.columns["customer_id"].startswith("coalesce(nullif(customer_id, '0')")
    assert any("customer_map" in note for note in moved.notes)


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("wc-cancelled", Says.NOTHING), ("Cancelled by customer", Says.NOTHING), ("Storniert", Says.NOTHING),
        ("Annulée", Says.NOTHING), ("payment_failed", Says.NOTHING), ("on-hold", Says.UNPAID),
        ("not paid", Says.UNPAID), ("Pending - Waiting for Pick Up", Says.UNPAID), ("Refund", Says.REFUND),
        ("Shipped - Returned to Seller", Says.GIVEN_BACK), ("Rückerstattung", Says.REFUND),
        ("fully refunded", Says.GIVEN_BACK), ("credit note", Says.REFUND), ("not failed", Says.UNKNOWN),
        ("partially refunded", Says.PURCHASE), ("authorization", Says.AUTHORIZED),
        ("authorized", Says.PURCHASE), ("wonderful", Says.UNKNOWN), ("Zrušeno", Says.NOTHING),
    ],
)  # fmt: skip
def test_what_words_say(word, meaning):
    assert says(word) is meaning
