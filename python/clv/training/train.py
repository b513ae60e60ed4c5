"""`clv train`: a contest on the newest closed window, and its winner as champion or challenger."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from clv.core.dates import latest_cutoff
from clv.core.window import Window, WindowLengths, WindowRequest
from clv.core.wording import counted, in_months
from clv.errors import ClvError
from clv.prediction.baseline import baseline_sample
from clv.prediction.champion import without_arrays
from clv.prediction.clusters import ClusterOptions, Clusters, fit_clusters
from clv.project.config import Config
from clv.project.database import LogDays, log_days, purchases_by_day
from clv.project.dbt import DbtProject
from clv.project.events import progress, say
from clv.project.home import Home
from clv.registry.card import ModelCard
from clv.registry.model_file import ModelFile
from clv.registry.model_id import ModelId
from clv.registry.promotion import TRAINING, begin, reported, same_champion
from clv.registry.provenance import code_version, data_fingerprint, environment, training_settings
from clv.registry.store import Registry
from clv.training.contest import Contest, hold_contest
from clv.training.examples import rows_of
from clv.training.plan import Plan, begins_in_log, plan_training
from clv.training.training_set import read_training_set, sampled_share

SEED = 20210101
NO_SEASON = (
    "the log is too short, or too uneven, to know its season: totals of the coming window may be off "
    "by as much as the window is busier or quieter than the months before it"
)


@dataclass(frozen=True)
class Training:
    """A finished training, before it is recorded.

    Attributes
    ----------
    sampled : float
        Share of the customers that it was trained on.
    baseline_sample : dict
        What the model file keeps of the customers that the baseline was measured on.
    settings : dict
        What the training was asked for beyond its window.
    """

    plan: Plan
    contest: Contest
    clusters: Clusters
    sampled: float
    baseline_sample: dict[str, Any]
    settings: dict[str, Any]


def train(dbt: DbtProject, config: Config, request: WindowRequest, promote: bool) -> ModelCard:
    """Train on the log as of a cutoff, write model and card, and promote unless told not to.

    Parameters
    ----------
    request : WindowRequest
        What the user asked for. Without a cutoff: the latest whose labels lie within the data.
        Without months: the config's.

    Returns
    -------
    ModelCard
        Its card.

    Raises
    ------
    ClvError
        When the labels would end after the data, or nobody bought in the history.
    """
    card = train_unreported(dbt, config, request, promote)
    reported(Registry(dbt.home.registry), TRAINING)
    return card


def train_unreported(
    dbt: DbtProject, config: Config, request: WindowRequest, promote: bool
) -> ModelCard:
    """Train as `train` does; the journal holds the training until the caller has reported it.

    Until then another training that would make the same champion makes none, and returns its card.
    """
    settings = training_settings(dbt.home_log, config)
    dbt.refresh_log()
    days = log_days(dbt.home.database)
    lengths = WindowLengths(
        request.history_months or config.training.history_months,
        request.pred_months or config.training.pred_months,
    )
    chosen = choose_window(request.cutoff, lengths, days)
    registry = Registry(dbt.home.registry)
    standing = same_champion(registry, _wanted(dbt.home, chosen, settings)) if promote else None
    if standing is not None:
        say(f"{standing.model_id} stands already: its training was cut off after it was decided")
        dbt.keep_log_contract(standing.labels_end)
        return standing
    plan = plan_training(chosen, days.first)
    plan = replace(plan, notes=(*history_notes(chosen, days.first), *plan.notes))
    share = sampled_share(dbt.home.database, plan.windows)
    dbt.build_training_set(plan.windows, share)
    training_set = read_training_set(dbt.home.database)
    daily = purchases_by_day(dbt.home.database)
    contest = hold_contest(training_set, plan, SEED, daily)
    if contest.champion.encoder.clock.is_flat:
        plan = replace(plan, notes=(*plan.notes, NO_SEASON))
    plan = replace(plan, notes=(*plan.notes, *contest.notes))
    judged = rows_of(training_set, plan.folds[0].judged)
    limits = config.clusters
    options = ClusterOptions(limits.min_clusters, limits.max_clusters, limits.smallest_share)
    clusters = fit_clusters(judged, options, SEED, partial(progress, label="clusters"))
    champion = contest.champion.predict(judged)
    sample = baseline_sample(judged, contest.predicted, champion, plan.data_from)
    training = Training(plan, contest, clusters, share, sample, settings)
    card = _record(dbt.home, training, promote)
    dbt.keep_log_contract(card.labels_end)
    return card


def _wanted(home: Home, window: Window, settings: dict[str, Any]) -> dict[str, Any]:
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


def choose_window(cutoff: dt.date | None, lengths: WindowLengths, days: LogDays) -> Window:
    """Check a window against the days of the log; without a cutoff take the latest possible.

    Raises
    ------
    ClvError
        When the labels would end after the log, or the cutoff lies before it.
    """
    latest = latest_cutoff(days.last, lengths.pred_months)
    chosen = lengths.at(cutoff or latest)
    ahead = in_months(chosen.pred_months)
    if latest < days.first:
        raise ClvError(
            f"the log runs from {days.first} to {days.last}, too short for {ahead} of "
            "prediction with a history before them. Use a smaller --pred-months."
        )
    if chosen.labels_end > days.last:
        raise ClvError(
            f"training at {chosen.cutoff} needs labels up to {chosen.labels_end}, but the data is "
            f"complete only through {days.last}. The latest cutoff for {ahead} of "
            f"prediction is {latest}: use it, or a smaller --pred-months."
        )
    if chosen.cutoff < days.first:
        raise ClvError(
            f"training cutoff {chosen.cutoff} lies before the data, which begins on {days.first}. "
            f"Choose a cutoff up to {latest}, or a smaller --pred-months."
        )
    return chosen


def history_notes(window: Window, first: dt.date) -> list[str]:
    """Say so where the log, which begins on `first`, does not hold the history that was asked for."""
    if begins_in_log(window, first):
        return []
    days = counted((window.cutoff - first).days + 1, "day", "days")
    return [
        f"the log begins on {first}: of the {in_months(window.history_months)} of "
        f"history asked for, {days} up to {window.cutoff} are there"
    ]


def _record(home: Home, training: Training, promote: bool) -> ModelCard:
    plan, contest = training.plan, training.contest
    window, winner = plan.chosen, contest.winner
    assert winner.accuracy is not None
    judged = plan.folds[0]
    now = dt.datetime.now(dt.timezone.utc).replace(microsecond=0)
    model_id = ModelId.of_training(window.cutoff, window.history_months, window.pred_months, now)
    registry = Registry(home.registry)
    if registry.card_path(model_id).exists():
        raise ClvError(f"{model_id} exists already: two trainings within one second. Run it again.")
    wanted = _wanted(home, window, training.settings)
    data = wanted.pop("data")
    baseline = winner.accuracy.to_dict()
    stored = contest.champion.to_dict()
    card: dict[str, Any] = {
        "model_id": model_id,
        "trained_at": now.isoformat(),
        **wanted,
        "customers": winner.accuracy.customers,
        "champion": without_arrays(stored),
        "baseline": {
            **baseline,
            "method": "out-of-time" if judged.learnt_from else "out-of-fold",
            "window": str(judged.judged),
            "pred_months": judged.judged.pred_months,
            "customers_sampled": training.sampled,
            "explanation": _explanation(plan, training.sampled),
        },
        "contest": {
            "windows": [
                {"judged": str(f.judged), "learnt_from": [str(w) for w in f.learnt_from]}
                for f in plan.folds
            ],
            "deployed_on": [str(w) for w in plan.deployed],
            "duels": [comparison.to_dict() for comparison in contest.comparisons],
            "why": contest.why,
            "notes": list(plan.notes),
            "bounds_on_newest_window": contest.coverage,
            **({"attributes": contest.brought.to_dict()} if contest.brought else {}),
        },
        "candidates": [entry.to_dict() for entry in contest.entries],
        "clusters": training.clusters.to_dict(),
        "data": data,
        "environment": environment(),
    }
    model = ModelFile(model_id, stored, card["clusters"], training.baseline_sample)
    begin(registry, TRAINING, model_id)
    saved = registry.save(model, card)
    if promote:
        registry.append(saved, now, "trained by `clv train`")
    say(f"{'champion' if promote else 'challenger'}: {model_id} ({winner.kind}; {contest.why})")
    for note in (*plan.notes, *([contest.brought.sentence] if contest.brought else [])):
        say(note)
    return saved


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
