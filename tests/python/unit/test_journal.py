"""Operations that are killed at any durable step end as if undisturbed, by the next command."""

from __future__ import annotations

import datetime as dt
import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from killed import killed_at
from registry_world import add_model, moment
from shop import Shop
from test_purge import ANCIENT, CHAMPION, NEXT, add, ledger

from clv.core.dates import now
from clv.errors import ClvError
from clv.monitoring.alerts import _note, _noted, announced
from clv.monitoring.relabel import changes
from clv.operations.begun import begin, reported
from clv.operations.purge import carry_out, clock_doubt
from clv.operations.recovery import at_work, recover
from clv.operations.retention import make_plan
from clv.project.home import Home
from clv.project.journal import Journal
from clv.registry import promotion, purge_log
from clv.registry.store import Registry
from clv.registry.verify import verify
from clv.scoring.publish import BATCH_FILES, PUBLISHED, publish_marts, write_batch_files
from clv.scoring.staleness import read_index

pytestmark = pytest.mark.slow

NOW = dt.datetime(2030, 6, 15, tzinfo=dt.timezone.utc)
BATCH = "1997-12-31"
MODEL = "clv_19970930_h9_p3_20200101T000005Z"
CHALLENGER = "clv_19970930_h9_p3_20200101T000009Z"


class Ledgers:
    """Stands for dbt: deletes batches as the macro `delete_batches` does."""

    def __init__(self, home: Home) -> None:
        self.home = home

    def delete_batches(self, batches: list[tuple[str, int]]) -> None:
        with duckdb.connect(str(self.home.database)) as connection:
            for cutoff, months in batches:
                connection.execute(
                    "delete from clv_predictions where cutoff = ? and pred_months = ?",
                    [cutoff, months],
                )


def quiet(_: pd.DataFrame) -> None:
    """Show no table."""


def recovered(home: Home, show: Callable[[pd.DataFrame], None] = quiet) -> None:
    with at_work(Ledgers(home), show):  # type: ignore[arg-type]
        pass


def files(home: Home) -> dict[str, bytes]:
    """Return the files of the home but for databases, clocks, and what the next sweep takes."""
    return {
        str(path.relative_to(home.root)): path.read_bytes()
        for path in home.root.rglob("*")
        if path.is_file()
        and ".clv." not in path.name
        and path.suffix not in (".duckdb", ".tmp")
        and not path.name.startswith(".")
    }


def test_a_promotion_killed_at_any_step_is_whole_or_has_not_begun(tmp_path: Path) -> None:
    def world(name: str) -> Registry:
        registry = Registry(Home(tmp_path / name).registry)
        for n in range(2):
            add_model(registry, n)
        add_model(registry, 9, promote=False)
        return registry

    def promote(registry: Registry) -> None:
        registry.append(registry.card(CHALLENGER), moment(99), "why")

    undisturbed = world("undisturbed")
    before = files(Home(undisturbed.root.parent))
    promote(undisturbed)
    expected = files(Home(undisturbed.root.parent))
    steps, ends = 0, []
    while True:
        registry = world(f"killed{steps + 1}")
        home = Home(registry.root.parent)
        if not killed_at(steps + 1, lambda registry=registry: promote(registry)):  # type: ignore[misc]
            break
        steps += 1
        # The recovery itself is killed, too, wherever that can be.
        again = 1
        while killed_at(again, lambda home=home: recovered(home)):  # type: ignore[misc]
            again += 1
        recovered(home)
        after = files(home)
        assert after in (before, expected)
        ends.append(after == expected)
        assert verify(home).findings == [] == verify(home).notes
    # Only before the intent was recorded nothing was decided.
    assert steps == 5 and ends == [False, True, True, True, True]


def test_a_training_killed_before_its_promotion_leaves_nothing(tmp_path: Path) -> None:
    def train(registry: Registry, report: bool = True) -> None:
        promotion.begin(registry, promotion.TRAINING, MODEL)
        add_model(registry, 5)
        if report:
            promotion.reported(registry, promotion.TRAINING)

    steps, outcomes = 0, []
    while True:
        home = Home(tmp_path / f"killed{steps + 1}")
        registry = Registry(home.registry)
        add_model(registry, 1)
        before = files(home)
        if not killed_at(steps + 1, lambda registry=registry: train(registry)):  # type: ignore[misc]
            break
        steps += 1
        recovered(home)
        stands = promotion.stands_unreported(registry, promotion.TRAINING)
        if stands is None:
            assert files(home) == before
        else:
            assert stands == MODEL == registry.champion().model_id
        recovered(home)  # a second command in between changes nothing
        assert promotion.stands_unreported(registry, promotion.TRAINING) == stands
        outcomes.append(stands is not None)
        assert verify(home).findings == [] and len(registry.rows()) == 1 + (stands is not None)
    # Entry, model file, card, intent; then manifest, head, metrics, end of promotion and training.
    assert outcomes == [False] * 4 + [True] * 5


