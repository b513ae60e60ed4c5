"""`clv train`: a contest on the newest closed window, and its winner as champion or challenger."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pandas as pd

from clv.baseline import baseline_sample
from clv.clustering import Clusters, fit_clusters
from clv.config import Config
from clv.contest import Contest, hold_contest
from clv.database import fetch, fetch_row
from clv.dates import add_months, parse_date
from clv.dbt_project import DbtProject
from clv.errors import ClvError
from clv.home import Home
from clv.messages import say
from clv.provenance import code_version, data_fingerprint, environment
from clv.registry import Registry

SEED = 20210101


@dataclass(frozen=True)
class TrainingWindow:
    """History in (cutoff - history_months, cutoff], labels in (cutoff, labels_end]."""

    cutoff: dt.date
    history_months: int
    pred_months: int

    @property
    def labels_end(self) -> dt.date:
        """The last day of the labels."""
        return add_months(self.cutoff, self.pred_months)


def train(
    dbt: DbtProject,
    config: Config,
    window: tuple[str | None, int | None, int | None],
    promote: bool,
) -> dict[str, Any]:
    """Train on the log as of a cutoff, write model and card, and promote unless told not to.

    Parameters
    ----------
    window : (cutoff, history_months, pred_months)
        What the user asked for. Without a cutoff: the latest whose labels lie within the data.
        Without months: the config's.

    Returns
    -------
    dict
        The card.

    Raises
    ------
    ClvError
        When the labels would end after the data, or nobody bought in the history.
    """
    cutoff = parse_date(window[0], "cutoff") if window[0] else None
    dbt.refresh_log()
    first, last = fetch_row(dbt.home.database, "select data_from, data_through from data_through")
    chosen = choose_window(
        cutoff,
        window[1] or config.history_months,
        window[2] or config.pred_months,
        first,
        last,
    )
    dbt.build_training_set([(chosen.cutoff.isoformat(), chosen.history_months, chosen.pred_months)])
    training_set = fetch(dbt.home.database, "select * from training_set order by customer_id")
    if training_set.empty:
        raise ClvError(
            f"nobody bought in the {chosen.history_months} months up to {chosen.cutoff}. "
            "Choose another --cutoff."
        )
    contest = hold_contest(training_set)
    clusters = fit_clusters(
        training_set, config.min_clusters, config.max_clusters, config.smallest_share, SEED
    )
    return _record(dbt.home, chosen, training_set, contest, clusters, promote)


def choose_window(
    cutoff: dt.date | None, history_months: int, pred_months: int, first: dt.date, last: dt.date
) -> TrainingWindow:
    """Check the window against the days of the log; without a cutoff take the latest possible.

    Raises
    ------
    ClvError
        When the labels would end after `last`, or the cutoff lies before `first`.
    """
    latest = add_months(last, -pred_months)
    while add_months(latest, pred_months) > last:
        latest -= dt.timedelta(days=1)
    chosen = TrainingWindow(cutoff or latest, history_months, pred_months)
    if latest < first:
        raise ClvError(
            f"the log runs from {first} to {last}, too short for {pred_months} months of "
            "prediction with a history before them. Use a smaller --pred-months."
        )
    if chosen.labels_end > last:
        raise ClvError(
            f"training at {chosen.cutoff} needs labels up to {chosen.labels_end}, but the data is "
            f"complete only through {last}. The latest cutoff for {pred_months} months of "
            f"prediction is {latest}: use it, or a smaller --pred-months."
        )
    if chosen.cutoff < first:
        raise ClvError(
            f"training cutoff {chosen.cutoff} lies before the data, which begins on {first}. "
            f"Choose a cutoff up to {latest}, or a smaller --pred-months."
        )
    return chosen


def _record(
    home: Home,
    window: TrainingWindow,
    training_set: pd.DataFrame,
    contest: Contest,
    clusters: Clusters,
    promote: bool,
) -> dict[str, Any]:
    winner = contest.winner
    assert winner.candidate is not None and winner.accuracy is not None
    now = dt.datetime.now(dt.timezone.utc).replace(microsecond=0)
    commit, dirty = code_version()
    model_id = (
        f"clv_{window.cutoff:%Y%m%d}_h{window.history_months}_p{window.pred_months}"
        f"_{now:%Y%m%dT%H%M%SZ}"
    )
    registry = Registry(home.registry)
    if registry.card_path(model_id).exists():
        raise ClvError(f"{model_id} exists already: two trainings within one second. Run it again.")
    baseline = winner.accuracy.to_dict()
    card: dict[str, Any] = {
        "model_id": model_id,
        "trained_at": now.isoformat(),
        "code_commit": commit,
        "code_dirty": dirty,
        "training_cutoff": window.cutoff.isoformat(),
        "labels_end": window.labels_end.isoformat(),
        "history_months": window.history_months,
        "pred_months": window.pred_months,
        "seed": SEED,
        "customers": len(training_set),
        "champion": winner.candidate.to_dict(),
        "baseline": {
            **baseline,
            "method": "out-of-time",
            "explanation": (
                f"fitted on the history up to {window.cutoff}, judged on all customers' spend "
                f"from the day after it to {window.labels_end}, which no candidate has seen"
            ),
        },
        "candidates": [entry.to_dict() for entry in contest.entries],
        "clusters": clusters.to_dict(),
        "data": data_fingerprint(home.database, window.labels_end.isoformat()),
        "environment": environment(),
    }
    model = {"model_id": model_id, "champion": card["champion"], "clusters": card["clusters"]}
    model["baseline"] = baseline_sample(training_set, winner.candidate.predict(training_set))
    card = registry.save(model, card)
    if promote:
        registry.append(card, now.isoformat(), "trained by `clv train`")
    say(f"{'champion' if promote else 'challenger'}: {model_id} ({winner.kind})")
    return card
