"""The encoding of a text file that is not UTF-8, or the question which it is."""

from __future__ import annotations

import re
import string
from dataclasses import replace

from clv.errors import ClvError
from clv.project.csv_head import CsvHead, csv_head, first_bytes
from clv.project.log_options import Reader

# Tried one after the other on text that is not UTF-8; the last two read any bytes.
ENCODINGS = ("utf-16-le", "utf-16-be", "windows-1252", "iso-8859-1")
_WESTERN = ("windows-1252", "iso-8859-1")
# Of the same bytes, what letters of Central Europe and of Turkish are in them.
_OTHERS = ("windows-1250", "iso-8859-2", "windows-1254", "windows-1251", "shift-jis")
_FAR = (
    "windows-1250",
    "windows-1254",
    "windows-1251",
    "windows-1253",
    "shift-jis",
    "gb18030",
    "euc-kr",
    "big5",
)
_ESTONIAN = "äöüõšž"
# The letters beyond a to z of languages that these encodings are of; no word has letters of two.
_ALPHABETS = tuple(map(frozenset, (
    "àâçéèêëîïôœùûüÿæ", "äöüßéàè", "áéíñóúüç", "áâãàçéêíóôõúü", "àèéìíîòóùú", "àçèéíïòóúü·", "æøåéèóòâêôäöü",
    "åäöéüà", "ëïéèöüáóêúí", "áðéíóúýþæö", "áéíóúàèìòù", _ESTONIAN, "âêîôûŵŷäëïöü",
)))  # fmt: skip
_NO_PORTUGUESE = re.compile("õ(?!e)")  # Hungarian's ő as a Western letter
_NO_FRENCH = re.compile(r"œ(?![uiltse])")  # cœur, œil, fœtus
_WORD = re.compile(r"[^\W\d_]+")
_NO_WORD = re.compile(r"\w*[^\W\d_][¶³±¿¹¼½¾£¥¦¨¬¯][^\W\d_]\w*|\w*[þýðÞÝÐ]\w*")


def in_some_encoding(path: str, said: Reader) -> tuple[Reader, CsvHead]:
    """Return how a file is read, and its head, in the encoding that was said or fits its bytes.

    Raises
    ------
    ClvError
        Where none fits, or what fits makes words that no language has.
    """
    try:
        return said, csv_head(path, said)
    except ClvError as error:
        if said.encoding or ("encoding" not in str(error) and "UTF" not in str(error)):
            raise
        for encoding in ENCODINGS:
            reader = replace(said, encoding=encoding)
            try:
                head = csv_head(path, reader)
            except ClvError:
                continue
            letters = "".join(head.names)
            plain = sum(letter in string.printable for letter in letters)
            if plain >= 0.8 * len(letters) and letters.isprintable():
                if encoding in _WESTERN:
                    _check_words(path, encoding)
                return reader, head
        raise _none_fits(path, error) from error


def _none_fits(path: str, error: ClvError) -> ClvError:
    """Return the refusal of a file, with its first line as other encodings read it."""
    line = first_bytes(path)[0].split(b"\n")[0]
    ways = {encoding: line.decode(encoding, "replace").strip() for encoding in _FAR}
    shown = [f"{encoding}: {text[:60]}" for encoding, text in ways.items() if "\ufffd" not in text]
    if not shown or line.isascii():
        return error
    first = shown[0].split(":")[0]
    return ClvError(
        f"the transaction log {path} is no UTF-8. Its first line is, in {'; '.join(shown)}. Say which makes "
        f"words: `clv init` with --encoding; in the config or --vars, reader: {{encoding: {first}}}."
    )


def _check_words(path: str, encoding: str) -> None:
    """Refuse an encoding that makes words which no language has."""
    found = _no_word(first_bytes(path)[0].decode(encoding, "replace"))
    if found is None:
        return
    word = found.encode(encoding, "replace")
    ways = {other: word.decode(other, "replace") for other in _OTHERS}
    shown = ", ".join(f"{text} in {other}" for other, text in ways.items() if "\ufffd" not in text)
    raise ClvError(
        f"the transaction log {path} is no UTF-8, and its encoding cannot be told: the same word is "
        f"{found} in {encoding}, {shown}. Say which: `clv init` with --encoding; in the config or "
        "--vars, reader: {encoding: windows-1250}."
    )


def _no_word(text: str) -> str | None:
    """Return a word with a sign between letters, or with letters of different languages; None where all fit.

    The names of columns are of one language together; of values, a single one may be of two.
    """
    found = _NO_WORD.search(text)
    if found is not None:
        return str(found.group())
    header, *_ = text.splitlines()
    named: set[str] = {word for word in _WORD.findall(header) if not word.isascii()}
    if named and not _is_of_one_language(" ".join(named)):
        strange = sorted(word for word in named if not _is_of_one_language(word))
        return (strange or sorted(named, key=_is_the_same_elsewhere))[0]
    words = {word for word in _WORD.findall(text) if not word.isascii()}
    strange = sorted(word for word in words if not _is_of_one_language(word))
    return str(strange[0]) if len(strange) >= 2 and len(strange) > 0.1 * len(words) else None


def _is_of_one_language(words: str) -> bool:
    letters = {letter for letter in words.lower() if not letter.isascii()} - {"º", "ª", "°"}
    known = any(letters <= alphabet for alphabet in _ALPHABETS)
    foreign = _NO_PORTUGUESE.search(words.lower()) is not None and not letters <= set(_ESTONIAN)
    return known and not foreign and _NO_FRENCH.search(words.lower()) is None


def _is_the_same_elsewhere(word: str) -> bool:
    """Say whether a Western word is the same one in the encoding of Central Europe."""
    return word.encode("windows-1252", "replace").decode("windows-1250", "replace") == word
