"""What a file does not say for certain is asked, or named: nothing that could change the money is silent."""

from __future__ import annotations

from pathlib import Path

import pytest

from clv.errors import ClvError
from clv.guess.found import Given, Proposal
from clv.guess.state_words import document, is_no_sale
from clv.operations.init import LookedAt
from clv.project.log_options import Reader

HEAD = "customer_id,order_date,amount,"


def propose(folder: Path, text: str | bytes, **said: dict[str, str]) -> Proposal:
    path = folder / "log.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return LookedAt.at(str(path), Reader()).propose(Given(**said))


def rows(*ends: str) -> str:
    """Return rows of three customers, a day each, with these ends."""
    return "".join(f"{n % 3},2026-01-{n + 1:02d},{n + 10}.50,{end}\n" for n, end in enumerate(ends))


# By name: the file, the option that is asked for, and words of the question.
ASKED = {
    "a status of which one word is not known": (
        HEAD + "status\n" + rows("paid", "paid", "wibbled"), "--drop-status", ["wibbled in 1 row"]),
    "a status of which no word is known": (
        HEAD + "Status\n" + rows("ab", "ab", "cd"), "--drop-status", ["ab in 2 rows", "cd in 1 row"]),
    "codes of a purchase's state": (
        HEAD + "purchaseState\n" + rows("0", "0", "1"), "--drop-status", ["0 in 2 rows"]),
    "codes of a status": (HEAD + "status\n" + rows("2", "2", "-1"), "--drop-status", ["-1 in 1 row"]),
    "codes of a type": (HEAD + "Type\n" + rows("SI", "SI", "SC"), "--drop-status", ["SC in 1 row"]),
    "orders and their lines": (
        HEAD + "Typ\n" + rows("order", "lineItem", "lineItem"), "--drop-status", ["lineItem", "order"]),
    "letters of a transaction's type": (
        HEAD + "TRANS_TYP\n" + rows("S", "S", "R"), "--drop-status", ["R in 1 row"]),
    "a stage of a deal": (
        HEAD + "Deal Stage\n" + rows("Closed won", "Closed won", "Demo"), "--drop-status", ["Demo"]),
    "orders and their invoices": (
        HEAD + "Type\n" + rows("Sales Order", "Invoice", "Credit Memo"), "--drop-status",
        ["Sales Order", "Invoice"]),
    "a fee beside sales and returns": (
        HEAD + "type\n" + rows("SALE", "FEE", "RETURN"), "--drop-status", ["FEE"]),
    "a wallet": (HEAD + "Kind\n" + rows("Purchase", "Top-up", "Purchase"), "--drop-status", ["Top-up"]),
    "the row that a row undoes": (
        HEAD + "Storno zu Buchung\n" + rows("", "", "2", "", "1"), "--drop-status", ["filled in 2 rows"]),
    "money that went back, beside": (
        HEAD + "Importe devuelto\n" + rows("0.00", "0.00", "5.25"), "--amount",
        ["Importe devuelto has 5.25", "- coalesce"]),
    "money that went back, below zero": (
        HEAD + "returns\n" + rows("0.00", "0.00", "-5.25"), "--amount", ["+ coalesce(returns, 0)"]),
    "a total of an order whose number has a name that is not known": (
        "No. Pesanan,customer_id,order_date,amount\n"
        + "".join(f"X{n // 2}A,{n % 7},2026-01-05,{20 + n // 2}.50\n" for n in range(60)), "--amount",
        ["count repeatedly", "--line-id"]),
    "pieces that came back": (
        "customer_id,order_date,Aantal,Stuksprijs,Aantal geretourneerd\n1,2026-01-05,2,5.50,0\n"
        "2,2026-01-06,3,6.25,1\n3,2026-01-07,1,4.10,0\n", "--amount",
        ['(Aantal - coalesce("Aantal geretourneerd", 0)) * Stuksprijs']),
    "whole numbers with ends of all sorts": (
        "customer_id,order_date,amount\n"
        + "".join(f"{n % 3},2026-01-05,{1003 + 37 * n}\n" for n in range(90)), "--amount",
        ["cents", "amount / 100"]),
    "versions of a line": (
        "order_no,line_no,customer_id,order_date,amount,modified_at\n1,1,7,2026-01-05,5,2026-01-05\n"
        "1,1,7,2026-01-05,6,2026-01-09\n2,1,8,2026-01-07,9,2026-01-07\n", "--line-id", ["concat_ws"]),
    "currencies in a column of another name": (
        HEAD + "ccy\n" + rows("EUR", "EUR", "JPY"), "--exchange-rates", ["EUR, JPY"]),
    "guests by order": (
        "customer_id,email,order_date,amount\nguest_1001,a@x.com,2026-01-05,5\n7,b@x.com,2026-01-06,6\n"
        "guest_1002,a@x.com,2026-02-05,5\n", "--customer-id", ["guest_1001", "lower(email)"]),
    "a flag of cancellation with a third letter": (
        HEAD + "CANCELED\n" + rows("N", "N", "Y", "N", "C"), "--drop-status", ["N in 3 rows", "C in 1 row"]),
    "a flag of refunds with a third word": (
        HEAD + "Refunded\n" + rows("No", "Yes", "Partial", "No"), "--drop-status", ["Yes in 1 row"]),
    "money that went back, in Dutch": (
        HEAD + "Teruggestort bedrag\n" + rows("0.00", "5.25", ""), "--amount", ["went back", "- coalesce"]),
    "money that went back in part": (
        HEAD + "Fully Refunded?,Partial Refund ($)\n" + rows("0,", "1,", "0,2.25"), "--amount",
        ["Partial Refund ($) has 2.25"]),
    "an order's refund on each of its lines": (
        "order_id,customer_id,order_date,qty,price,Refunded amount\n"
        + "".join(f"{n // 2},{n % 7},2026-01-05,2,{3 + n % 5}.50,{'4.25' if n % 8 < 2 else ''}\n"
                  for n in range(60)), "--amount", ["the same on every line of an order", "--line-id"]),
    "a discount in per cent": (
        "customer_id,order_date,qty,unit price,Discount\n1,2026-01-05,2,5.50,0%\n2,2026-01-06,1,6.50,10%\n",
        "--amount", ["Discount has 0%, 10%"]),
    "an order's total in dong, though no name says order": (
        "Khách,ngày đặt hàng,Bill,Tổng tiền (VND)\n"
        + "".join(f"{n % 7},2026-01-05,HD{n // 2},{150000 + 1100 * (n // 2)}\n" for n in range(60)),
        "--amount", ["says the same on every line of an order"]),
    "versions of an order": (
        "order_id,customer_id,order_date,amount,updated_at\n1,7,2026-01-05,5,2026-01-05\n"
        "1,7,2026-01-05,5,2026-01-09\n2,8,2026-01-07,9,2026-01-07\n", "--line-id", ['--line-id "order_id"']),
    "a table's changes": (
        "__op,__ts,order_id,customer_id,created_at,total\nc,2026-01-05T10:00:00Z,1,7,2026-01-05,5.50\n"
        "u,2026-01-06T10:00:00Z,1,7,2026-01-05,6.50\nd,2026-01-07T10:00:00Z,2,8,2026-01-06,7.50\n",
        "--line-id", ["--line-id order_id --updated-at __ts --status __op --drop-status d"]),
    "two sides of a ledger": (
        HEAD + "Movement\n" + rows("OUT", "OUT", "IN"), "--amount", ["in and out"]),
}  # fmt: skip


