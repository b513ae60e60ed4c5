"""When batches are due: every 14 days in a champion's first 12 weeks, every 30 afterwards."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from clv.errors import ClvError
from clv.project.config import Config

FIRST_WEEKS = dt.timedelta(weeks=12)
EARLY_STEP = dt.timedelta(days=14)
LATER_STEP = dt.timedelta(days=30)
MOST_CUTOFFS = 1_000


@dataclass(frozen=True)
class Schedule:
    """A champion's schedule: its first cutoff and the next one to score."""

    model_id: str
    start: dt.date
    next_cutoff: dt.date

    @classmethod
    def of(cls, config: Config, model_id: str, labels_end: dt.date) -> Schedule:
        """Return where the schedule of the champion stands.

        A new champion goes on at the cutoff that the config names, and counts its 12 weeks from
        there. Without one it starts on the day its training labels end, its first cutoff that is
        not in-sample.
        """
        next_cutoff = config.run.last_score_cutoff or labels_end
        known = config.run.schedule_model_id == model_id and config.run.schedule_start is not None
        start = config.run.schedule_start if known and config.run.schedule_start else next_cutoff
        return cls(model_id, start, next_cutoff)

    def due(self, through: dt.date) -> list[dt.date]:
        """Return the cutoffs from the next one up to `through`, in order."""
        cutoffs = []
        cutoff = self.next_cutoff
        while cutoff <= through:
            cutoffs.append(cutoff)
            if len(cutoffs) > MOST_CUTOFFS:
                raise ClvError(
                    f"more than {MOST_CUTOFFS:,} cutoffs are due from {self.next_cutoff} to {through}. "
                    "Set run.last_score_cutoff in the config to the day to go on from."
                )
            cutoff = self.after(cutoff)
        return cutoffs

    def after(self, cutoff: dt.date) -> dt.date:
        """Return the cutoff that follows `cutoff`."""
        return cutoff + (EARLY_STEP if cutoff - self.start < FIRST_WEEKS else LATER_STEP)
