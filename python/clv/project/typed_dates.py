"""SQL that reads dates: four-digit years first, or the formats that are declared, and nothing else.

A text that only begins like a date (`10:00 PM` after it, `epoch`, a year of two digits) is none. An
offset in a text keeps its written local day, unless the shop's zone is given: then every moment that
is known (by an offset, an epoch or the column's type) is turned into the time of that zone.
"""

from __future__ import annotations

from clv.project.date_formats import AT_THE_END, EPOCHS, EXCEL
from clv.project.log_options import LogOptions
from clv.project.months import english_sql, has_month_name
from clv.project.sql_functions import NUMBER, kind_of
from clv.project.sql_text import bound, lazily, literal, tidied

_ISO = (
    r"([0-9]{4})([-/]?)([0-9]{1,2})([-/]?)([0-9]{1,2})"
    r"(?:(?:[Tt]| +)([0-9]{1,2}):?([0-9]{2})(?::?([0-9]{2}(?:[.,][0-9]{1,9})?))?"
    r"(?: ?(Z|z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?))?)?"
)
_ZONE = r"(?:Z|z|UTC|GMT|[A-Z]{2,5}|[A-Za-z_]+/[A-Za-z_/]+|[+-][0-9]{2}(?::?[0-9]{2})?)$"


def timestamp(
    x: str, sql_type: str, options: LogOptions, also_iso: bool = False, tried: str | None = None
) -> str:
    """Return SQL of type TIMESTAMP for an expression; null where no date can be read.

    Parameters
    ----------
    x : str
        SQL of the value as it is in the log.
    sql_type : str
        Its type.
    also_iso : bool
        Whether ISO 8601 is read beside the formats that are declared for ordered_at.
    tried : str, optional
        A column that holds `try_cast(x as timestamp)` already.
    """
    kind = sql_type.upper()
    if kind == "NULL":
        return "cast(null as timestamp)"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return within(f"timezone({literal(options.timezone or 'UTC')}, {x})")
    if kind == "DATE" or kind.startswith("TIMESTAMP"):
        return within(f"cast({x} as timestamp)")
    written = tidied(f"cast({x} as varchar)") if kind != "VARCHAR" else x
    declared = [_declared(written, form, options) for form in options.formats]
    if kind_of(kind) == NUMBER:
        written = f"regexp_replace({written}, '\\.0+$', '')"
    if not declared or also_iso:
        slow = bound("t", tidied(written), _iso("t", options))
        declared += [_plain(written, tried), _compact(written), lazily(written, slow)]
    return f"coalesce({', '.join(declared)})"


def within(stamp: str) -> str:
    """Return a time stamp, null where it is infinite or its year does not have four digits."""
    first, last = "timestamp '1000-01-01'", "timestamp '9999-12-31 23:59:59'"
    return bound("s", stamp, f"case when s between {first} and {last} then s end")


def _plain(x: str, tried: str | None) -> str:
    """Return the quick way of what most logs have: 2021-03-05, or 2021-03-05 10:00:00."""
    shape = f"length({x}) = 10 or (length({x}) = 19 and {x}[17] = ':')"
    return f"case when {shape} then {_quickly_within(tried or f'try_cast({x} as timestamp)')} end"


def _compact(x: str) -> str:
    stamp = f"try_strptime({x}, '%Y%m%d')"
    return f"case when length({x}) = 8 and {x} < ':' then {_quickly_within(stamp)} end"


def _quickly_within(stamp: str) -> str:
    """Return what `within` does, where reading twice is quicker than naming what was read."""
    first, end = "timestamp '1000-01-01'", "timestamp '10000-01-01'"
    return f"case when {stamp} >= {first} and {stamp} < {end} then {stamp} end"


