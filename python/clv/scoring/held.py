"""Batches that nothing in the past explains: held until a person accepts them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from clv.core.arrays import column
from clv.core.window import Batch
from clv.core.wording import counted, in_months
from clv.errors import ClvError
from clv.prediction.champion import Champion
from clv.project import events
from clv.project.database import fetch
from clv.project.home import Home

# An accepted batch stays accepted while it says the same but for this.
SAME_TOTAL = 0.1
SHOWN = 3


def doubt(champion: Champion, rows: pd.DataFrame, scores: pd.DataFrame) -> str | None:
    """Return why a batch cannot be right; None where it can.

    Parameters
    ----------
    rows, scores : DataFrames of shape (n, …)
        Of one batch, as `int_clv__scoring_features` has it, and its predictions.
    """
    rates = rows[["accepted_rate_least", "accepted_rate_most"]].iloc[0].to_numpy(float)
    accepted = rates[np.isfinite(rates)].tolist()
    return champion.doubt(rows, column(scores, "predicted_clv"), accepted)


def is_accepted(rows: pd.DataFrame, scores: pd.DataFrame) -> bool:
    """Whether a person accepts the batch, or accepted it before and it says the same still."""
    if bool(rows["is_accepted"].iloc[0]):
        return True
    before = column(rows, "accepted_total")[0]
    total = float(np.sort(column(scores, "predicted_clv")).sum())
    return bool(abs(total - before) <= SAME_TOTAL * before)


def refuse(held: Iterable[tuple[Batch, str]]) -> None:
    """End the run where batches are held.

    Raises
    ------
    ClvError
        With the reasons, in figures, and how to accept them.
    """
    found = sorted(held)
    if not found:
        return
    shown = " ".join(
        f"{batch.cutoff} for {in_months(batch.pred_months)}: {why}." for batch, why in found[:SHOWN]
    )
    more = f" (and {len(found) - SHOWN} more)" if len(found) > SHOWN else ""
    first = found[0][0].cutoff
    raise ClvError(
        f"{counted(len(found), 'batch is', 'batches are')} held, since nothing in the past explains what "
        f"they say, and nothing of this run is published. {shown}{more} Look at the log's newest rows and at "
        "`clv card`; then correct the log, or train again with `clv train`. Where a batch is right, run "
        f"again with --accept {first} (plain dbt: --vars '{{accept_batch: {first}}}'): that is recorded."
    )


def say_accepted(home: Home, scored: list[Batch]) -> None:
    """Say, and note in the log, which of these batches are published because a person accepted them."""
    query = (
        "select cutoff, pred_months, held_because from clv_batch_totals "
        "where held_because is not null order by all"
    )
    for cutoff, months, why in fetch(home.database, query).itertuples(index=False):
        batch = Batch(cutoff.date(), int(months))
        if batch in scored:
            events.current().event("batch_accepted", batch=batch.stem, held_because=why)
            events.say(
                f"batch {batch.stem} was held, and is published since it was accepted: {why}"
            )
