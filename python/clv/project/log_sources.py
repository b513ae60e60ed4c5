"""The files of a log as SQL: every column of text formats as text, in the order of the files.

So leading zeros survive, and one bad cell is one rejected row, not a failed run.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from clv.errors import ClvError
from clv.project.arrow_files import CsvStream, excel_table
from clv.project.csv_head import CsvHead, csv_head
from clv.project.json_keys import first_keys, objects, part
from clv.project.log_files import LogFiles
from clv.project.log_options import Reader
from clv.project.sql_text import literal, quoted
from clv.project.transaction_log import CSV, EXCEL, JSON, PARQUET

# Files up to this size together are looked at as a whole; of larger ones some rows of some files.
WHOLE_BYTES = {CSV: 1 << 25, JSON: 1 << 25, PARQUET: 1 << 23, EXCEL: 1 << 30}
LOOKED_AT_FILES = 24


@dataclass(frozen=True)
class Source:
    """The rows of a log.

    Parameters
    ----------
    parts : tuple of str
        Queries whose rows, one after the other, are those of the log.
    arrow : dict
        What stands behind names in the queries that the engine does not read itself.
    repeated : tuple of str
        Names that a header has more than once.
    notes : tuple of str
        What a person is told.
    columns : mapping
        By file, the columns that it has, its folders' among them; of JSON those of its first rows.
    """

    parts: tuple[str, ...]
    arrow: dict[str, Any] = field(default_factory=dict)
    repeated: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def sql(self) -> str:
        """All rows, as something that stands behind `from`."""
        return f"({' union all by name '.join(self.parts)})"

    def first(self, rows: int) -> str:
        """Return the first rows of each part, of so many in all."""
        each = max(1, rows // len(self.parts))
        limited = (f"(select * from ({part}) limit {each})" for part in self.parts)
        return f"({' union all by name '.join(limited)})"


def source(files: LogFiles, reader: Reader) -> Source:
    """Return the rows of the log's files.

    Raises
    ------
    ClvError
        Where a file is not what its name says, or something that reads it is missing.
    """
    makers: dict[str, Callable[[LogFiles, Reader], Source]] = {
        CSV: _csv, PARQUET: _parquet, JSON: _json, EXCEL: _excel,
    }  # fmt: skip
    if reader.sheet is not None and files.form != EXCEL:
        raise ClvError(
            f"the transaction log {files.paths[0]} has no sheets, and reader.sheet names '{reader.sheet}': "
            "only a workbook (.xlsx) has them. Leave it out."
        )
    made = makers[files.form](files, reader)
    if not reader.footer_rows:
        return made
    each = source_per_file(files, replace(reader, footer_rows=0))
    parts = [_without_last(part, reader.footer_rows) for part in each.parts]
    return replace(each, parts=tuple(parts))


def source_per_file(files: LogFiles, reader: Reader) -> Source:
    """Return the rows of the log's files, every file a part of its own."""
    several = [source(LogFiles(files.form, (path,)), reader) for path in files.paths]
    parts: list[str] = []
    arrow: dict[str, Any] = {}
    for number, single in enumerate(several):
        renamed = {name: f"{name}_{number}" for name in single.arrow}
        for one in single.parts:
            for name, new in renamed.items():
                one = one.replace(quoted(name), quoted(new))
            parts.append(one)
        arrow |= {renamed[name]: value for name, value in single.arrow.items()}
    repeated = tuple(sorted({name for s in several for name in s.repeated}))
    columns = {path: names for s in several for path, names in s.columns.items()}
    notes = tuple(note for s in several for note in s.notes)
    return Source(tuple(parts), arrow, repeated, notes, columns)


