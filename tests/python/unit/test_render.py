"""What came from elsewhere acts in no terminal, no Markdown and no spreadsheet."""

import datetime as dt
import json
import unicodedata

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv.core.render import code, csv_cell, csv_value, markdown, terminal
from clv.core.wording import json_text

ANYTHING = st.text(st.characters(exclude_categories=()))


@given(ANYTHING)
def test_a_terminal_gets_one_line_of_visible_characters(text):
    shown = terminal(text)
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    shown.encode("utf-8")
    assert terminal(shown) == shown
    assert terminal(text, lines=True).count("\n") == text.count("\n")


def test_escapes_are_shown_and_other_writing_stays():
    assert terminal("a\x1b[31mred\x9b\r\nb\tc") == "a\\x1b[31mred\\x9b\\r\\nb\\tc"
    assert terminal("id\u202egnp\u200b") == "id\\u202egnp\\u200b"
    assert (
        terminal("Überraschung, 顧客 ₹ 10\N{NO-BREAK SPACE}%")
        == "Überraschung, 顧客 ₹ 10\N{NO-BREAK SPACE}%"
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("clv_20201231_h9_p3", "clv_20201231_h9_p3"),
        ("Top 1 %", "Top 1 %"),
        ("R&D, 12.50", "R&D, 12.50"),
        ("a|b", "a\\|b"),
        ("<b>x</b>", "&lt;b&gt;x&lt;/b&gt;"),
        ("[x](https://h)", "\\[x\\](https:\\//h)"),
        ("s3://bucket/a_b.csv", "s3://bucket/a_b.csv"),
        ("# title", "\\# title"),
        ("a\n# b", "a\\\\n# b"),
        ("`code` *b* _i_ ~~s~~", "\\`code\\` \\*b\\* \\_i\\_ \\~\\~s\\~\\~"),
        ("&lt; &#60;", "&amp;lt; &amp;#60;"),
    ],
)
def test_markdown_shows_a_text_as_it_is(text, written):
    assert markdown(text) == written


def test_a_code_span_ends_where_it_should():
    assert code("m1") == "`m1`"
    assert code("a`b") == "`` a`b ``"
    assert code("a|b\nc") == "`a\\|b\\nc`"


@given(ANYTHING)
def test_a_cell_of_csv_is_no_formula_and_comes_back(text):
    cell = csv_cell(text)
    assert not cell.startswith(tuple("=+-@\t\r\n"))
    assert csv_value(cell) == text
    if text[:1].isalnum():
        assert cell == text


def test_json_holds_what_is_missing_as_null_and_dates_as_iso():
    data = {
        "day": dt.date(2021, 3, 5), "at": pd.Timestamp("2021-03-05 10:00"), "nan": float("nan"),
        "none": pd.NaT, "number": np.int64(3), "rows": ({"share": np.float64(0.5)},), "text": "é\x1b",
    }  # fmt: skip
    written = json_text(data)
    assert written.isascii() and "\x1b" not in written
    assert json.loads(written) == {
        "day": "2021-03-05", "at": "2021-03-05T10:00:00", "nan": None, "none": None, "number": 3,
        "rows": [{"share": 0.5}], "text": "é\x1b",
    }  # fmt: skip
