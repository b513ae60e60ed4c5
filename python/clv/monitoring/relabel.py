"""Labels made again from a corrected log: which batches, and what changed.

The labels and figures from before are kept beside the journal until the report was printed, so that the
report of a relabelling that was killed is printed by the command that completes it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from clv.errors import ClvError
from clv.project.database import reading
from clv.project.files import replacing
from clv.project.home import Home
from clv.registry.store import Registry
from clv.scoring.batches import batches

KEPT = {
    "labels": """
        select cutoff, pred_months, customer_id, actual_clv, actual_purchases
        from clv_predictions_actual
    """,
    "figures": """
        select a.cutoff, a.pred_months, a.actual_total, a.rmse, d.status
        from clv_accuracy as a
        inner join clv_drift as d using (cutoff, pred_months)
    """,
}
CHANGES = """
    with changed as (
        select cutoff, pred_months, count(*) as customers_changed
        from ({labels}) as now
        full join read_parquet('{folder}/labels.parquet') as earlier
            using (cutoff, pred_months, customer_id)
        where now.actual_clv is distinct from earlier.actual_clv
            or now.actual_purchases is distinct from earlier.actual_purchases
        group by cutoff, pred_months
    )
    select
        strftime(cutoff, '%Y-%m-%d') as cutoff,
        pred_months,
        customers_changed,
        earlier.actual_total as actual_total_before,
        now.actual_total as actual_total_after,
        earlier.rmse as rmse_before,
        now.rmse as rmse_after,
        earlier.status as status_before,
        now.status as status_after
    from changed
    inner join ({figures}) as now using (cutoff, pred_months)
    inner join read_parquet('{folder}/figures.parquet') as earlier using (cutoff, pred_months)
    order by all
"""


def keep_labels(home: Home) -> None:
    """Keep the labels and figures of every batch as they are now."""
    with reading(home.database) as connection:
        for name, query in KEPT.items():
            with replacing(_kept(home, name)) as temporary:
                connection.execute(f"copy ({query}) to '{_quoted(temporary)}' (format parquet)")


def changes(home: Home) -> pd.DataFrame:
    """Return a row per batch with a customer whose label is other than the kept one."""
    folder = _quoted(_kept(home, "labels").parent)
    with reading(home.database) as connection:
        return connection.execute(CHANGES.format(folder=folder, **KEPT)).df()


def forget_labels(home: Home) -> None:
    """Remove what was kept: the report was printed."""
    for name in KEPT:
        _kept(home, name).unlink(missing_ok=True)


def _kept(home: Home, name: str) -> Path:
    return Registry(home.registry).journal.root / f"{name}.parquet"


def check_relabel(home: Home, cutoffs: Sequence[dt.date], through: dt.date | None = None) -> None:
    """Check that there is a labelled batch for every cutoff, matured by `through`.

    Raises
    ------
    ClvError
        When there is none, or the log is complete for less than the window of one.
    """
    labelled = batches(home, "clv_predictions_actual")
    if not labelled:
        raise ClvError("no batch was labelled yet, so there is nothing to label again.")
    known = sorted({batch.cutoff for batch in labelled})
    for cutoff in cutoffs:
        if cutoff not in known:
            raise ClvError(
                f"cutoff {cutoff} has no labelled batch. "
                f"Labelled are: {', '.join(map(str, known))}."
            )
    for batch in labelled:
        if through and batch.cutoff in cutoffs and batch.window_end > through:
            raise ClvError(
                f"the window of cutoff {batch.cutoff} ends on {batch.window_end}, and the log is complete "
                f"through {through} only. Label it again when the log is complete."
            )


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
