"""The registry holds what was written, or `clv verify` names what does not fit."""

from __future__ import annotations

import csv
import json
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from registry_world import add_model, moment, named

from clv.errors import ClvError
from clv.project.home import Home
from clv.registry.gate import open_champion, open_model
from clv.registry.manifest import Head
from clv.registry.store import Registry
from clv.registry.verify import verify

pytestmark = pytest.mark.slow

WRITER = """
import sys
sys.path.insert(0, sys.argv[2])
from registry_world import add_model
from pathlib import Path
from clv.registry.store import Registry
registry = Registry(Path(sys.argv[1]) / "registry")
registry.settle()
first = len(registry.card_files())
print("ready", flush=True)
for n in range(first, first + 1000):
    add_model(registry, n)
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    registry = Registry(home.registry)
    for n in range(4):
        add_model(registry, n)
    add_model(registry, 9, promote=False)
    return home


def found(home: Home) -> str:
    return "\n".join(str(finding) for finding in verify(home).findings)


def edit_rows(home: Home, change: Any) -> None:
    """Rewrite the manifest as a person with a spreadsheet would."""
    path = Registry(home.registry).manifest
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    changed = change(rows)
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(changed)


def test_a_whole_registry_has_no_findings(home: Home) -> None:
    report = verify(home)
    assert report.findings == [] and report.notes == []
    assert (report.rows, report.cards, report.models) == (4, 5, 5)
    assert verify(home, report.head).findings == []


@pytest.mark.parametrize("n", [0, 3, 9])
def test_a_flipped_bit_in_a_model_file_is_named_and_never_loaded(home: Home, n: int) -> None:
    registry = Registry(home.registry)
    model_id = named(n)
    path = registry.model_path(model_id)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert model_id in found(home) and "never loaded" in found(home)
    with pytest.raises(ClvError, match="SHA-256 differs"):
        open_model(registry, model_id)
    if n != 9:
        with pytest.raises(ClvError, match="SHA-256 differs"):
            open_champion(registry, model_id)


def test_a_missing_model_file_is_named_and_never_loaded(home: Home) -> None:
    registry = Registry(home.registry)
    model_id = registry.champion().model_id
    registry.model_path(model_id).unlink()
    assert f"{model_id}.joblib" in found(home) and "clv train" in found(home)
    with pytest.raises(ClvError, match="missing"):
        open_champion(registry, model_id)


@pytest.mark.parametrize("row", [1, 2, 4])
@pytest.mark.parametrize("column", [9, 12, 18, 19])
def test_an_edited_row_is_named(home: Home, row: int, column: int) -> None:
    edit_rows(home, lambda rows: [[*r[:column], r[column] + "1", *r[column + 1 :]] if i == row else r
                                  for i, r in enumerate(rows)])  # fmt: skip
    text = found(home)
    assert f"row {row} " in text or f"row {row - 1} " in text
    assert "edited" in text and "restore" in text
    with pytest.raises(ClvError, match="nothing was done"):
        Registry(home.registry).append(Registry(home.registry).card(named(9)), moment(99), "why")


@pytest.mark.parametrize("row", [1, 2, 3, 4])
def test_a_deleted_row_is_named(home: Home, row: int) -> None:
    edit_rows(home, lambda rows: [r for i, r in enumerate(rows) if i != row])
    assert f"row {row} was deleted" in found(home)


def test_deleted_last_rows_are_named(home: Home) -> None:
    edit_rows(home, lambda rows: rows[:3])
    assert "rows 3 to 4 were deleted" in found(home)


def test_renumbered_and_repeated_rows_are_named(home: Home) -> None:
    edit_rows(
        home,
        lambda rows: [*rows[:2], ["2", *rows[3][1:]], ["3", *rows[4][1:]], ["4", *rows[4][1:]]],
    )
    assert "second row of this model" in found(home) and "edited" in found(home)


def test_a_cut_manifest_with_a_cut_head_is_named_by_a_head_noted_elsewhere(home: Home) -> None:
    noted = verify(home).head
    registry = Registry(home.registry)
    rows = registry.rows()[:2]
    edit_rows(home, lambda written: written[:3])
    Head(2, rows[-1].sha256).write(registry.head)
    assert noted in "\n".join(str(f) for f in verify(home, noted).findings)


def test_a_deleted_manifest_is_named_and_no_new_history_begins(home: Home) -> None:
    registry = Registry(home.registry)
    registry.manifest.unlink()
    assert "rows 1 to 4 were deleted" in found(home)
    registry.head.unlink()
    assert "no row in the manifest" in found(home)
    with pytest.raises(ClvError, match="manifest was deleted"):
        registry.append(registry.card(named(9)), moment(99), "why")


def test_a_missing_head_is_named(home: Home) -> None:
    Registry(home.registry).head.unlink()
    assert "head.json" in found(home)


@pytest.mark.parametrize("n", [1, 9])
def test_an_edited_card_is_named_and_never_promoted(home: Home, n: int) -> None:
    registry = Registry(home.registry)
    model_id = named(n)
    path = registry.card_path(model_id)
    card = json.loads(path.read_text())
    card["baseline"]["rmse"] = 1.0
    path.write_text(json.dumps(card, indent=2))
    assert str(path) in found(home)
    if n == 9:
        with pytest.raises(ClvError, match="changed since its training"):
            registry.append(registry.card(model_id), moment(99), "why")


def test_a_missing_card_is_named(home: Home) -> None:
    registry = Registry(home.registry)
    registry.card_path(registry.champion().model_id).unlink()
    assert "row 4" in found(home) and "missing" in found(home)


def test_a_model_is_promoted_once(home: Home) -> None:
    registry = Registry(home.registry)
    with pytest.raises(ClvError, match="promoted once"):
        registry.append(registry.card(named(1)), moment(99), "why")
    assert len(registry.rows()) == 4


def cut_off(registry: Registry, n: int) -> None:
    """Promote the model, as far as to the manifest: without head, metrics, and end in the journal."""
    kept = {path: path.read_bytes() for path in (registry.head, registry.metrics)}
    add_model(registry, n)
    for path, content in kept.items():
        path.write_bytes(content)
    registry.journal.begin("promotion", {"row": registry.rows()[-1].cells()})


def test_a_promotion_cut_off_before_its_head_is_completed(home: Home) -> None:
    registry = Registry(home.registry)
    cut_off(registry, 5)
    report = verify(home)
    assert report.findings == [] and "was cut off" in report.notes[0]
    registry.settle()
    assert verify(home).notes == [] and not list(registry.journal.root.iterdir())


def test_a_row_that_no_promotion_intended_is_never_sealed(home: Home) -> None:
    """Not even one that is whole: with the card and file of a challenger, and a right number and hash."""
    registry = Registry(home.registry)
    head = registry.head.read_bytes()
    add_model(registry, 5)
    registry.head.write_bytes(head)
    before = registry.head.read_bytes(), registry.manifest.read_bytes()
    assert "row 5 was appended by something other than `clv`" in found(home)
    with pytest.raises(ClvError, match=r"nothing was done.*row 5 was appended"):
        registry.settle()
    with pytest.raises(ClvError, match="nothing was done"):
        registry.append(registry.card(named(9)), moment(99), "why")
    assert (registry.head.read_bytes(), registry.manifest.read_bytes()) == before


def forge_row(home: Home, **cells: Any) -> None:
    """Append a copy of the last row with the right number and hash of the row before it."""
    registry = Registry(home.registry)
    rows = registry.rows()
    forged = {"previous_row_sha256": rows[-1].sha256, "manifest_row": len(rows) + 1, **cells}
    registry.write_rows([*rows, replace(rows[-1], **forged)])


@pytest.mark.parametrize("cell", ["reason", "model_sha256"])
def test_a_row_other_than_the_intended_one_is_never_sealed(home: Home, cell: str) -> None:
    registry = Registry(home.registry)
    cut_off(registry, 5)
    rows = registry.rows()
    registry.write_rows([*rows[:-1], replace(rows[-1], **{cell: "0" * 64})])
    head = registry.head.read_bytes()
    with pytest.raises(ClvError, match=r"nothing was done.*row 5 was appended"):
        registry.settle()
    assert registry.head.read_bytes() == head


@pytest.mark.parametrize("folder", ["models", "cards"])
@pytest.mark.parametrize("written", [True, False])
def test_an_intended_row_whose_files_were_changed_is_never_sealed(
    home: Home, folder: str, written: bool
) -> None:
    registry = Registry(home.registry)
    cut_off(registry, 5)
    if not written:
        registry.write_rows(registry.rows()[:-1])
    (path,) = (registry.root / folder).glob("*T000005Z.*")
    path.write_bytes(path.read_bytes() + b" ")
    head = registry.head.read_bytes()
    with pytest.raises(ClvError, match=r"is not the file that it names"):
        registry.settle()
    assert registry.head.read_bytes() == head and len(registry.rows()) == 4 + written


def test_an_intent_that_does_not_follow_the_manifest_is_not_completed(home: Home) -> None:
    registry = Registry(home.registry)
    cut_off(registry, 5)
    intended = registry.rows()[-1]
    registry.settle()
    registry.journal.begin("promotion", {"row": {**intended.cells(), "manifest_row": "9"}})
    with pytest.raises(ClvError, match=r"promotion\.json holds a promotion of .* does not follow"):
        registry.settle()
    assert verify(home).findings == [] and len(registry.rows()) == 5


def test_a_broken_chain_is_not_settled(home: Home) -> None:
    registry = Registry(home.registry)
    edit_rows(home, lambda rows: [*rows[:1], [*rows[1][:18], "another", rows[1][19]], *rows[2:]])
    registry.metrics.write_text("{}")
    with pytest.raises(ClvError, match=r"row 1 .* was edited"):
        registry.settle()
    assert registry.metrics.read_text() == "{}"


def test_kill_at_any_moment_leaves_a_whole_registry(tmp_path: Path) -> None:
    home, rng = Home(tmp_path), random.Random(7)
    registry = Registry(home.registry)
    for _ in range(12):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(Path(__file__).parents[1])],
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        time.sleep(rng.uniform(0.0, 0.25))
        process.send_signal(signal.SIGKILL)
        process.wait()
        rows = registry.rows()
        assert len({row.model_id for row in rows}) == len(rows)
        for row in rows:
            assert registry.card_path(row.model_id).exists()
            open_champion(registry, row.model_id)
        assert found(home) == ""
    assert len(registry.rows()) >= 5