def looked_at(files: LogFiles, whole: Source, reader: Reader) -> Source:
    """Return what is looked at to learn how the log is written: all of it, or rows of some files."""
    if files.bytes <= WHOLE_BYTES[files.form] or len(files.paths) == 1:
        return whole
    step = max(1, -(-len(files.paths) // LOOKED_AT_FILES))
    chosen = {*files.paths[::step], files.paths[-1]}
    return source_per_file(LogFiles(files.form, tuple(sorted(chosen))), reader)


def remote(location: str, form: str, reader: Reader) -> str:
    """Return an address as a table function; the engine recognises what is not declared.

    Parameters
    ----------
    location : str
        SQL of the address.
    """
    if form == PARQUET:
        return f"read_parquet({location}, union_by_name = true)"
    if form != CSV:
        raise ClvError(
            "at an address only CSV and Parquet files are read. Copy the files to this machine."
        )
    said = {
        "delim": reader.delimiter, "quote": reader.quote, "encoding": reader.encoding,
    }  # fmt: skip
    listed = [f"{key} = {literal(value)}" for key, value in said.items() if value is not None]
    listed += [f"skip = {reader.skip_rows}"] if reader.skip_rows else []
    listed.append(f"header = {str(reader.header).lower()}")
    return f"read_csv({location}, all_varchar = true, union_by_name = true, {', '.join(listed)})"


def _csv(files: LogFiles, reader: Reader) -> Source:
    heads = [(path, csv_head(path, reader)) for path in files.paths]
    parts: list[str] = []
    arrow: dict[str, Any] = {}
    for head, group in groupby(heads, key=lambda pair: pair[1]):
        paths = [path for path, _ in group]
        if head.is_utf8 and not head.mixed_ends:
            parts.append(f"select * from {_read_csv(paths, head)}")
            continue
        for path in paths:
            name = f"clv_file_{len(arrow)}"
            arrow[name] = CsvStream(path, head)
            parts.append(f"select * from {quoted(name)}")
    repeated = sorted({name for _, head in heads for name in head.repeated})
    columns = {path: (*head.names, *_of_folders(path)) for path, head in heads}
    return Source(tuple(parts), arrow, tuple(repeated), (), columns)


def _read_csv(paths: list[str], head: CsvHead) -> str:
    names = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in head.names)
    ragged = ", null_padding = true, parallel = false" if head.ragged else ""
    return (
        f"read_csv({_list(paths)}, auto_detect = false, columns = {{{names}}}, "
        f"delim = {literal(head.delimiter)}, quote = {literal(head.quote)}, "
        f"escape = {literal(head.quote)}, header = {str(head.header).lower()}, skip = {head.skip}"
        f"{ragged}{_partitions(paths)})"
    )


def _parquet(files: LogFiles, reader: Reader) -> Source:
    several = list(files.paths)
    rows = (
        f"select * from read_parquet({_list(several)}, union_by_name = true{_partitions(several)})"
    )
    columns = {}
    for path in several:
        # what is no Parquet file is told by the engine, when it reads it
        with contextlib.suppress(pa.ArrowException, OSError):
            columns[path] = (*parquet.read_schema(path).names, *_of_folders(path))
    return Source((rows,), {}, (), (), columns)


def _json(files: LogFiles, reader: Reader) -> Source:
    """Return fields of JSON objects as text, as they stand; those of the first rows are columns."""
    columns = first_keys(files.paths)
    keys = list(dict.fromkeys(key for names in columns.values() for key in names))
    if not keys:
        raise ClvError(f"the transaction log {files.paths[0]} holds no JSON objects.")
    lowered = [key.lower() for key in keys]
    listed = ", ".join(
        f"json_extract_string(json, {part(key)}) "
        f"as {quoted(key if lowered.index(key.lower()) == i else f'{key}_{i}')}"
        for i, key in enumerate(keys)
    )
    repeated = {key for key in lowered if lowered.count(key) > 1}
    rows = f"select {listed} from {objects(files.paths)}"
    return Source((rows,), {}, tuple(sorted(repeated)), (), columns)


def _excel(files: LogFiles, reader: Reader) -> Source:
    parts, arrow, notes, repeated, columns = [], {}, [], set(), {}
    for number, path in enumerate(files.paths):
        table, twice, note = excel_table(path, reader)
        name = f"clv_sheet_{number}"
        arrow[name] = table
        parts.append(f"select * from {quoted(name)}")
        repeated |= set(twice)
        notes += [note] if note else []
        columns[path] = tuple(table.column_names)
    return Source(tuple(parts), arrow, tuple(sorted(repeated)), tuple(notes), columns)


def _without_last(part: str, rows: int) -> str:
    """Return the rows of a file without its last ones."""
    numbered = (
        f"select *, row_number() over () as clv_row, count(*) over () as clv_rows from ({part})"
    )
    return (
        f"select * exclude (clv_row, clv_rows) from ({numbered}) "
        f"where clv_row <= clv_rows - {rows} order by clv_row"
    )


def _partitions(paths: Iterable[str]) -> str:
    """Return the options by which folders such as month=2021-03 are columns, as text."""
    if all(re.search(r"[\\/][^\\/=]+=[^\\/]*[\\/]", path) for path in paths):
        return ", hive_partitioning = true, hive_types_autocast = false"
    return ", hive_partitioning = false"


def _of_folders(path: str) -> tuple[str, ...]:
    """Return the columns that the folders of a file name, such as month=2021-03."""
    return tuple(re.findall(r"[\\/]([^\\/=]+)=[^\\/]*(?=[\\/])", path))


def _list(paths: Iterable[str]) -> str:
    return f"[{', '.join(map(literal, paths))}]"
