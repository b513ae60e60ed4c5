"""What a run, a monitoring or a relabelling had begun: kept in the journal until it was reported.

The next build in the home completes it. It needs no more than how the ledger of labels was before, so
that it can say which batches were judged, and which labels are to be made again.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from clv.core.window import Batch
from clv.errors import ClvError
from clv.monitoring.relabel import forget_labels, keep_labels
from clv.project.home import Home
from clv.project.journal import Entry
from clv.registry.store import Registry
from clv.scoring.batches import batch_times

RUN = "run"


@dataclass(frozen=True)
class Begun:
    """When each batch had been labelled before, and the batches to label again (True: all)."""

    labelled: dict[Batch, dt.datetime]
    relabel: list[str] | bool

    @classmethod
    def of(cls, entry: Entry) -> Begun:
        """Read the entry of the journal.

        Raises
        ------
        ClvError
            When it does not hold what `begin` wrote.
        """
        try:
            labelled = {
                Batch(dt.date.fromisoformat(cutoff), int(months)): dt.datetime.fromisoformat(at)
                for cutoff, months, at in entry.intent["labelled"]
            }
            relabel = entry.intent["relabel"]
            if not isinstance(relabel, bool):
                relabel = [dt.date.fromisoformat(day).isoformat() for day in relabel]
        except (KeyError, TypeError, ValueError) as error:
            raise ClvError(
                f"registry/journal/{RUN}.json is not what clv wrote there. Delete it, and run this "
                "again; batches that were judged by then are not named again."
            ) from error
        return cls(labelled, relabel)


def begin(home: Home, relabel: list[str] | bool) -> Begun:
    """Record durably what is about to be built, together with what an earlier build left undone."""
    journal = Registry(home.registry).journal
    entry = journal.entry(RUN)
    earlier = Begun.of(entry) if entry else None
    labelled = (
        earlier.labelled if earlier else batch_times(home, "clv_predictions_actual", "labelled_at")
    )
    if relabel and not (earlier and earlier.relabel):
        keep_labels(home)
    begun = Begun(labelled, _together(relabel, earlier.relabel if earlier else False))
    journal.begin(
        RUN,
        {
            "labelled": [
                [str(batch.cutoff), batch.pred_months, at.isoformat()]
                for batch, at in sorted(begun.labelled.items())
            ],
            "relabel": begun.relabel,
        },
    )
    return begun


def is_begun(home: Home) -> bool:
    """Say whether a build was begun and not reported."""
    return Registry(home.registry).journal.entry(RUN) is not None


def reported(home: Home) -> None:
    """Forget the build: it was done, and what it did was said."""
    Registry(home.registry).journal.done(RUN)
    forget_labels(home)


def _together(asked: list[str] | bool, earlier: list[str] | bool) -> list[str] | bool:
    if asked is True or earlier is True:
        return True
    days = {*(asked or []), *(earlier or [])}
    return sorted(days) if days else False
