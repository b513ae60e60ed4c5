"""Every command that holds the home's lock first completes or undoes what was left unfinished.

What was decided is completed: a promotion whose row stands in the journal, a purge whose list does, the
report of a relabelling. What was not decided is undone: a training that was killed before its promotion
leaves neither model file nor card.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pandas as pd

from clv.errors import ClvError
from clv.operations.begun import is_begun, reported
from clv.operations.purge import left_over, resume
from clv.operations.run import build
from clv.project.dbt import DbtProject
from clv.project.events import say
from clv.project.home import Home
from clv.project.lock import exclusive
from clv.registry.model_id import is_model_id
from clv.registry.promotion import TRAINING
from clv.registry.store import Registry

Show = Callable[[pd.DataFrame], None]


@contextlib.contextmanager
def at_work(dbt: DbtProject, show: Show, builds: bool = False) -> Iterator[None]:
    """Hold the home's lock, with nothing unfinished in the home.

    Parameters
    ----------
    show : callable
        Prints a table: what a purge deleted, or what a relabelling changed.
    builds : bool
        Whether the command makes all tables and files itself, as a run does.

    Raises
    ------
    ClvError
        When another command is at work, or what is unfinished cannot be completed.
    """
    with exclusive(dbt.home):
        recover(dbt, show, builds)
        yield


def recover(dbt: DbtProject, show: Show, builds: bool = False) -> None:
    """Complete or undo what was left unfinished; a kill leaves it as unfinished as before."""
    home = dbt.home
    _complete_promotion(home)
    _undo_training(home)
    table = left_over(home)
    if table is not None:
        say("a purge was cut off; it is completed now")
        show(table)
        resume(dbt, home)
    if is_begun(home) and not builds:
        _complete_build(dbt, show)


def _complete_promotion(home: Home) -> None:
    registry = Registry(home.registry)
    row = registry.intended()
    if row is not None:
        registry.settle()
        say(f"the promotion of {row.model_id} was cut off; it is completed now")


def _undo_training(home: Home) -> None:
    registry = Registry(home.registry)
    entry = registry.journal.entry(TRAINING)
    if entry is None:
        return
    model_id = str(entry.intent.get("model_id"))
    if not is_model_id(model_id):
        raise ClvError(
            f"{registry.journal.path(TRAINING)} does not name a model. Delete it; `clv verify` says "
            "whether the registry is whole."
        )
    if registry.row_of(model_id) is not None:
        registry.journal.step(TRAINING, "promoted")
    if registry.row_of(model_id) is not None or "promoted" in entry.steps:
        return  # the next training says that it stands
    for path in (registry.card_path(model_id), registry.model_path(model_id)):
        path.unlink(missing_ok=True)
    registry.journal.done(TRAINING)
    say(f"the training of {model_id} was cut off before it was decided; nothing of it stands")


def _complete_build(dbt: DbtProject, show: Show) -> None:
    """Bring tables and files in line; alerts stay noted for the next run, which raises them."""
    say("a run was cut off; its tables and files are completed now")
    try:
        result = build(dbt, [])
    except ClvError as error:
        say(f"warning: that was not possible, and is left to the next `clv run`: {error}")
        return
    if len(result.relabelled):
        show(result.relabelled)
    reported(dbt.home)