def test_the_same_training_again_makes_no_second_champion_and_another_one_does(
    tmp_path: Path,
) -> None:
    registry = Registry(tmp_path / "registry")
    promotion.begin(registry, promotion.TRAINING, MODEL)
    add_model(registry, 5)
    card = registry.card(MODEL)
    wanted = {name: card.content[name] for name in ("training_cutoff", "code_commit", "data")}
    assert promotion.same_champion(registry, wanted) == card
    assert promotion.same_champion(registry, {**wanted, "training_cutoff": "1997-10-31"}) is None
    assert promotion.same_champion(registry, {**wanted, "data": {"fingerprint": "g"}}) is None
    promotion.reported(registry, promotion.TRAINING)
    assert promotion.same_champion(registry, wanted) is None  # a person asks for another one


def test_the_same_promotion_again_ends_with_0_where_a_killed_one_was_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> None:
        raise AssertionError("the models were compared again")

    monkeypatch.setattr("clv.cli.models.compare", never)
    home = Home(tmp_path)
    home.ensure()
    registry = Registry(home.registry)
    add_model(registry, 1)
    add_model(registry, 9, promote=False)
    promotion.begin(registry, promotion.PROMOTE, CHALLENGER)
    assert killed_at(3, lambda: registry.append(registry.card(CHALLENGER), moment(99), "why"))
    done = Shop(tmp_path).clv("promote", CHALLENGER, "--reason", "why", "--yes")
    assert done.code == 0, done.err
    assert f"{CHALLENGER} is champion already" in done.err and "head of the manifest" in done.err
    assert [row.model_id for row in registry.rows()][1:] == [CHALLENGER]
    assert list(registry.journal.root.iterdir()) == []


def shop_to_purge(home: Home) -> Home:
    """Make a home with a batch, files and models that are due, and marts that hold the batch."""
    for model_id in (ANCIENT, CHAMPION):
        add(home, model_id)
    batches = [
        (BATCH, CHAMPION, "2029-01-02", True),
        ("1998-03-31", CHAMPION, "2030-06-01", False),
    ]
    ledger(home, batches)
    with duckdb.connect(str(home.database)) as connection:
        for table in PUBLISHED:
            if table in ("clv_predictions", "clv_predictions_actual", "clv_drift"):
                continue
            connection.execute(
                f"create view {table} as select *, 1 as cluster_rank, 1 as clv_rank"
                " from clv_predictions"
                if table in (*BATCH_FILES, "customer_segments")
                else f"create table {table} as select 1 as one"
            )
        connection.execute(
            "create table int_clv__log_days as select date '1998-06-30' as data_through"
        )
        for table in ("clv_predictions", "clv_predictions_actual"):
            connection.execute(f"alter table {table} add column customer_id text default 'a'")
        connection.execute("alter table clv_predictions_actual add column labelled_at timestamp")
    write_batch_files(home)
    publish_marts(home)
    return home


def in_marts(home: Home) -> set[str]:
    with duckdb.connect(str(home.outputs / "clv_marts.duckdb"), read_only=True) as marts:
        return {
            str(day) for (day,) in marts.execute("select cutoff from clv_predictions").fetchall()
        }


def purge(home: Home, archive: Path) -> None:
    carry_out(make_plan(home, NOW, 9, archive=True), Ledgers(home), archive)  # type: ignore[arg-type]


