"""What the engine says of the log becomes one message with the log, the cause and the fix."""

import pytest

from clv.project.dbt_errors import unreadable_log
from clv.project.transaction_log import TransactionLog

HEADER = "Runtime Error in model stg_clv__classified_transactions (models/staging/x.sql)\n  "
FOOTER = "Invalid Input Error: Footer length error in file '/log.parquet'"
MAGIC = "Invalid Input Error: No magic bytes found at end of file '/log.parquet'"
SYNTAX = 'Parser Error: syntax error at or near "as"\n  \n  LINE 4:  amount + as x\n            ^'


LOG = TransactionLog("/log.parquet")


@pytest.mark.parametrize(
    ("reported", "cause", "fix"),
    [
        (FOOTER, FOOTER, "Check the file"),
        (MAGIC, MAGIC, "Check the file"),
        (SYNTAX, 'Parser Error: syntax error at or near "as"', "Check the vars columns.*"),
        ('Binder Error: column "Qty" not found', 'column "Qty" not found', "vars columns.*"),
    ],
)
def test_the_log_the_cause_and_the_fix_are_one_line(reported, cause, fix):
    message = unreadable_log(HEADER + reported, LOG)
    assert message.startswith("the transaction log '/log.parquet' could not be read")
    assert cause in message and fix in message
    assert "\n" not in message and "LINE" not in message and "Runtime Error" not in message


def test_our_own_message_stays_as_it_is():
    own = (
        "Compilation Error in model x\n  clv: no file matches CLV_TRANSACTIONS='a.csv'.\n  \n  > in"
    )
    assert unreadable_log(own, LOG) == "no file matches CLV_TRANSACTIONS='a.csv'."


def test_a_fault_of_the_machine_is_no_fault_of_the_log():
    message = unreadable_log(HEADER + "Out of Memory Error: could not allocate 3 GB", LOG)
    assert "could not allocate" in message and "Check the file" not in message


def test_the_log_is_named_by_the_var_or_as_the_default(monkeypatch):
    monkeypatch.setenv("CLV_TRANSACTIONS", "")
    other = TransactionLog.named("/other.csv")
    assert "'/other.csv'" in unreadable_log(HEADER + FOOTER, other)
    default = TransactionLog.named()
    assert unreadable_log(HEADER + SYNTAX, default).startswith(
        "the transaction log could not be read"
    )


def test_a_secret_in_the_address_or_in_the_engine_s_words_is_not_repeated():
    address = "https://me:secret@host/a.parquet?sig=abc"
    message = unreadable_log(HEADER + f"HTTP Error: cannot open {address}", TransactionLog(address))
    assert "https://***@host/a.parquet?sig=***" in message
    assert "secret" not in message and "abc" not in message


def test_of_a_row_of_csv_the_fault_is_said_and_the_row_is_not():
    row = (
        "Invalid Input Error: CSV Error on Line: 3\n  Original Line: 1,2020-01-01,5\n"
        "  Invalid unicode (byte sequence mismatch) detected. This file is not utf-8 encoded.\n"
        "  \n  Possible Solution: Enable ignore errors (ignore_errors=true)"
    )
    message = unreadable_log(HEADER + row, LOG)
    assert "CSV Error on Line: 3: Invalid unicode" in message and "the vars reader" in message
    assert "2020-01-01" not in message and "ignore_errors" not in message


def test_a_fault_that_the_engine_does_not_name_an_error_is_the_cause_all_the_same():
    message = unreadable_log(HEADER + "TProtocolException: Invalid data", LOG)
    assert "could not be read: TProtocolException: Invalid data. Check the file" in message
