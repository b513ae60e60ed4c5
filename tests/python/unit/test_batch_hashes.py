"""Ledgers that something other than dbt rewrote are found; legal changes are not."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import duckdb
import pytest
from registry_world import add_model, named

from clv.core.window import Batch
from clv.errors import ClvError
from clv.project.home import Home
from clv.registry import batch_hashes
from clv.registry.manifest import Finding
from clv.registry.store import Registry
from clv.registry.verify import verify

pytestmark = pytest.mark.slow

BATCH = Batch(dt.date(1997, 12, 31), 3)


def write(home: Home, sql: str) -> None:
    with duckdb.connect(str(home.database)) as connection:
        connection.execute(sql)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return a home with a champion, a labelled batch, one that waits, and their hashes."""
    home = Home(tmp_path)
    add_model(Registry(home.registry))
    write(home, f"""
        create table clv_predictions as
        select date '1997-12-31' + to_days(cast(n % 2 as integer) * 31)::interval as cutoff, 3 as pred_months,
            'c' || n as customer_id, '{named()}' as model_id, n / 7 as predicted_clv,
            timestamp '2020-01-01 00:00:00' as scored_at
        from range(40) as r(n);
        alter table clv_predictions alter cutoff type date;
        create table clv_predictions_actual as
        select cutoff, pred_months, customer_id, model_id, predicted_clv, 1.5 as actual_clv,
            timestamp '2020-06-01 00:00:00' as labelled_at
        from clv_predictions where cutoff = date '1997-12-31';
    """)  # fmt: skip
    assert batch_hashes.record(home) == 3
    return home


def found(home: Home) -> list[Finding | str]:
    return list(batch_hashes.compare(home))


def test_what_was_written_fits_and_is_recorded_once(home: Home) -> None:
    assert found(home) == [] and verify(home).findings == []
    before = batch_hashes.path_of(home).read_bytes()
    assert batch_hashes.record(home) == 0
    write(home, "create table t as select * from clv_predictions order by hash(customer_id);"
                "delete from clv_predictions; insert into clv_predictions from t")  # fmt: skip
    assert found(home) == [] and batch_hashes.path_of(home).read_bytes() == before


EDITS = {
    "one value": "update clv_predictions set predicted_clv = predicted_clv + 1e-9 where customer_id = 'c4'",
    "one customer": "delete from clv_predictions where customer_id = 'c4'",
    "two swapped": "update clv_predictions set customer_id = case customer_id when 'c4' then 'c6' else"
                   " 'c4' end where customer_id in ('c4', 'c6')",
    "one label": "update clv_predictions_actual set actual_clv = 2 where customer_id = 'c4'",
    "a row more": "insert into clv_predictions_actual from clv_predictions_actual limit 1",
    "a batch": "delete from clv_predictions_actual",
    "a table": "drop table clv_predictions_actual",
}  # fmt: skip


@pytest.mark.parametrize("edit", EDITS)
def test_a_rewritten_ledger_is_found_and_no_command_takes_it_for_its_own(
    home: Home, edit: str
) -> None:
    write(home, EDITS[edit])
    (finding,) = verify(home).findings
    assert "1997-12-31 for 3 months" in finding.what
    assert batch_hashes.record(home) == 0
    assert verify(home).findings == [finding]


def test_what_dbt_alone_made_is_a_note_until_it_is_recorded(home: Home) -> None:
    write(home, "update clv_predictions_actual set actual_clv = 2, labelled_at = timestamp '2020-07-01';"
                "insert into clv_predictions select date '1998-06-30', * exclude (cutoff)"
                " from clv_predictions limit 3")  # fmt: skip
    notes = found(home)
    assert [type(note) for note in notes] == [str, str]
    assert "has no hash yet" in str(notes[0]) and "labelled again" in str(notes[1])
    assert batch_hashes.record(home) == 2 and found(home) == []


def test_a_batch_that_this_command_scored_is_recorded_whatever_its_times_say(home: Home) -> None:
    write(home, EDITS["one customer"])
    assert batch_hashes.record(home, [BATCH]) == 1 and found(home) == []


def test_a_purged_batch_is_recorded_as_such_and_may_come_back(home: Home) -> None:
    write(
        home,
        "create table kept as from clv_predictions; delete from clv_predictions where cutoff = '1997-12-31'",
    )
    assert len(found(home)) == 1
    assert batch_hashes.record(home, purged=[("1997-12-31", 3)]) == 1
    assert found(home) == [] and batch_hashes.record(home, purged=[("1997-12-31", 3)]) == 0
    write(home, "insert into clv_predictions from kept where cutoff = '1997-12-31'")
    assert batch_hashes.record(home) == 1 and found(home) == []


def test_a_column_that_came_later_changes_no_hash(home: Home) -> None:
    write(home, "alter table clv_predictions add column later double default 1")
    assert found(home) == []
    write(home, EDITS["one value"])
    assert isinstance(found(home)[0], Finding)


def test_an_edited_entry_is_found(home: Home) -> None:
    path = batch_hashes.path_of(home)
    path.write_text(path.read_text().replace("scored", "sc0red", 1))
    with pytest.raises(ClvError, match="was edited"):
        batch_hashes.record(home)
    assert "does not follow the one before it" in str(verify(home).findings[0])


@pytest.mark.parametrize("content", [b"", b"garbage" * 999, b"\0" * 8 + b"DUCK" + b"\1" * 9000])
def test_a_garbage_database_is_a_finding_at_once(home: Home, content: bytes) -> None:
    home.database.write_bytes(content)
    began = time.monotonic()
    (finding,) = verify(home).findings
    assert time.monotonic() - began < 5
    assert str(home.database) in finding.what and "backup" in finding.next_step
