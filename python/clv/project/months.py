"""Names of months in the languages of shops, as the English ones that formats of dates read."""

from __future__ import annotations

import calendar
import re

from clv.project.sql_text import bound

# Of each month, how its name begins in other languages; abbreviations stop there. None is of two months,
# but for Croatian's listopad, which is November in Polish and in Czech, as here.
_BEGIN = (
    "janv janu jän jan gen ene stycz leden ledna led tammi ianuarie ian oca янв січ ιαν",
    "févr févri fév fevr fev feb lut únor února úno helmi şub sub фев лют φεβ",
    "märz mär maart mrt mars marzo março mar márc březen března bře marzec mart maalis мар бер μαρ μάρ",
    "avril avr abril abr aprile april apr kwiec kwi duben dubna dub huhti ápr nis апр квіт απρ",
    "mai maj mag may mei květen května kvě touko máj мая май трав μαϊ μαι μαΐ μάι",
    "juin junio junho juni jun giu jún czerw cze červen června čvn kesä haz iun июн черв ιουν ιούν",
    "juillet juil julio julho juli jul lug júl lip červenec července čvc heinä tem iul июл лип ιουλ ιούλ",
    "août aoû aout agosto augustus august ago aug sierp sie srpen srpna srp elo ağu авг серп αυγ αύγ",
    "sep set szept wrz září zář syys eyl сент сен вер σεπ",
    "okt oct out ott paźdz paź pazdz říjen října říj loka eki окт жовт οκτ",
    "novembre noviembre novembro november nov listopad lis marras kas ноя лист νοε νοέ",
    "décembre déc dec diciembre dezembro dicembre dezember dez dic des grud gru prosinec prosince pro joulu "
    "ara дек груд δεκ",
)
_OF = r"(?<=\d)\.?\s+(de|do|del|di)\s+|\s+(de|do|del|di)\s+(?=\d)"
_PATTERNS = {
    month: "("
    + "|".join(sorted(_BEGIN[month - 1].split(), key=len, reverse=True))
    + r")[^\W\d_]*\.?"
    for month in (
        7,
        11,
        1,
        2,
        3,
        4,
        5,
        6,
        8,
        9,
        10,
        12,
    )  # červenec before červen, marras before mars
}


def has_month_name(form: str) -> bool:
    """Say whether a format reads a month by its name."""
    return "%b" in form or "%B" in form


def english(text: str, form: str) -> str:
    """Return a date with the month's name in English, whole or shortened as the format has it.

    Examples
    --------
    >>> english("13 luglio 2023", "%d %B %Y"), english("5 de março de 2024", "%d %b %Y")
    ('13 July 2023', '5 Mar 2024')
    """
    bare = re.sub(_OF, " ", re.sub(r"(?<=\d)(er|º|°)", "", text.lower()))
    for month, pattern in _PATTERNS.items():
        bare, found = re.subn(rf"(?<![^\W\d_]){pattern}", _name(month, form), bare, count=1)
        if found:
            break
    return bare


def english_sql(x: str, form: str) -> str:
    """Return SQL of the same, for a text."""
    cases = " ".join(
        f"when regexp_matches(s, '(^|[^\\pL]){_re2(pattern)}') "
        f"then regexp_replace(s, '(^|[^\\pL]){_re2(pattern)}', '\\1{_name(month, form)}')"
        for month, pattern in _PATTERNS.items()
    )
    bare = f"regexp_replace(lower({x}), '([0-9])(er|º|°)', '\\1')"
    bare = rf"regexp_replace({bare}, '([0-9])\.?\s+(de|do|del|di)\s+', '\1 ')"
    bare = rf"regexp_replace({bare}, '\s+(de|do|del|di)\s+([0-9])', ' \2')"
    return bound("s", bare, f"case {cases} end")


def _re2(pattern: str) -> str:
    return pattern.replace(r"[^\W\d_]*", r"\pL*").replace("(", "(?:", 1)


def _name(month: int, form: str) -> str:
    return calendar.month_name[month] if "%B" in form else calendar.month_abbr[month]
