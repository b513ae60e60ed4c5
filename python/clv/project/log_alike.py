"""Whether every file of a log has the columns that the log is mapped to.

Where one of several files misses a column, the engine would fill it with nothing, and the file's rows
would be left out as rows of nobody, or without an order.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from clv.core.wording import counted
from clv.errors import ClvError
from clv.project.json_keys import occurs
from clv.project.log_columns import Mapped
from clv.project.log_files import LogFiles
from clv.project.transaction_log import JSON

_NAMED = 12


def check_alike(files: LogFiles, columns: Mapping[str, tuple[str, ...]], mapped: Mapped) -> None:
    """Refuse a log of several files of which one misses a mapped column.

    Other columns, and the order of columns, do not matter, nor does upper and lower case.

    Parameters
    ----------
    columns : mapping
        By file, the columns that it has.

    Raises
    ------
    ClvError
        With the file, the columns that it misses and those that it has.
    """
    if len(files.paths) == 1:
        return
    odd: dict[str, list[str]] = {}
    for path, names in columns.items():
        there = {name.lower() for name in names}
        missing = [name for name in mapped.columns if name.lower() not in there]
        if files.form == JSON:
            missing = [name for name in missing if not occurs(path, name)]
        if missing:
            odd[path] = missing
    if not odd:
        return
    path, missing = next(iter(odd.items()))
    listed = ", ".join(f"'{name}' ({', '.join(mapped.columns[name])})" for name in missing)
    several = (
        f" (and {counted(len(odd) - 1, 'more file', 'more files')} like it)" if len(odd) > 1 else ""
    )
    has = ", ".join(columns[path][:_NAMED]) + (", …" if len(columns[path]) > _NAMED else "")
    raise ClvError(
        f"{path}{several} misses what the log is mapped to: the "
        f"{'column' if len(missing) == 1 else 'columns'} {listed}. It has {has}. Its rows would be lost. "
        "Where it is no part of the log, name the other files alone, with a glob such as "
        f"{Path(path).parent / 'orders-*'}{Path(path).suffix}; where it is, give it these columns, by "
        "the same names as in the other files."
    )