def _iso(x: str, options: LogOptions) -> str:
    """Return ISO 8601 in its whole: with fractions, T, offsets."""
    names = ", ".join(f"'p{i}'" for i in range(1, 10))
    parts = f"regexp_extract({x}, {literal('^' + _ISO + '$')}, [{names}])"
    part = [f"m.p{i}" for i in range(10)]
    day = f"{part[1]} || '-' || {part[3]} || '-' || {part[5]}"
    time = (
        f"case when {part[6]} = '' then '' else ' ' || {part[6]} || ':' || {part[7]} || ':' || "
        f"coalesce(nullif(replace({part[8]}, ',', '.'), ''), '00') end"
    )
    joined = f"{part[2]} = {part[4]} and ({part[2]} <> '' or length({part[3]} || {part[5]}) = 4)"
    local = f"try_cast(case when {joined} then {day} || {time} end as timestamp)"
    return bound("m", parts, within(_in_zone(local, part[9], options)))


def _declared(x: str, form: str, options: LogOptions) -> str:
    if form in EPOCHS:
        seconds = f"try_cast({_number(x)} as double) / {EPOCHS[form]}"
        return within(_moment(_epoch(seconds), options))
    if form == EXCEL:
        days = f"try_cast(replace({_number(x, '.,')}, ',', '.') as double)"
        return within(
            f"case when {days} >= 1 and {days} < 2958466 then timestamp '1899-12-30' + "
            f"to_milliseconds(cast(round({days} * 86400) * 1000 as bigint)) end"
        )
    return lazily(x, bound("t", tidied(x), _by_format("t", form, options)))


def _by_format(text: str, form: str, options: LogOptions) -> str:
    if AT_THE_END.search(form):
        zone = f"regexp_extract({text}, {literal(_ZONE)})"
        rest = f"trim(left({text}, length({text}) - length({zone})))"
        local = f"case when {zone} <> '' then {_strptime(rest, AT_THE_END.sub('', form))} end"
        return within(_in_zone(local, zone, options, named=form.endswith("%Z")))
    if "%z" in form:
        zone = f"regexp_extract({text}, '[+-][0-9]{{2}}:?[0-9]{{2}}(?: |$)')"
        moment = f"timezone('UTC', {_strptime(text, form)})"
        local = f"{moment} + to_minutes({_minutes(f'trim({zone})')})"
        return within(_in_zone(local, f"trim({zone})", options))
    return within(_strptime(text, form))


def _strptime(x: str, form: str) -> str:
    """Return a text read by a format; the engine takes these words for dates whatever the format."""
    words = "('epoch', 'infinity', '-infinity')"
    read = f"try_strptime({x}, {literal(form)})"
    if has_month_name(form):
        read = f"coalesce({read}, try_strptime({english_sql(x, form)}, {literal(form)}))"
    return f"case when lower({x}) not in {words} then {read} end"


def _number(x: str, point: str = ".") -> str:
    return f"case when regexp_full_match(trim({x}), '[0-9]+([{point}][0-9]+)?') then trim({x}) end"


def _epoch(seconds: str) -> str:
    return (
        f"case when {seconds} < 253402300800 then timestamp '1970-01-01' + "
        f"to_milliseconds(cast(floor({seconds} * 1000) as bigint)) end"
    )


def _moment(stamp: str, options: LogOptions) -> str:
    """Return a time in UTC as that of the shop's zone, where one is given."""
    if options.timezone is None:
        return stamp
    return f"timezone({literal(options.timezone)}, timezone('UTC', {stamp}))"


def _in_zone(local: str, zone: str, options: LogOptions, named: bool = False) -> str:
    """Return a local time with its offset; of zones by name only those of UTC are moments."""
    if options.timezone is None:
        return local
    moved = _moment(f"({local}) - to_minutes({_minutes(zone)})", options)
    if named:
        return f"case when regexp_full_match({zone}, 'Z|z|UTC|GMT|[+-].*') then {moved} end"
    return f"case when {zone} = '' then {local} else {moved} end"


def _minutes(zone: str) -> str:
    """Return an offset such as +02:00 in minutes; Z, UTC and GMT are 0."""
    digits = f"replace({zone}, ':', '')"
    size = (
        f"coalesce(try_cast({digits}[2:3] as integer), 0) * 60 + "
        f"coalesce(try_cast(nullif({digits}[4:5], '') as integer), 0)"
    )
    return f"(case when {zone}[1] = '-' then -1 when {zone}[1] = '+' then 1 else 0 end * ({size}))"