@pytest.mark.parametrize("name", ASKED)
def test_what_may_be_no_purchase_is_asked_for(name, tmp_path):
    text, option, words = ASKED[name]
    found = propose(tmp_path, text)
    asked = {question.option: question.text for question in found.questions}
    assert option in asked, found
    assert all(word in asked[option] for word in words), asked


def test_an_amount_that_is_a_column_leaves_the_signs_to_be_found_and_an_expression_does_not(
    tmp_path,
):
    text = HEAD + "tax,Belegart\n" + rows("1.00,Rechnung", "1.00,Gutschrift", "2.00,Rechnung")
    column = propose(tmp_path, text, columns={"amount": "amount"})
    assert column.columns["amount"].startswith("case when lower(trim(Belegart)) = 'gutschrift'")
    whole = propose(tmp_path, text, columns={"amount": "amount + 0"})
    assert whole.columns["amount"] == "amount + 0"


def test_what_is_not_used_is_named(tmp_path):
    text = (
        HEAD
        + "Tax,Close Date,Channel,VD\n"
        + rows("1.10,2026-02-01,web,", "2.20,2026-02-02,shop,Y", "3.30,2026-02-03,web,")
    )
    note = propose(tmp_path, text).notes[-1]
    rows_divided = "what divides the rows: Channel (web, shop), VD (Y, or nothing)"
    assert note == f"not used: money in Tax; dates in Close Date; {rows_divided}"


def test_ids_that_a_spreadsheet_shortened_are_told_even_where_a_person_named_them(tmp_path):
    text = "msisdn,day,amount\n3.46001E+10,2026-01-05,5\n3.46002E+10,2026-01-06,6\n"
    found = propose(tmp_path, text, columns={"customer_id": "msisdn"})
    assert "a spreadsheet shortened its ids" in found.notes[0]


def test_letters_of_central_europe_are_never_taken_for_western_ones(tmp_path):
    text = "customer_id,order_date,amount,Status\n1,2026-01-05,5,Opłacone\n2,2026-01-06,6,Wysłane\n"
    with pytest.raises(ClvError, match="Opłacone in iso-8859-2"):
        propose(tmp_path, text.encode("iso-8859-2"))
    western = propose(tmp_path, text.replace("ł", "é").encode("windows-1252"))
    assert western.columns["amount"] == "amount"


def test_lines_before_the_header_are_skipped_where_the_rows_are_narrower(tmp_path):
    text = "EXTF;700;21;Stapel;12\ncustomer_id;order_date;amount\n1;2026-01-05;5\n2;2026-01-06;6\n"
    path = tmp_path / "log.csv"
    path.write_text(text)
    assert LookedAt.at(str(path), Reader()).files.reader["skip_rows"] == 1


