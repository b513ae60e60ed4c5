"""Windows of time, and the batches that they make."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple


class Batch(NamedTuple):
    """The key of a batch."""

    cutoff: dt.date
    pred_months: int

    @property
    def stem(self) -> str:
        """The end of the names of the batch's files."""
        return f"{self.cutoff:%Y%m%d}_pred{self.pred_months}m"