def test_a_purge_killed_at_any_step_is_completed_and_its_list_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = dt.datetime(2030, 6, 15, tzinfo=dt.timezone.utc)  # the same in every trial
    monkeypatch.setattr("clv.registry.batch_hashes.now", lambda: recorded)
    monkeypatch.setattr("clv.scoring.published.now", lambda: recorded)
    template = shop_to_purge(Home(tmp_path / "template"))
    undisturbed = Home(shutil.copytree(template.root, tmp_path / "undisturbed"))
    whole = files(undisturbed)
    archive = tmp_path / "archive"
    purge(undisturbed, archive)
    expected, archived = files(undisturbed), {p.name: p.read_bytes() for p in archive.rglob("*.*")}
    assert len(whole.keys() - expected.keys()) == 6 and len(archived) == 2
    steps, ends = 0, []
    while True:
        home, papers = Home(tmp_path / f"killed{steps + 1}"), tmp_path / f"archive{steps + 1}"
        shutil.copytree(template.root, home.root)
        if not killed_at(steps + 1, lambda home=home, papers=papers: purge(home, papers)):  # type: ignore[misc]
            break
        steps += 1
        shown: list[pd.DataFrame] = []
        if steps % 3 == 0:  # the recovery is killed as well
            killed_at(2, lambda home=home: recovered(home))  # type: ignore[misc]
        recovered(home, shown.append)
        after = files(home)
        if after == whole:  # nothing was decided
            assert shown == [] and steps == 1
            continue
        entries = purge_log.read(home)
        log = "registry/purge_log.csv"
        moved = after.pop(log).replace(str(papers).encode(), str(archive).encode())
        assert {**after, log: moved} == expected
        assert {p.name: p.read_bytes() for p in papers.rglob("*.*")} == archived
        assert in_marts(home) == {"1998-03-31"}
        assert [len(table) for table in shown] in ([len(entries)], [])
        ends.append(len(shown))
        assert verify(home).findings == []
    assert steps >= 15 and sum(ends) == len(ends) > 10


def test_a_purge_that_the_journal_does_not_describe_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    add_model(Registry(home.registry), 1)
    precious = tmp_path / "precious"
    precious.write_text("mine")
    journal = Registry(home.registry).journal
    for kind, item in (
        ("csv file", "../precious"),
        ("csv file", "outputs/../../precious"),
        ("model file", "registry/champion_manifest.csv"),
        ("batch", "1997-12-31 + many months"),
        ("anything", "x"),
    ):
        entry = ["2030", kind, item, "deleted", "", "because"]
        journal.begin("purge", {"entries": [entry], "archive": None})
        with pytest.raises(ClvError, match=r"purge\.json does not hold what a purge writes"):
            recovered(home)
    assert precious.exists() and Registry(home.registry).manifest.exists()
    assert purge_log.read(home) == []


@pytest.mark.parametrize(
    "text", ["", "[1", "[]", "{}", '{"operation": "purge", "intent": {}, "steps": 3}', "²" * 5]
)
def test_an_entry_that_is_none_is_one_clear_message(tmp_path: Path, text: str) -> None:
    journal = Journal(tmp_path)
    journal.begin("purge", {})
    journal.path("purge").write_text(text)
    with pytest.raises(ClvError, match=r"purge\.json .*delete it: then what was left"):
        journal.entry("purge")


def test_a_clock_far_ahead_of_the_log_asks_before_it_deletes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Home(tmp_path).ensure()
    home = shop_to_purge(Home(tmp_path))
    with duckdb.connect(str(home.database)) as connection:
        connection.execute(
            "create or replace table int_clv__log_days as select date '2030-05-01' as data_through"
        )
    assert clock_doubt(make_plan(home, NOW, 9, archive=False)) is None
    moved_on = make_plan(home, NOW + dt.timedelta(days=425), 9, archive=False)
    assert "the log is complete through 2030-05-01, 470 days earlier" in str(clock_doubt(moved_on))

    monkeypatch.setattr("clv.cli.models.now", lambda: NOW + dt.timedelta(days=425))
    monkeypatch.setattr("clv.cli.models.carry_out", lambda *_: carried.append(True))
    carried: list[bool] = []
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    before = files(home)
    asked = Shop(home.root).clv("purge")
    assert asked.code == 1 and "give --yes" in asked.err and "470 days earlier" in asked.err
    after = files(home)
    assert carried == [] and {name: after[name] for name in before} == before
    assert Shop(home.root).clv("purge", "--dry-run").code == 0 and carried == []
    assert Shop(home.root).clv("purge", "--yes").code == 0 and carried == [True]


def test_without_a_log_the_newest_training_says_what_day_it_is(tmp_path: Path) -> None:
    home = Home(tmp_path)
    add(home, ANCIENT)
    add(home, NEXT)
    assert clock_doubt(make_plan(home, NOW, 9, archive=False)) is None
    late = make_plan(home, NOW + dt.timedelta(days=90), 9, archive=False)
    assert "the newest training is of 2030-06-01" in str(clock_doubt(late))


