"""Windows of time, and the batches that they make."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from clv.core.dates import add_months, parse_date


class Batch(NamedTuple):
    """The key of a batch."""

    cutoff: dt.date
    pred_months: int

    @property
    def window_end(self) -> dt.date:
        """The last day of the prediction window."""
        return add_months(self.cutoff, self.pred_months)

    @property
    def stem(self) -> str:
        """The end of the names of the batch's files."""
        return f"{self.cutoff:%Y%m%d}_pred{self.pred_months}m"


@dataclass(frozen=True, order=True)
class Window:
    """A history of some months up to a cutoff, and the months after it that are predicted.

    The history is the days in (cutoff - history_months, cutoff], the prediction window those in
    (cutoff, cutoff + pred_months].
    """

    cutoff: dt.date
    history_months: int
    pred_months: int

    def __str__(self) -> str:
        return f"{self.cutoff}+{self.pred_months}m"

    @property
    def batch(self) -> Batch:
        """The batch that predictions of this window belong to."""
        return Batch(self.cutoff, self.pred_months)

    @property
    def lengths(self) -> WindowLengths:
        """The lengths of history and prediction window."""
        return WindowLengths(self.history_months, self.pred_months)

    @property
    def window_end(self) -> dt.date:
        """The last day of the prediction window."""
        return self.batch.window_end

    @property
    def labels_end(self) -> dt.date:
        """The last day of the labels, which are what was spent in the prediction window."""
        return self.window_end

    @property
    def days(self) -> int:
        """The length of the prediction window in days."""
        return (self.window_end - self.cutoff).days

    @property
    def history_days(self) -> int:
        """The length of the history in days, whether the log holds them or not."""
        return (self.cutoff - add_months(self.cutoff, -self.history_months)).days

    @property
    def history_start(self) -> dt.date:
        """The first day of the history."""
        return self.cutoff - dt.timedelta(days=self.history_days - 1)

    def history_days_since(self, data_from: dt.date) -> int:
        """Return how many days of the history a log holds that begins on `data_from`.

        Zero or less where the cutoff lies before that day.
        """
        return min(self.history_days, (self.cutoff - data_from).days + 1)

    def as_list(self) -> list[str | int]:
        """Return [cutoff as yyyy-mm-dd, history_months, pred_months], for dbt vars and JSON."""
        return [self.cutoff.isoformat(), self.history_months, self.pred_months]


class WindowLengths(NamedTuple):
    """The lengths of a history and of a prediction window, in months, without a cutoff."""

    history_months: int
    pred_months: int

    def __str__(self) -> str:
        return f"{self.history_months} + {self.pred_months} months"

    def at(self, cutoff: dt.date) -> Window:
        """Return the window of these lengths at a cutoff."""
        return Window(cutoff, self.history_months, self.pred_months)


@dataclass(frozen=True)
class WindowRequest:
    """The window that a command was asked for; what is None is chosen by the command."""

    cutoff: dt.date | None = None
    history_months: int | None = None
    pred_months: int | None = None

    @classmethod
    def parse(
        cls, cutoff: str | None, history_months: int | None, pred_months: int | None
    ) -> WindowRequest:
        """Read the cutoff as a user writes it.

        Raises
        ------
        ClvError
            When the cutoff is no date of the calendar.
        """
        day = None if cutoff is None else parse_date(cutoff, "cutoff")
        return cls(day, history_months, pred_months)
