"""`clv train`: a contest on the newest closed window, and its winner as champion or challenger."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pandas as pd

from clv.core.dates import add_months, latest_cutoff, parse_date
from clv.core.wording import counted, in_months
from clv.errors import ClvError
from clv.prediction.baseline import baseline_sample
from clv.prediction.champion import without_bytes
from clv.prediction.clusters import Clusters, fit_clusters
from clv.project.config import Config
from clv.project.database import fetch, fetch_row
from clv.project.dbt import DbtProject
from clv.project.events import progress, say
from clv.project.home import Home
from clv.registry.promotion import TRAINING, begin, reported, same_champion
from clv.registry.provenance import code_version, data_fingerprint, environment, training_settings
from clv.registry.store import Registry
from clv.training.contest import Contest, hold_contest
from clv.training.plan import SLACK, Origin, Plan, plan_training

SEED = 20210101
# Rows of all training windows together; above it a sample of the customers is used.
LARGEST_TRAINING_SET = 1_000_000


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
    card = train_unreported(dbt, config, window, promote)
    reported(Registry(dbt.home.registry), TRAINING)
    return card


def train_unreported(
    dbt: DbtProject,
    config: Config,
    window: tuple[str | None, int | None, int | None],
    promote: bool,
) -> dict[str, Any]:
    """Train as `train` does; the journal holds the training until the caller has reported it.

    Until then another training that would make the same champion makes none, and returns its card.
    """
    cutoff = None if window[0] is None else parse_date(window[0], "cutoff")
    settings = training_settings(dbt.user_vars, config)
    dbt.refresh_log()
    first, last = fetch_row(
        dbt.home.database, "select data_from, data_through from int_clv__log_days"
    )
    chosen = choose_window(
        cutoff,
        window[1] or config.training.history_months,
        window[2] or config.training.pred_months,
        first,
        last,
    )
    registry = Registry(dbt.home.registry)
    standing = same_champion(registry, _wanted(dbt.home, chosen, settings)) if promote else None
    if standing is not None:
        say(f"{standing['model_id']} stands already: its training was cut off after it was decided")
        return standing
    plan = plan_training(Origin(chosen.cutoff, chosen.pred_months), chosen.history_months, first)
    plan = replace(plan, notes=(*history_notes(chosen, first), *plan.notes))
    dbt.build_training_set(plan.windows)
    training_set, share = _read_training_set(dbt.home)
    contest = hold_contest(training_set, plan, SEED)
    judged = training_set[
        (pd.to_datetime(training_set["cutoff"]).dt.date == plan.folds[0].judged.cutoff)
        & (training_set["pred_months"] == plan.folds[0].judged.pred_months)
    ]
    limits = config.clusters
    clusters = fit_clusters(
        judged, limits.min_clusters, limits.max_clusters, limits.smallest_share, SEED,
        partial(progress, label="clusters"),
    )  # fmt: skip
    sample = baseline_sample(
        judged, contest.predicted, contest.champion.predict(judged), plan.data_from
    )
    return _record(dbt.home, chosen, plan, contest, clusters, sample, settings, share, promote)


def _wanted(home: Home, window: TrainingWindow, settings: dict[str, Any]) -> dict[str, Any]:
    """Return what a card says of a training before it was held: two with the same make one model."""
    commit, dirty = code_version()
    return {
        "code_commit": commit,
        "code_dirty": dirty,
        "training_cutoff": window.cutoff.isoformat(),
        "labels_end": window.labels_end.isoformat(),
        "history_months": window.history_months,
        "pred_months": window.pred_months,
        "seed": SEED,
        "settings": settings,
        "data": data_fingerprint(home.database, window.labels_end.isoformat()),
    }


def _read_training_set(home: Home) -> tuple[pd.DataFrame, float]:
    """Return the training set, of a sample of customers where it is large, and their share.

    The same customers are taken in every window, by a digest of their ids.
    """
    total = int(
        fetch(home.database, "select count(*) as n from int_clv__training_set")["n"].iloc[0]
    )
    share = min(1.0, LARGEST_TRAINING_SET / max(total, 1))
    chosen = "true"
    if share < 1:
        buckets = max(1, int(share * 10_000))
        share = buckets / 10_000
        chosen = f"md5_number_lower(customer_id) % 10000 < {buckets}"
        say(f"{total:,} rows of training windows: a sample of {share:.1%} of the customers is used")
    columns = fetch(home.database, "describe int_clv__training_set")
    wanted = ", ".join(
        f'cast("{name}" as double) as "{name}"' if kind.startswith("DECIMAL") else f'"{name}"'
        for name, kind in zip(columns["column_name"], columns["column_type"], strict=True)
    )
    query = (
        f"select {wanted} from int_clv__training_set where {chosen} "
        "order by cutoff, history_months, pred_months, customer_id"
    )
    return fetch(home.database, query), share


def choose_window(
    cutoff: dt.date | None, history_months: int, pred_months: int, first: dt.date, last: dt.date
) -> TrainingWindow:
    """Check the window against the days of the log; without a cutoff take the latest possible.

    Raises
    ------
    ClvError
        When the labels would end after `last`, or the cutoff lies before `first`.
    """
    latest = latest_cutoff(last, pred_months)
    chosen = TrainingWindow(cutoff or latest, history_months, pred_months)
    if latest < first:
        raise ClvError(
            f"the log runs from {first} to {last}, too short for {in_months(pred_months)} of "
            "prediction with a history before them. Use a smaller --pred-months."
        )
    if chosen.labels_end > last:
        raise ClvError(
            f"training at {chosen.cutoff} needs labels up to {chosen.labels_end}, but the data is "
            f"complete only through {last}. The latest cutoff for {in_months(pred_months)} of "
            f"prediction is {latest}: use it, or a smaller --pred-months."
        )
    if chosen.cutoff < first:
        raise ClvError(
            f"training cutoff {chosen.cutoff} lies before the data, which begins on {first}. "
            f"Choose a cutoff up to {latest}, or a smaller --pred-months."
        )
    return chosen


def history_notes(window: TrainingWindow, first: dt.date) -> list[str]:
    """Say so where the log, which begins on `first`, does not hold the history that was asked for."""
    if add_months(window.cutoff, -window.history_months) + SLACK >= first:
        return []
    days = counted((window.cutoff - first).days + 1, "day", "days")
    return [
        f"the log begins on {first}: of the {in_months(window.history_months)} of "
        f"history asked for, {days} up to {window.cutoff} are there"
    ]


def _record(
    home: Home,
    window: TrainingWindow,
    plan: Plan,
    contest: Contest,
    clusters: Clusters,
    sample: dict[str, Any],
    settings: dict[str, Any],
    share: float,
    promote: bool,
) -> dict[str, Any]:
    winner = contest.winner
    assert winner.accuracy is not None
    judged = plan.folds[0]
    now = dt.datetime.now(dt.timezone.utc).replace(microsecond=0)
    model_id = (
        f"clv_{window.cutoff:%Y%m%d}_h{window.history_months}_p{window.pred_months}"
        f"_{now:%Y%m%dT%H%M%SZ}"
    )
    registry = Registry(home.registry)
    if registry.card_path(model_id).exists():
        raise ClvError(f"{model_id} exists already: two trainings within one second. Run it again.")
    wanted = _wanted(home, window, settings)
    data = wanted.pop("data")
    baseline = winner.accuracy.to_dict()
    stored = contest.champion.to_dict()
    card: dict[str, Any] = {
        "model_id": model_id,
        "trained_at": now.isoformat(),
        **wanted,
        "customers": winner.accuracy.customers,
        "champion": without_bytes(stored),
        "baseline": {
            **baseline,
            "method": "out-of-time" if judged.learnt_from else "out-of-fold",
            "window": str(judged.judged),
            "pred_months": judged.judged.pred_months,
            "customers_sampled": share,
            "explanation": _explanation(plan, share),
        },
        "contest": {
            "windows": [
                {"judged": str(f.judged), "learnt_from": [str(o) for o in f.learnt_from]}
                for f in plan.folds
            ],
            "deployed_on": [str(o) for o in plan.deployed],
            "duels": [duel.to_dict() for duel in contest.duels],
            "why": contest.why,
            "notes": list(plan.notes),
            "bounds_on_newest_window": contest.coverage,
        },
        "candidates": [entry.to_dict() for entry in contest.entries],
        "clusters": clusters.to_dict(),
        "data": data,
        "environment": environment(),
    }
    model = {"model_id": model_id, "champion": stored, "clusters": card["clusters"]}
    model["baseline"] = sample
    begin(registry, TRAINING, model_id)
    card = registry.save(model, card)
    if promote:
        registry.append(card, now.isoformat(), "trained by `clv train`")
    say(f"{'champion' if promote else 'challenger'}: {model_id} ({winner.kind}; {contest.why})")
    for note in plan.notes:
        say(note)
    return card


def _explanation(plan: Plan, share: float) -> str:
    fold = plan.folds[0]
    judged = fold.judged
    sampled = "" if share == 1 else f" (a sample of {share:.1%})"
    learnt = (
        "on labels that had ended by then"
        if fold.learnt_from
        else "on the other customers of the same window, which flatters learning candidates"
    )
    return (
        f"fitted on the history up to {judged.cutoff} and {learnt}, judged on all customers' spend"
        f"{sampled} from the day after it to {judged.labels_end}, which no candidate has seen; "
        f"the champion was then fitted again on everything known by {plan.known_through}"
    )