def test_csv_files_are_stale_by_content_and_never_by_their_time(tmp_path: Path) -> None:
    home = shop_to_purge(Home(tmp_path))
    assert write_batch_files(home) == []
    path = home.outputs / "clv_predictions_19980331_pred3m.csv"
    content = path.read_bytes()
    path.touch()
    assert write_batch_files(home) == []
    path.write_bytes(content.replace(CHAMPION.encode(), b"another"))
    assert write_batch_files(home) == [path] and path.read_bytes() == content
    path.unlink()
    assert write_batch_files(home) == [path] and path.read_bytes() == content
    with duckdb.connect(str(home.database)) as connection:
        connection.execute(
            "update clv_predictions set customer_id = 'b' where cutoff = '1998-03-31'"
        )
    future = now().timestamp() + 1e6
    os.utime(path, (future, future))
    written = {p.name for p in write_batch_files(home)}
    assert path.name in written and "19971231" not in "".join(written)
    assert b",b" in path.read_bytes() and path.name in read_index(home)
    (home.root / ".clv.outputs.json").write_text("[")
    assert len(write_batch_files(home)) == 9


def labelled_home(home: Home) -> None:
    home.root.mkdir(exist_ok=True)
    with duckdb.connect(str(home.database)) as connection:
        connection.execute(
            "create table clv_predictions_actual as select date '1997-12-31' as cutoff, 3 as pred_months,"
            " 'a' as customer_id, 10.0 as actual_clv, 1 as actual_purchases,"
            " timestamp '2030-01-01' as labelled_at;"
            "create table clv_accuracy as select date '1997-12-31' as cutoff, 3 as pred_months,"
            " 10.0 as actual_total, 5.0 as rmse;"
            "create table clv_drift as select date '1997-12-31' as cutoff, 3 as pred_months,"
            " 'ok' as status"
        )


def relabel(home: Home) -> None:
    with duckdb.connect(str(home.database)) as connection:
        connection.execute(
            "update clv_predictions_actual set actual_clv = 99, labelled_at = '2030-02-02';"
            "update clv_accuracy set actual_total = 99"
        )


def test_what_a_killed_relabelling_changed_is_said_by_the_command_after_it(tmp_path: Path) -> None:
    home = Home(tmp_path)
    labelled_home(home)
    first = begin(home, ["1997-12-31"])
    assert first.relabel == ["1997-12-31"]
    relabel(home)  # and killed here: labels are new, and nobody was told
    for asked, together in (
        (False, ["1997-12-31"]),
        (["1998-01-31"], ["1997-12-31", "1998-01-31"]),
    ):
        again = begin(home, asked)
        assert again.labelled == first.labelled and again.relabel == together
        (row,) = changes(home).to_dict("records")
        assert (row["actual_total_before"], row["actual_total_after"]) == (10, 99)
    assert begin(home, True).relabel is True
    reported(home)
    assert list((home.registry / "journal").iterdir()) == []
    after = begin(home, True)
    assert after.labelled != first.labelled and len(changes(home)) == 0


def test_a_relabelling_killed_while_it_keeps_the_labels_keeps_them_again(tmp_path: Path) -> None:
    home = Home(tmp_path)
    labelled_home(home)
    for step in (1, 2, 3):
        assert killed_at(step, lambda: begin(home, True))
        begun = Registry(home.registry).journal.entry("run")
        assert begun is None  # nothing is to be relabelled before the labels were kept
    begin(home, True)
    relabel(home)
    assert len(changes(home)) == 1


def test_alerts_are_noted_until_they_are_announced(tmp_path: Path) -> None:
    home = Home(tmp_path)
    _note(home, "raised", [home.outputs / "a.md"])
    _note(home, "withdrawn", [home.outputs / "b.md"])
    assert (_noted(home, "raised"), _noted(home, "withdrawn")) == (["a.md"], ["b.md"])
    announced(home)
    assert _noted(home, "raised") == [] == _noted(home, "withdrawn")
    _note(home, "raised", [])
    assert list((home.registry / "journal").iterdir()) == []


def test_a_recovery_with_nothing_to_recover_changes_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path)
    add_model(Registry(home.registry), 1)
    before = files(home)
    recover(Ledgers(home), quiet)  # type: ignore[arg-type]
    assert files(home) == before
