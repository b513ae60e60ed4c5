"""What candidates learn from: the customers of windows, encoded, with what they came to spend.

The contest of `clv train` and the search of `clv tune` read their windows here. Labels that are
learnt from pass `refuse_open` again and again: by the dates of their window when it is chosen and
when it is pooled, and by the dates of its rows.
"""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clv.core.arrays import Vector, by_window, column
from clv.core.window import Window
from clv.errors import ClvError
from clv.prediction.btyd import PURCHASE_MODELS
from clv.prediction.encoder import LEARNER_MODELS, Encoded, Encoder, stacked, without_labels
from clv.prediction.season import FLAT, SeasonClock
from clv.training.plan import Fold, plan_training, window_weights

SMALLEST_ORIGIN = 30  # customers of a window that is learnt from
# So many encoded windows stay in memory: one cutoff learns from five or six, the next shares most.
KEPT = 8

Loader = Callable[[Window], pd.DataFrame]


@dataclass(frozen=True)
class Lessons:
    """Customers of closed windows, n rows, with what they did and how much each counts."""

    encoded: Encoded
    actual: Vector
    purchases: Vector
    weight: Vector
    windows: tuple[Window, ...]


@dataclass(frozen=True)
class Labelled:
    """The customers of a window with their labels, arrays of shape (n,), and the labels' last day."""

    encoded: Encoded
    actual: Vector
    purchases: Vector
    last_day: dt.date


class Examples:
    """The windows of a training or a search, each loaded and encoded when it is first needed.

    The BTYD models are fitted once per cutoff and history, on features alone, and serve every
    prediction window and every later cutoff that learns from there.

    Parameters
    ----------
    load : callable
        Returns the rows of `int_clv__training_set` of a window, sorted by customer_id; none where
        nobody bought in its history.
    data_from : date
        The first day of the log, where histories that begin before it are cut off.
    contested : collection of dates
        Cutoffs as of which every BTYD model is a candidate. As of the others only those are fitted
        that the learners see.
    daily : DataFrame of shape (days, 3), optional
        Purchases by day, from which the season clock is estimated as of the day that may be known;
        without them it is flat.
    attributed : bool
        Whether attributes of customers are known, so that learners who see them compete too.
    """

    def __init__(
        self,
        load: Loader,
        data_from: dt.date,
        contested: Collection[dt.date] = (),
        daily: pd.DataFrame | None = None,
        attributed: bool = False,
    ) -> None:
        self.rows = load
        self.attributed = attributed
        self.data_from = data_from
        self._contested = set(contested)
        self._daily = daily
        self._clocks: dict[dt.date, SeasonClock] = {}
        self._encoders: dict[tuple[dt.date, int, SeasonClock], Encoder] = {}
        self._customers: dict[Window, int] = {}
        self._kept: OrderedDict[tuple[Window, SeasonClock], Labelled] = OrderedDict()

    def contest(self, cutoff: dt.date) -> None:
        """Let every BTYD model be a candidate as of a cutoff, before anything is encoded there."""
        self._contested.add(cutoff)

    def clock(self, known_through: dt.date) -> SeasonClock:
        """Return the season clock as of the last day that may be known."""
        if self._daily is None:
            return FLAT
        if known_through not in self._clocks:
            self._clocks[known_through] = SeasonClock.fit(
                self._daily, self.data_from, known_through
            )
        return self._clocks[known_through]

    def encoder(
        self, window: Window, known_through: dt.date, rows: pd.DataFrame | None = None
    ) -> Encoder:
        """Return the encoder fitted on the history of a window, on the clock of a day.

        Parameters
        ----------
        known_through : date
            The last day that may be known of the season.
        rows : DataFrame, optional
            The rows of the window, if at hand.
        """
        clock = self.clock(known_through)
        key = (window.cutoff, window.history_months, clock)
        if key not in self._encoders:
            features = without_labels(self.rows(window) if rows is None else rows)
            models = tuple(PURCHASE_MODELS) if window.cutoff in self._contested else LEARNER_MODELS
            self._encoders[key] = Encoder.fit(features, self.data_from, models, clock)
        return self._encoders[key]

    def labelled(self, window: Window, known_through: dt.date) -> Labelled:
        """Return the customers of a window, encoded on the clock of a day, with their labels."""
        key = (window, self.clock(known_through))
        if key not in self._kept:
            self._keep(window, self.rows(window), known_through)
        self._kept.move_to_end(key)
        return self._kept[key]

    def usable(self, windows: Sequence[Window], known_through: dt.date) -> list[Window]:
        """Return the windows with enough customers to learn from.

        Raises
        ------
        ClvError
            When the labels of one end after `known_through`.
        """
        for window in windows:
            refuse_open(str(window), window.labels_end, known_through)
        return [w for w in windows if self._count(w, known_through) >= SMALLEST_ORIGIN]

    def pooled(self, windows: Sequence[Window], known_through: dt.date) -> Lessons:
        """Return the customers of several windows one below the other.

        Raises
        ------
        ClvError
            When a label reaches past `known_through`.
        """
        parts = []
        for window in windows:
            refuse_open(str(window), window.labels_end, known_through)
            part = self.labelled(window, known_through)
            refuse_open(f"the rows of {window}", part.last_day, known_through)
            parts.append(part)
        weights = window_weights(windows, known_through)
        return Lessons(
            stacked([part.encoded for part in parts]),
            np.concatenate([part.actual for part in parts]),
            np.concatenate([part.purchases for part in parts]),
            np.repeat(weights, [len(part.actual) for part in parts]),
            tuple(windows),
        )

    def _count(self, window: Window, known_through: dt.date) -> int:
        if window not in self._customers:
            rows = self.rows(window)
            self._customers[window] = len(rows)
            key = (window, self.clock(known_through))
            if len(rows) >= SMALLEST_ORIGIN and key not in self._kept:
                self._keep(window, rows, known_through)  # while its rows are in memory
        return self._customers[window]

    def _keep(self, window: Window, rows: pd.DataFrame, known_through: dt.date) -> None:
        self._kept[window, self.clock(known_through)] = Labelled(
            self.encoder(window, known_through, rows).encode(without_labels(rows)),
            column(rows, "actual_clv"),
            column(rows, "actual_purchases"),
            pd.Timestamp(rows["window_end"].max()).date(),
        )
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)


