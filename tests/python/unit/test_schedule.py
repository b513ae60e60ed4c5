"""When batches are due."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv.errors import ClvError
from clv.operations.schedule import Schedule
from clv.project.config import Config

START = dt.date(2021, 1, 1)
LABELS_END = dt.date(2020, 12, 31)
FRESH = Config.model_validate(
    {
        "training": {"history_months": 9, "pred_months": 6},
        "monitoring": {"drift_threshold_rmse": 0.2, "drift_threshold_r2": 0.15},
    }
)


def with_run(config: Config, **keys: object) -> Config:
    return config.model_copy(update={"run": config.run.model_copy(update=keys)})


def days(*numbers: int) -> list[dt.date]:
    return [START + dt.timedelta(days=number) for number in numbers]


def test_a_new_champion_starts_where_its_training_labels_end():
    schedule = Schedule.of(FRESH, "a", LABELS_END)
    assert (schedule.start, schedule.next_cutoff) == (LABELS_END, LABELS_END)


def test_batches_come_every_14_days_for_12_weeks_and_every_30_afterwards():
    schedule = Schedule("a", START, START)
    assert schedule.due(START + dt.timedelta(days=174)) == days(
        0, 14, 28, 42, 56, 70, 84, 114, 144, 174
    )


@pytest.mark.parametrize(("age", "step"), [(0, 14), (70, 14), (83, 14), (84, 30), (85, 30)])
def test_the_step_widens_exactly_12_weeks_after_the_first_batch(age, step):
    cutoff = START + dt.timedelta(days=age)
    assert Schedule("a", START, cutoff).after(cutoff) == cutoff + dt.timedelta(days=step)


def test_what_is_due_ends_with_the_data_and_includes_its_last_day():
    schedule = Schedule("a", START, START)
    assert schedule.due(START - dt.timedelta(days=1)) == []
    assert schedule.due(START) == days(0)
    assert schedule.due(START + dt.timedelta(days=13)) == days(0)
    assert schedule.due(START + dt.timedelta(days=14)) == days(0, 14)


def test_the_same_champion_goes_on_in_its_own_rhythm():
    known = with_run(
        FRESH, schedule_model_id="a", schedule_start=START, last_score_cutoff=days(114)[0]
    )
    schedule = Schedule.of(known, "a", LABELS_END)
    assert schedule.start == START
    assert schedule.due(days(144)[0]) == days(114, 144)


def test_a_new_champion_goes_on_at_the_next_cutoff_and_restarts_the_12_weeks():
    known = with_run(
        FRESH, schedule_model_id="a", schedule_start=START, last_score_cutoff=days(114)[0]
    )
    schedule = Schedule.of(known, "b", LABELS_END)
    assert schedule.start == days(114)[0]
    assert schedule.due(days(142)[0]) == days(114, 128, 142)


def test_a_cutoff_that_a_person_wrote_wins_over_the_end_of_labels():
    written = with_run(FRESH, last_score_cutoff=dt.date(2020, 6, 30))
    assert Schedule.of(written, "a", LABELS_END).next_cutoff == dt.date(2020, 6, 30)


@given(st.lists(st.integers(0, 200), min_size=1, max_size=6))
def test_however_the_runs_are_spread_the_same_cutoffs_are_scored(gaps):
    config, scored, through = FRESH, [], LABELS_END
    for gap in gaps:
        through += dt.timedelta(days=gap)
        schedule = Schedule.of(config, "a", LABELS_END)
        due = schedule.due(through)
        if due:
            scored += due
            config = with_run(
                config,
                last_score_cutoff=schedule.after(due[-1]),
                schedule_model_id="a",
                schedule_start=schedule.start,
            )
    assert scored == Schedule.of(FRESH, "a", LABELS_END).due(through)


def test_a_schedule_that_would_never_end_is_refused_with_where_to_set_it():
    assert len(Schedule("a", START, START).due(START + dt.timedelta(days=29_000))) < 1_000
    with pytest.raises(ClvError, match=r"more than 1,000 cutoffs are due from 1900-01-01"):
        Schedule("a", dt.date(1900, 1, 1), dt.date(1900, 1, 1)).due(START)
