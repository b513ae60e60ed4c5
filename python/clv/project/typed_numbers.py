"""SQL that reads numbers from text: signs, brackets, currency, thousands and decimals as said.

Which sign stands before the decimals is declared, or recognised on the whole column by
`number_formats`; a value that does not fit is null. A currency sign, accounting brackets `(12.50)` and
a minus behind the number mean the same in every column.
"""

from __future__ import annotations

from dataclasses import dataclass

from clv.project.sql_text import bound, lazily, literal, tidied

MONEY = "decimal(18, 4)"
# The currencies of most trade; three other letters may be a unit of weight.
_CODES = (
    "EUR|USD|GBP|CHF|JPY|CNY|RMB|AUD|CAD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|TRY|RUB|UAH|INR|BRL|MXN|"
    "RSD|MAD|NGN|PKR|ARS|CLP|COP|PEN|ZAR|ILS|AED|SAR|QAR|KWD|BHD|OMR|EGP|KRW|HKD|SGD|TWD|THB|MYR|IDR|PHP|VND|ISK"
)
_WORDS = (
    r"kr\.?|zł|Kč|Ft|lei|Rs\.?|Fr\.|TL|руб\.?|грн\.?|лв\.?|円|元|원|Rp\.?|RM|S/\.?|Bs\.?|kn|[Dd]in\.?|дин\.?|"
    r"[Ee]uros?|F?CFA|KSh|Ksh|Dhs\.?|VNĐ|đ|тг\.?|บาท|"
    r"ر\.س\.?|د\.إ\.?|ر\.ق\.?|د\.ك\.?|د\.ب\.?|ر\.ع\.?|ج\.م\.?|د\.م\.?|د\.ج\.?|د\.ت\.?|ل\.ل\.?|د\.أ\.?"
)
SYMBOLS = "$¢£¤¥֏؋฿₡₣₤₦₩₪₫€₭₮₱₲₴₵₸₹₺₼₽₾₿"
CURRENCY = rf"(?:[A-Z]{{0,3}}[{SYMBOLS}]|{_CODES}|{_WORDS})"
SPACES = "\u0020\u00a0\u2009\u202f"
MINUS = r"\-−–"


@dataclass(frozen=True)
class NumberFormat:
    """How numbers are written in a column.

    Parameters
    ----------
    decimal : str
        The sign before the decimals.
    thousands : str
        The signs that may stand between groups of digits; empty for none.
    """

    decimal: str = "."
    thousands: str = "," + SPACES + "'’"

    @property
    def is_plain(self) -> bool:
        """Whether SQL's own way of writing is the format."""
        return self.decimal == "."

    @property
    def digits(self) -> str:
        """The pattern of a number without anything around it."""
        # `12,-` is twelve without cents; the minus of a negative number stands behind digits.
        decimals = rf"(?:\{self.decimal}(?:[{MINUS}]{{1,2}}|[0-9]*))?"
        plain = rf"[0-9]+{decimals}|\{self.decimal}[0-9]+"
        if not self.thousands:
            return plain
        sign = f"[{self.thousands}]"
        thousands = f"[0-9]{{1,3}}(?:{sign}[0-9]{{3}})+{decimals}"
        lakhs = f"[0-9]{{1,2}}(?:{sign}[0-9]{{2}})+{sign}[0-9]{{3}}{decimals}"
        return f"{thousands}|{lakhs}|{plain}"

    @property
    def pattern(self) -> str:
        """The pattern of a value: 1 opening bracket, 2 and 4 what stands around, 3 the number."""
        gap, sign = f"[{SPACES}]*", f"[+{MINUS}]?"
        money = f"(?:{CURRENCY})?"
        return (
            rf"^(\()?({sign}{gap}{money}{gap}{sign}){gap}({self.digits})"
            rf"({gap}{sign}{gap}{money}{gap}{sign})(\))?$"
        )


def money(x: str, form: NumberFormat) -> str:
    """Return SQL of DECIMAL(18, 4) for a text, exact; null where it is no number."""
    return _number(x, form, MONEY)


def double(x: str, form: NumberFormat) -> str:
    """Return SQL of DOUBLE for a text; null where it is no number."""
    return _number(x, form, "double")


def money_of_number(x: str, sql_type: str) -> str:
    """Return SQL of DECIMAL(18, 4) for a number, rounded here and nowhere before.

    A DOUBLE is first rounded to 8 decimals, since 1.5 * 0.6667 is a little less than 1.00005 in it.
    """
    if sql_type.upper() in ("DOUBLE", "FLOAT"):
        x = f"round({x}, 8)"
    return f"try_cast({x} as {MONEY})"


def _number(x: str, form: NumberFormat, sql_type: str) -> str:
    if form.is_plain:
        quick = f"case when not contains({x}, '_') then try_cast({x} as {sql_type}) end"
    else:
        whole = f"regexp_full_match({x}, '-?[0-9]+(,[0-9]*)?')"
        quick = f"case when {whole} then try_cast(replace({x}, ',', '.') as {sql_type}) end"
    return f"coalesce({quick}, {lazily(x, _decorated(x, form, sql_type))})"


def _decorated(x: str, form: NumberFormat, sql_type: str) -> str:
    """Return SQL of the slow way: everything that may stand around and within a number."""
    names = ", ".join(f"'p{i}'" for i in range(1, 6))
    parts = f"regexp_extract({tidied(x)}, {literal(form.pattern)}, [{names}])"
    digits = "m.p3"
    if form.thousands:
        digits = f"regexp_replace({digits}, {literal(f'[{form.thousands}]')}, '', 'g')"
    digits = (
        f"replace(regexp_replace({digits}, '[{MINUS}]', '', 'g'), {literal(form.decimal)}, '.')"
    )
    signs = f"regexp_replace(m.p2 || m.p4, '[^{MINUS}]', '', 'g')"
    negative = f"length({signs}) + length(m.p1)"
    return bound(
        "m",
        parts,
        f"case when m.p3 <> '' and {negative} <= 1 and length(m.p1) = length(m.p5) "
        f"then try_cast(case {negative} when 1 then '-' else '' end || {digits} as {sql_type}) end",
    )