def in_memory(training_set: pd.DataFrame) -> Loader:
    """Return a loader of the windows of a training set that is in memory."""
    frames = {w: rows.reset_index(drop=True) for w, rows in by_window(training_set).items()}
    nobody = training_set.iloc[:0]
    return lambda window: frames.get(window, nobody)


def rows_of(training_set: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Return the rows of one window."""
    return training_set[
        (pd.to_datetime(training_set["cutoff"]) == pd.Timestamp(window.cutoff))
        & (training_set["history_months"] == window.history_months)
        & (training_set["pred_months"] == window.pred_months)
    ]


def fold_of(judged: Window, data_from: dt.date) -> Fold:
    """Choose the windows to learn from as a training run that judges `judged` would.

    Raises
    ------
    ClvError
        When the labels of one end after the cutoff.
    """
    fold = plan_training(judged, data_from).folds[0]
    # A history too short to train on is judged on a later window there: nothing for us.
    windows = fold.learnt_from if fold.judged == judged else ()
    for window in windows:
        refuse_open(str(window), window.labels_end, judged.cutoff)
    return Fold(judged, windows)


def refuse_open(what: str, labels_end: dt.date, known_through: dt.date) -> None:
    """Refuse to learn from labels that had not closed by the last known day.

    Raises
    ------
    ClvError
        When they end after it: nobody could have known them then, and every figure would flatter.
    """
    if labels_end > known_through:
        raise ClvError(
            f"the labels of {what} end on {labels_end}, after the cutoff {known_through} that is "
            "judged. Nothing may be learnt from them; this is a fault of clv, please report it."
        )