def test_rows_that_cannot_be_read_are_one_message(tmp_path):
    text = "a|customer_id|order_date|ü\n----\n1|2|2026-01-05|5\n----\n2|3|2026-01-06|6\n"
    path = tmp_path / "log.txt"
    path.write_bytes(text.encode("windows-1252"))
    with pytest.raises(ClvError, match="--skip-rows"):
        LookedAt.at(str(path), Reader())


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("Sales Order", "an order"),
        ("Factura", "an invoice"),
        ("Zahlung", None),
        ("Sale Line", "a line"),
    ],
)
def test_documents_of_a_sale(kind, expected):
    assert document(kind) == expected


@pytest.mark.parametrize("word", ["Storniert", "Zrušeno", "Ακυρωμένη", "已取消", "avoir"])
def test_words_that_are_no_sale(word):
    assert is_no_sale(word)


def test_an_answer_about_some_states_leaves_the_others_as_they_were(tmp_path):
    text = HEAD + "status\n" + rows("paid", *["paid"] * 25, "wibbled", "no show")
    for answer, dropped in (("none", ["no show"]), ("wibbled", ["no show", "wibbled"])):
        found = propose(tmp_path, text, formats={"drop_status": [answer]})
        assert not found.questions and found.formats["drop_status"] == dropped
    asked = propose(tmp_path, text).questions[0].text
    assert "no show left out in any case" in asked


def test_a_state_of_money_that_went_back_is_left_out_where_a_person_says_so(tmp_path):
    text = HEAD + "status\n" + rows("paid", "paid", "İade Edildi")
    (question,) = propose(tmp_path, text).questions
    assert "--drop-status 'İade Edildi'" in question.text
    found = propose(tmp_path, text, formats={"drop_status": ["İade Edildi"]})
    assert not found.questions and found.columns["amount"] == "amount"


def test_events_without_money_beside_purchases_are_left_out(tmp_path):
    text = "customer_id,order_date,amount,event_name\n"
    for n in range(6):
        text += f"{n % 2},2026-01-0{n + 1},,start\n{n % 2},2026-01-0{n + 1},5.5{n},purchase\n"
    found = propose(tmp_path, text)
    assert found.formats["drop_status"] == ["start"] and not found.questions


def test_lines_that_a_join_doubled_count_once(tmp_path):
    text = (
        "order_id,order_line_id,customer_id,order_date,amount,city\n1,11,7,2026-01-05,5.5,Berlin\n"
    )
    found = propose(tmp_path, text + "1,11,7,2026-01-05,5.5,Bonn\n2,21,8,2026-01-06,6,Bonn\n")
    assert (
        found.columns["line_id"] == "order_line_id"
        and "1 row has a order_line_id" in found.notes[0]
    )


def test_a_table_with_a_column_a_month_is_told_how_to_be_turned(tmp_path):
    months = [f"2026-{month:02d}" for month in range(1, 13)]
    text = f"customer,{','.join(months)}\n7,{','.join('5.50' for _ in months)}\n"
    with pytest.raises(ClvError, match=r"a column for each period \(2026-01, 2026-02.*unpivot"):
        propose(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Wartość netto", "windows-1250"),
        ("Vyřízena,Částka", "windows-1250"),
        ("Számla,Vevő,Összeg", "windows-1250"),
        ("Müşteri,Değer", "windows-1254"),
    ],
)
def test_a_header_of_no_western_language_is_asked_for(text, encoding, tmp_path):
    with pytest.raises(ClvError, match="its encoding cannot be told: the same word is"):
        propose(
            tmp_path,
            f"customer_id,order_date,amount,{text}\n1,2026-01-05,5,a,b,c\n".encode(encoding),
        )


@pytest.mark.parametrize(
    "text",
    ["Größe,Straße", "Prénom,cœur,Œuvre", "Año,Descripción", "Ações,São", "Città,Perché", "Købsdato,Beløb",
     "Värde,År", "België,één", "N° de commande", "Nº factura,Teléfono"],
)  # fmt: skip
def test_a_header_of_a_western_language_is_read(text, tmp_path):
    row = f"1,2026-01-05,5,{text}\n"
    found = propose(tmp_path, f"customer_id,order_date,amount,{text}\n{row}".encode("windows-1252"))
    assert found.columns["amount"] == "amount"


@pytest.mark.parametrize(
    ("column", "values", "dropped"),
    [
        ("dbt_valid_to", ("", "2026-01-04", ""), "superseded"),
        ("IS_CURRENT", ("Y", "N", "Y"), "superseded"),
        ("IsSample", ("N", "Y", "N"), "test"),
        ("TRAINING_FLG", ("0", "1", "0"), "test"),
    ],
)
def test_versions_that_are_superseded_and_samples_are_left_out(column, values, dropped, tmp_path):
    found = propose(tmp_path, HEAD + column + "\n" + rows(*values))
    assert found.formats["drop_status"] == [dropped] and not found.questions
