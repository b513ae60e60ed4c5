"""Text that came from elsewhere, made harmless for where it goes: a terminal, Markdown, a CSV file.

Ids, names, decisions, reasons, cards and the answers of servers are data. What would act where they
are shown (colours and cursor moves, links, table borders, formulas) is turned into visible text.
"""

from __future__ import annotations

import re
import unicodedata

# Controls, direction marks and other invisible characters, halves of characters, line separators.
UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

# A spreadsheet takes a cell that begins with one of these for a formula; the apostrophe is among
# them, so that the escape can be undone.
FORMULA_START = "=+-@\t\r\n＝＋－＠'"


def terminal(text: str, lines: bool = False) -> str:
    r"""Show what a terminal would obey as visible text: an escape as `\x1b`, a line end as `\n`.

    Parameters
    ----------
    lines : bool
        Whether line ends stay, as in a report of several lines. What is put into such a text goes
        through here by itself before, so that it cannot forge a line.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c if unicodedata.category(c) not in UNSEEN or (lines and c == "\n") else _visible(c)
        for c in text
    )


def markdown(text: str) -> str:
    """Write a text so that Markdown shows it as it is, inside a line, a heading or a table's cell."""
    text = re.sub(r"&(?=#?\w+;)", "&amp;", terminal(text)).replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"[\\`*|\[\]~]", r"\\\g<0>", text)
    text = re.sub(r"(?<!\w)_|_(?!\w)", r"\\_", text)  # inside a word it stays as it is
    text = re.sub(r"(?i)(https?|ftp):(?=//)", r"\1:\\", text)  # an address is no link
    return re.sub(r"^(\s*)#", r"\1\\#", text)


def code(text: str) -> str:
    """Write a text as a code span of Markdown, which may stand in a table."""
    text = terminal(text).replace("|", "\\|")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    space = " " if "`" in text or not text.strip() else ""
    return f"{fence}{space}{text}{space}{fence}"


def csv_cell(text: str) -> str:
    """Write a text cell so that a spreadsheet takes it for text: an apostrophe before a formula.

    `csv_value` undoes it.
    """
    return f"'{text}" if text[:1] and text[0] in FORMULA_START else text


def csv_value(cell: str) -> str:
    """Return the text that `csv_cell` wrote: without its first character where that is an apostrophe."""
    return cell.removeprefix("'")


def _visible(character: str) -> str:
    if character in NAMED:
        return NAMED[character]
    number = ord(character)
    width, mark = (2, "x") if number < 0x100 else (4, "u") if number < 0x10000 else (8, "U")
    return f"\\{mark}{number:0{width}x}"
