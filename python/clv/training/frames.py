"""The training set by origin, with what candidates see of it, each read once."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from clv.core.arrays import Vector, column
from clv.prediction.btyd import PURCHASE_MODELS
from clv.prediction.encoder import SEEN, Inputs, Reader, stacked
from clv.training.plan import Origin, Plan

FEWEST = 30  # customers of an origin that is learnt from


class Frames:
    """Features and labels of a plan's origins, and their Inputs.

    Parameters
    ----------
    training_set : DataFrame of shape (customers of all windows, features + labels)
        The model `int_clv__training_set` for `plan.windows`, sorted by customer_id within a window.
    """

    def __init__(self, training_set: pd.DataFrame, plan: Plan) -> None:
        self.plan = plan
        cutoffs = pd.to_datetime(training_set["cutoff"]).dt.date
        keys = zip(cutoffs, training_set["pred_months"].astype(int), strict=True)
        codes, distinct = pd.factorize(pd.Series(list(keys), dtype=object))
        self._frames: dict[Origin, pd.DataFrame] = {
            Origin(*key): training_set[codes == code].reset_index(drop=True)
            for code, key in enumerate(distinct)
        }
        self._readers: dict[dt.date, Reader] = {}
        self._judged = {plan.known_through, *(fold.judged.cutoff for fold in plan.folds)}
        self._inputs: dict[Origin, Inputs] = {}

    def __contains__(self, origin: Origin) -> bool:
        """Whether anybody bought in the history of an origin."""
        return origin in self._frames

    def frame(self, origin: Origin) -> pd.DataFrame:
        """Return the rows of an origin."""
        return self._frames[origin]

    def labels(self, origin: Origin, name: str = "actual_clv") -> Vector:
        """Return a label of an origin's customers, shape (n,)."""
        return column(self._frames[origin], name)

    def reader(self, origin: Origin) -> Reader:
        """Return the reader fitted on the history up to the origin's cutoff."""
        if origin.cutoff not in self._readers:
            models = tuple(PURCHASE_MODELS) if origin.cutoff in self._judged else SEEN
            frame = self._frames[origin]
            self._readers[origin.cutoff] = Reader.fit(frame, self.plan.data_from, models)
        return self._readers[origin.cutoff]

    def inputs(self, origin: Origin) -> Inputs:
        """Return what candidates see of an origin's customers."""
        if origin not in self._inputs:
            self._inputs[origin] = self.reader(origin).read(self._frames[origin])
        return self._inputs[origin]

    def usable(self, origins: tuple[Origin, ...]) -> list[Origin]:
        """Return the origins with enough customers to learn from."""
        return [o for o in origins if o in self._frames and len(self._frames[o]) >= FEWEST]

    def pooled(self, origins: list[Origin], known_through: dt.date) -> tuple[Inputs, Vector]:
        """Return the customers of several origins, and how much each counts, shape (n,)."""
        parts = [self.inputs(origin) for origin in origins]
        weights = self.plan.weights(origins, known_through)
        return stacked(parts), np.repeat(weights, [len(part.offset) for part in parts])

    def pooled_labels(self, origins: list[Origin], name: str = "actual_clv") -> Vector:
        """Return a label of the customers of several origins, in the order of `pooled`."""
        return np.concatenate([self.labels(origin, name) for origin in origins])
