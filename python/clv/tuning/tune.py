"""`clv tune`: which history and prediction windows this log supports best."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from clv.core.dates import now
from clv.core.window import WindowLengths
from clv.core.wording import counted, in_months, markdown_table
from clv.project.database import fetch_row, log_days
from clv.project.dbt import DbtProject
from clv.project.files import replacing
from clv.registry.provenance import code_digest, data_fingerprint
from clv.tuning import choose, grid
from clv.tuning.choose import Choice
from clv.tuning.evaluate import KINDS
from clv.tuning.grid import Grid, GridRequest
from clv.tuning.heatmap import HeatMap, draw
from clv.tuning.search import SearchWork, search_cells
from clv.tuning.tasks import Tasks, tasks_of, windows_of

# Above so many customers the search works on a sample of about as many.
SAMPLE_CUSTOMERS = 50_000
RESULT_COLUMNS = [
    "history_months", "pred_months", "cutoff", "history_start", "window_end", "pred_days", "customers",
    "kind", "fitted_on", "learnt_from", "labels_through", "rmse", "rmse_per_30_days", "r2", "mae", "bias",
    "normalized_gini", "top_decile_share", "naive_rmse", "naive_rmse_per_30_days", "skill", "sample",
    "chosen", "left_out_because",
]  # fmt: skip


@dataclass(frozen=True)
class Search:
    """A finished search: its grid, results and choice, the share of customers, the files written."""

    grid: Grid
    choice: Choice
    results: pd.DataFrame
    sample: float
    pieces: Path
    files: tuple[Path, ...] = ()

    def forget(self) -> None:
        """Remove the pieces that an interrupted search would go on from."""
        shutil.rmtree(self.pieces, ignore_errors=True)


def tune(dbt: DbtProject, request: GridRequest | None = None) -> Search:
    """Evaluate the grid and choose; nothing is changed but files below outputs/grid_search.

    The results of a cell are kept until the search is finished, in a folder named after the data,
    the code and the settings, so that an interrupted search goes on where it stopped and never
    mixes two searches.

    Parameters
    ----------
    request : GridRequest, optional
        Default: the whole grid.
    """
    home, request = dbt.home, request or GridRequest()
    dbt.refresh_log()
    days = log_days(home.database)
    chosen = grid.choose_grid(request, days)
    sample = request.sample or _default_sample(home.database)
    tasks = tasks_of(chosen, days.first)
    fingerprint = data_fingerprint(home.database, days.last.isoformat())["fingerprint"]
    folder = home.outputs / "grid_search"
    pieces = folder / f".search_{_key(fingerprint, chosen, tasks, sample)}"
    work = SearchWork(tasks, sample, days.first, pieces)
    results = choose.cell_results(search_cells(dbt, chosen, work))
    decided = choose.choose(results)
    search = Search(
        chosen, decided, _with_dates(results, sample, decided.winner), sample, work.pieces
    )
    search = replace(search, files=_write(folder, search))
    dbt.keep_log_contract()
    return search


def _key(fingerprint: str, chosen: Grid, tasks: Tasks, sample: float) -> str:
    """Return what names a search: a digest of its data, code and settings."""
    windows = [[w.as_list() for w in every] for every in (chosen.windows(), windows_of(tasks))]
    key = json.dumps([fingerprint, code_digest(), *windows, sample, KINDS])
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def _default_sample(database: Path) -> float:
    (customers,) = fetch_row(
        database, "select count(distinct customer_id) from int_clv__customer_days"
    )
    return 1.0 if customers <= SAMPLE_CUSTOMERS else float(f"{SAMPLE_CUSTOMERS / customers:.2g}")


def _with_dates(results: pd.DataFrame, sample: float, winner: WindowLengths) -> pd.DataFrame:
    windows = [
        WindowLengths(int(history), int(months)).at(dt.date.fromisoformat(cutoff))
        for cutoff, history, months in results[["cutoff", *choose.KEY]].itertuples(index=False)
    ]
    results = results.assign(
        history_start=[window.history_start.isoformat() for window in windows],
        sample=sample,
        chosen=(results["history_months"] == winner.history_months)
        & (results["pred_months"] == winner.pred_months),
    )
    by_kind = [
        name for name in results.columns if name.startswith("rmse_") and name not in RESULT_COLUMNS
    ]
    return results[[*RESULT_COLUMNS, *by_kind]]


def _write(folder: Path, search: Search) -> tuple[Path, ...]:
    stamp = f"{now():%Y%m%dT%H%M%SZ}"
    table = folder / f"clv_grid_search_results_{stamp}.csv"
    with replacing(table) as temporary:
        search.results.to_csv(temporary, index=False)
    files = [table]
    for name, title, measure, lower in (
        ("rmse", "RMSE per customer and 30 days of prediction", "rmse_per_30_days", True),
        ("r2", "R²", "r2", False),
    ):
        values = {
            WindowLengths(int(row["history_months"]), int(row["pred_months"])): float(row[measure])
            for row in search.choice.summary.to_dict("records")
        }
        heat_map = HeatMap(
            title, values, search.grid.left_out, search.choice.winner, _caption(search), lower
        )
        path = folder / f"clv_grid_search_{name}_{stamp}.png"
        draw(path, heat_map)
        files.append(path)
    return tuple(files)


def _caption(search: Search) -> str:
    chosen, customers = search.grid, search.results["customers"]
    cutoffs = ", ".join(str(cutoff) for cutoff in chosen.cutoffs)
    share = "" if search.sample == 1 else f", a sample of {search.sample:.2%} of all"
    return (
        f"Mean over {counted(len(chosen.cutoffs), 'cutoff', 'cutoffs')} ({cutoffs}), at each on the same "
        f"customers in every cell ({customers.min():,} to {customers.max():,} of them{share}), who "
        f"bought in the {in_months(chosen.histories[0])} before it. Chosen: {search.choice.winner}. "
        f"{choose.RULE}"
    )


def report(search: Search) -> str:
    """Return the summary for the terminal: the cells, what was left out, the rule, the files."""
    chosen = search.grid
    table = search.choice.summary.rename(
        columns={"within_one_standard_error": "near", "chosen": ""}
    )
    table["near"] = table["near"].map({True: "yes", False: ""})
    table[""] = table[""].map({True: "chosen", False: ""})
    customers = search.results.drop_duplicates("cutoff")
    origins = ", ".join(
        f"{row.cutoff} ({row.customers:,} customers)" for row in customers.itertuples()
    )
    lines = [markdown_table(table), "", f"origins: {origins}; the same customers in every cell"]
    if search.sample < 1:
        lines.append(f"sample: {search.sample:.2%} of the customers, drawn by the hash of their id")
    reasons: dict[str, list[str]] = {}
    for cell, reason in chosen.left_out.items():
        reasons.setdefault(reason, []).append(f"{cell.history_months} + {cell.pred_months}")
    lines += [f"left out: {', '.join(cells)}: {reason}" for reason, cells in reasons.items()]
    for kind in KINDS:
        lacking = search.results[search.results[f"rmse_{kind}"].isna()].drop_duplicates(choose.KEY)
        if len(lacking):
            cells = (f"{h} + {p}" for h, p in lacking[choose.KEY].itertuples(index=False))
            lines.append(f"not at every cutoff: {kind} in {', '.join(cells)}; the results say why")
    lines += [f"rule: {choose.RULE}", f"near: mean skill of at least {search.choice.bar:.4g}"]
    return "\n".join([*lines, *(f"written: {path}" for path in search.files)])
