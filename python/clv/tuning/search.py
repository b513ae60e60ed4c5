"""The search through the grid of `clv tune`: one SQL pass, then cell by cell, each kept as a file."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from duckdb import DuckDBPyConnection

from clv.core.window import Window, WindowLengths
from clv.core.wording import counted, in_months
from clv.errors import ClvError
from clv.project.database import purchases_by_day, reading
from clv.project.dbt import DbtProject
from clv.project.events import progress, say
from clv.project.files import write_text
from clv.project.stored import MADE_AGAIN, Kind, MissingFileError, StoredFileError, read_json
from clv.training.examples import Examples
from clv.tuning.evaluate import evaluate
from clv.tuning.grid import Grid
from clv.tuning.tasks import Tasks, windows_of

PIECE = Kind("the result of a cell", MADE_AGAIN)


@dataclass(frozen=True)
class SearchWork:
    """What a search has to do.

    Attributes
    ----------
    tasks : mapping of lists
        `tasks_of` the grid, the cells history by history: what they share stays in memory.
    sample : float
        Share of the customers.
    data_from : date
        The first day of the log.
    pieces : Path
        The folder for the results of each cell.
    """

    tasks: Tasks
    sample: float
    data_from: dt.date
    pieces: Path

    def piece(self, cell: WindowLengths) -> Path:
        """Return the file for the results of a cell."""
        return self.pieces / f"h{cell.history_months}_p{cell.pred_months}.json"


def search_cells(dbt: DbtProject, chosen: Grid, work: SearchWork) -> list[dict[str, Any]]:
    """Return the results of every kind in every cell at every cutoff.

    All features and labels, those of the windows that are learnt from too, come from one dbt
    invocation, whatever the number of cells. The results of a cell are kept as a file, so that an
    interrupted search goes on with the cells that are missing.
    """
    tasks = work.tasks
    found = {cell: read for cell in tasks if (read := _read(work.piece(cell))) is not None}
    missing = [cell for cell in tasks if cell not in found]
    if found:
        done = f"{len(found)} of {counted(len(tasks), 'cell', 'cells')}"
        say(f"going on with an interrupted search: {done} done")
    if missing:
        dbt.build_training_set(windows_of(tasks), work.sample)
        daily = purchases_by_day(dbt.home.database)
        # One connection for all windows: opening the database anew takes longer than reading one.
        with reading(dbt.home.database) as connection:
            shared = {
                cutoff: _shared_customers(connection, cutoff, chosen) for cutoff in chosen.cutoffs
            }
            examples = Examples(partial(_rows, connection), work.data_from, daily=daily)
            for cell in progress(missing, "search"):
                found[cell] = [
                    result
                    for fold in tasks[cell]
                    for result in evaluate(examples, fold, shared[fold.judged.cutoff])
                ]
                write_text(work.piece(cell), json.dumps(found[cell]))
    return [result for cell in tasks for result in found[cell]]


def _read(path: Path) -> list[dict[str, Any]] | None:
    # A piece that cannot be read is no loss: its cell is evaluated again.
    try:
        return read_json(path, list[dict[str, Any]], PIECE, nan=True)
    except StoredFileError as error:
        if not isinstance(error, MissingFileError):
            say(f"evaluated again: {error.cause}: {path}")
        return None


def _shared_customers(connection: DuckDBPyConnection, cutoff: dt.date, chosen: Grid) -> set[str]:
    """Return the customers that stand in every history window compared at a cutoff."""
    query = f"""
        select customer_id
        from int_clv__training_set
        where cutoff = date '{cutoff}'
        group by customer_id
        having count(distinct history_months) = {len(chosen.histories)}
    """
    shared = {str(customer) for (customer,) in connection.execute(query).fetchall()}
    if not shared:
        raise ClvError(
            f"nobody bought in the {in_months(chosen.histories[0])} up to {cutoff}, "
            "the shortest history compared. Give longer --history-months, or a larger --sample."
        )
    return shared


def _rows(connection: DuckDBPyConnection, window: Window) -> pd.DataFrame:
    query = f"""
        select *
        from int_clv__training_set
        where
            cutoff = date '{window.cutoff}'
            and history_months = {window.history_months}
            and pred_months = {window.pred_months}
        order by customer_id
    """
    return connection.execute(query).df()
