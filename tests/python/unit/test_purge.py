"""Retention: what goes, what stays, and that the record of both is whole."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import pytest
from registry_world import add_model, named

from clv.operations.purge import carry_out
from clv.operations.retention import make_plan
from clv.project.home import Home
from clv.registry import purge_log
from clv.registry.model_id import ModelId
from clv.registry.store import Registry
from clv.registry.verify import verify

NOW = dt.datetime(2030, 6, 15, tzinfo=dt.timezone.utc)


def day(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"{text}T00:00:00+00:00")


ANCIENT = named(at=day("2022-01-01"))
WAITING = named(at=day("2029-01-01"))
YOUNG = named(at=day("2030-01-01"))
CHAMPION = named(at=day("2029-02-01"))
CHALLENGER = named(at=day("2029-03-01"))
NEXT = named(at=day("2030-06-01"))


def add(home: Home, model_id: ModelId, promote: bool = True) -> None:
    add_model(Registry(home.registry), at=model_id.trained_at, promote=promote)


def ledger(home: Home, batches: list[tuple[str, str, str, bool]]) -> None:
    """Batches of (cutoff, model_id, scored_at, labelled)."""
    with duckdb.connect(str(home.database)) as connection:
        connection.execute(
            "create or replace table clv_predictions"
            " (cutoff date, pred_months int, model_id text, scored_at timestamp);"
            "create or replace table clv_predictions_actual (cutoff date, pred_months int, model_id text);"
            "create or replace table clv_drift (cutoff date, pred_months int);"
        )
        for cutoff, model_id, scored_at, labelled in batches:
            connection.execute(
                "insert into clv_predictions values (?, 3, ?, ?)", [cutoff, model_id, scored_at]
            )
            if labelled:
                connection.execute(
                    "insert into clv_predictions_actual values (?, 3, ?)", [cutoff, model_id]
                )
                connection.execute("insert into clv_drift values (?, 3)", [cutoff])


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    for model_id in (ANCIENT, WAITING, YOUNG, CHAMPION):
        add(home, model_id)
    add(home, CHALLENGER, promote=False)
    return home


def names(plan: Any, kind: str) -> set[str]:
    return {Path(item.name).stem for item in plan.of(kind)}


def test_model_files_go_by_age_unless_champion_or_needed(home: Home) -> None:
    ledger(home, [("2029-01-01", WAITING, "2029-01-02", False)])
    plan = make_plan(home, NOW, 9, archive=False)
    assert names(plan, "model file") == {ANCIENT, CHALLENGER}
    assert any(CHAMPION in line for line in plan.kept) and any(
        "not yet labelled" in line for line in plan.kept
    )
    assert names(make_plan(home, NOW, 120, archive=False), "model file") == set()
    assert names(make_plan(home, NOW, 5, archive=False), "model file") == {
        ANCIENT,
        CHALLENGER,
        YOUNG,
    }


def test_deletions_are_logged_and_verified_afterwards(home: Home) -> None:
    registry = Registry(home.registry)
    plan = make_plan(home, NOW, 9, archive=False)
    before = registry.manifest.read_bytes()
    assert registry.model_path(ANCIENT).exists()  # planning deletes nothing
    carry_out(plan, None, None)  # type: ignore[arg-type]
    assert not registry.model_path(ANCIENT).exists() and registry.model_path(CHAMPION).exists()
    assert registry.manifest.read_bytes() == before and registry.card_path(ANCIENT).exists()
    entries = purge_log.read(home)
    assert {Path(e.item).stem for e in entries} == {ANCIENT, CHALLENGER, WAITING}
    assert all(len(e.sha256) == 64 and "over 9 months" in e.why for e in entries)
    report = verify(home)
    assert report.findings == [] and any("deleted by `clv purge`" in note for note in report.notes)
    assert make_plan(home, NOW, 9, archive=False).items == []


def test_a_purge_that_was_killed_after_its_log_is_completed_without_a_second_entry(
    home: Home,
) -> None:
    plan = make_plan(home, NOW, 9, archive=False)
    stop = Registry(home.registry).model_path(WAITING)
    content = stop.read_bytes()
    carry_out(plan, None, None)  # type: ignore[arg-type]
    stop.write_bytes(content)
    carry_out(make_plan(home, NOW, 9, archive=False), None, None)  # type: ignore[arg-type]
    assert not stop.exists()
    assert len(purge_log.read(home)) == 3


def test_batches_go_a_year_after_scoring_once_judged_and_never_the_newest(home: Home) -> None:
    ledger(home, [
        ("2028-01-01", WAITING, "2028-01-02", True),
        ("2028-02-01", WAITING, "2028-02-02", False),
        ("2028-03-01", WAITING, "2029-12-01", True),
        ("2028-04-01", WAITING, "2028-04-02", True),
    ])  # fmt: skip
    files = [
        home.outputs / f"{table}_20280101_pred3m.csv"
        for table in ("clv_predictions", "clv_predictions_actual")
    ]
    home.outputs.mkdir()
    for file in files:
        file.write_text("x")
    plan = make_plan(home, NOW, 9, archive=False)
    assert [item.name for item in plan.of("batch")] == ["2028-01-01 + 3 months"]
    assert [Path(item.name).name for item in plan.of("csv file")] == [
        "clv_predictions_20280101_pred3m.csv"
    ]
    assert any("newest" in line for line in plan.kept)


def test_records_are_touched_only_with_archive_and_only_over_7_years(
    home: Home, tmp_path: Path
) -> None:
    registry = Registry(home.registry)
    assert not make_plan(home, NOW, 9, archive=False).of("card")
    plan = make_plan(home, NOW, 9, archive=True)
    assert names(plan, "card") == {ANCIENT}
    assert [item.name for item in plan.of("manifest row")] == [f"row 1 ({ANCIENT})"]
    archive = tmp_path / "old papers"
    carry_out(plan, None, archive)  # type: ignore[arg-type]
    assert (archive / "cards" / f"{ANCIENT}.json").exists()
    assert ANCIENT in (archive / "champion_manifest_rows_00001_00001.csv").read_text()
    assert [row.manifest_row for row in registry.rows()] == [2, 3, 4]
    assert verify(home).findings == []
    add(home, NEXT)
    assert registry.champion().manifest_row == 5
    rows = registry.rows()
    registry.write_rows(rows[1:])
    assert "row 2 was deleted" in str(verify(home).findings[0])


def test_rows_whose_batches_are_in_the_ledgers_stay(home: Home) -> None:
    ledger(
        home,
        [
            ("2022-02-01", ANCIENT, "2022-02-02", True),
            ("2030-01-01", YOUNG, "2030-01-02", False),
        ],
    )
    plan = make_plan(home, NOW, 9, archive=True)
    assert plan.of("manifest row") == [] and plan.of("card") == []
    assert any("batches are in the ledgers" in line for line in plan.kept)
