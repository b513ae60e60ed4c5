"""`clv tune`: which history and prediction windows this log supports best."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from clv.core.dates import now
from clv.core.wording import counted, in_months, markdown_table
from clv.project.database import fetch_row
from clv.project.dbt import DbtProject
from clv.project.files import replacing
from clv.registry.provenance import code_digest, data_fingerprint
from clv.tuning import choose, grid
from clv.tuning.choose import Choice
from clv.tuning.evaluate import KINDS
from clv.tuning.grid import Cell, Grid
from clv.tuning.heatmap import draw
from clv.tuning.search import search_cells
from clv.tuning.tasks import tasks_of, windows_of

# Above so many customers the search works on a sample of about as many.
SAMPLE_CUSTOMERS = 50_000
RESULT_COLUMNS = [
    "history_months", "pred_months", "cutoff", "history_start", "window_end", "pred_days", "customers",
    "kind", "fitted_on", "learnt_from", "labels_through", "rmse", "rmse_per_30_days", "r2", "mae", "bias",
    "normalized_gini", "top_decile_share", "naive_rmse", "naive_rmse_per_30_days", "skill", "sample",
    "chosen", "left_out_because",
]  # fmt: skip


@dataclass(frozen=True)
class Request:
    """What the user asked for; no sample means the whole log, or a sample of a large one."""

    histories: Sequence[int] = grid.HISTORY_MONTHS
    preds: Sequence[int] = grid.PRED_MONTHS
    origins: int = grid.ORIGINS
    sample: float | None = None


@dataclass(frozen=True)
class Search:
    """A finished search: its grid, results and choice, the share of customers, the files written."""

    grid: Grid
    choice: Choice
    results: pd.DataFrame
    sample: float
    files: list[Path]
    pieces: Path

    def forget(self) -> None:
        """Remove the pieces that an interrupted search would go on from."""
        shutil.rmtree(self.pieces, ignore_errors=True)


def tune(dbt: DbtProject, request: Request) -> Search:
    """Evaluate the grid and choose; nothing is changed but files below outputs/grid_search.

    The results of a cell are kept until the search is finished, in a folder named after the data,
    the code and the settings, so that an interrupted search goes on where it stopped and never
    mixes two searches.
    """
    home = dbt.home
    dbt.refresh_log()
    first, through = fetch_row(
        home.database, "select data_from, data_through from int_clv__log_days"
    )
    chosen = grid.choose_grid(request.histories, request.preds, request.origins, first, through)
    sample = request.sample or _default_sample(home.database)
    fingerprint = data_fingerprint(home.database, through.isoformat())["fingerprint"]
    tasks = tasks_of(chosen, first)
    key = [fingerprint, code_digest(), chosen.windows(), windows_of(tasks), sample, KINDS]
    folder = home.outputs / "grid_search"
    pieces = folder / f".search_{hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]}"
    raw = search_cells(dbt, chosen, tasks, sample, first, pieces)
    results = choose.cell_results(raw)
    decided = choose.choose(results)
    stamp = f"{now():%Y%m%dT%H%M%SZ}"
    results = _with_dates(results, sample, decided.winner)
    files = _write(folder, stamp, chosen, results, decided, sample)
    return Search(chosen, decided, results, sample, files, pieces)


def _default_sample(database: Path) -> float:
    (customers,) = fetch_row(
        database, "select count(distinct customer_id) from int_clv__customer_days"
    )
    return 1.0 if customers <= SAMPLE_CUSTOMERS else float(f"{SAMPLE_CUSTOMERS / customers:.2g}")


def _with_dates(results: pd.DataFrame, sample: float, winner: Cell) -> pd.DataFrame:
    results = results.assign(
        history_start=[
            (pd.Timestamp(cutoff) - pd.DateOffset(months=months) + pd.DateOffset(days=1))
            .date()
            .isoformat()
            for cutoff, months in zip(results["cutoff"], results["history_months"], strict=True)
        ],
        sample=sample,
        chosen=(results["history_months"] == winner.history_months)
        & (results["pred_months"] == winner.pred_months),
    )
    by_kind = [
        name for name in results.columns if name.startswith("rmse_") and name not in RESULT_COLUMNS
    ]
    return results[[*RESULT_COLUMNS, *by_kind]]


def _write(
    folder: Path, stamp: str, chosen: Grid, results: pd.DataFrame, decided: Choice, sample: float
) -> list[Path]:
    table = folder / f"clv_grid_search_results_{stamp}.csv"
    with replacing(table) as temporary:
        results.to_csv(temporary, index=False)
    cutoffs = ", ".join(str(cutoff) for cutoff in chosen.cutoffs)
    low, high = results["customers"].min(), results["customers"].max()
    share = "" if sample == 1 else f", a sample of {sample:.2%} of all"
    caption = (
        f"Mean over {counted(len(chosen.cutoffs), 'cutoff', 'cutoffs')} ({cutoffs}), at each on the same "
        f"customers in every cell ({low:,} to {high:,} of them{share}), who "
        f"bought in the {in_months(chosen.histories[0])} before it. Chosen: {decided.winner}. {choose.RULE}"
    )
    files = [table]
    for name, title, measure, lower in (
        ("rmse", "RMSE per customer and 30 days of prediction", "rmse_per_30_days", True),
        ("r2", "R²", "r2", False),
    ):
        values = {
            Cell(int(row["history_months"]), int(row["pred_months"])): float(row[measure])
            for row in decided.summary.to_dict("records")
        }
        path = folder / f"clv_grid_search_{name}_{stamp}.png"
        draw(path, title, values, chosen.left_out, decided.winner, caption, lower_is_better=lower)
        files.append(path)
    return files


def report(search: Search) -> str:
    """Return the summary for the terminal: the cells, what was left out, the rule, the files."""
    chosen = search.grid
    table = search.choice.summary.rename(
        columns={"within_one_standard_error": "near", "chosen": ""}
    )
    table["near"] = table["near"].map({True: "yes", False: ""})
    table[""] = table[""].map({True: "<- chosen", False: ""})
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
