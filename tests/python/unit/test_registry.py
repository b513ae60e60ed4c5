"""The registry: model files, cards and the append-only manifest."""

import csv
import datetime as dt
import itertools
import json
import math
from dataclasses import replace
from pathlib import Path

import joblib
import pytest
from registry_world import BASELINE, card_of, model_of, named

from clv.errors import ClvError
from clv.project.files import sha256
from clv.registry.card import ModelCard, as_json
from clv.registry.gate import open_champion
from clv.registry.manifest_row import COLUMNS
from clv.registry.store import Registry

A, B, C = (named(n) for n in range(3))
UTC = dt.timezone.utc


@pytest.fixture
def registry(tmp_path):
    return Registry(tmp_path / "registry")


def save(registry: Registry, model_id: str, **card: object):
    return registry.save(model_of(model_id, third=1 / 3), card_of(model_id, **card))


def promote(registry: Registry, model_id: str, **card: object):
    saved = save(registry, model_id, **card)
    registry.append(saved, dt.datetime(2021, 1, 2, tzinfo=UTC), "because")
    return saved


def test_a_saved_model_that_is_not_promoted_is_no_champion(registry):
    save(registry, A)
    assert registry.model_path(A).exists()
    assert registry.card_path(A).exists()
    assert registry.rows() == []
    with pytest.raises(ClvError, match=r"no champion yet.*Run `clv train`"):
        registry.champion()


def test_the_row_is_written_only_after_card_model_file_and_intent(registry, monkeypatch):
    rename, written = Path.replace, []

    def spy(self, target):
        written.append(target.name)
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", spy)
    promote(registry, A)
    assert written == [
        f"{A}.joblib",
        f"{A}.json",
        "promotion.json",
        "champion_manifest.csv",
        "champion_manifest.head.json",
        "clv_model_latest.metrics.json",
    ]


def test_a_row_without_its_card_is_refused_and_the_manifest_stays(registry):
    promote(registry, A)
    before = registry.manifest.read_bytes()
    card = ModelCard.sealed(card_of(B), "0" * 64)
    with pytest.raises(ClvError, match=rf"{B}\.json"):
        registry.append(card, dt.datetime(2021, 1, 2, tzinfo=UTC), "because")
    assert registry.manifest.read_bytes() == before


def test_the_last_row_is_the_champion_and_earlier_rows_stay_byte_for_byte(registry):
    promote(registry, A)
    first = registry.manifest.read_bytes()
    promote(registry, B)
    assert registry.champion().model_id == B
    assert registry.manifest.read_bytes().startswith(first)
    assert [row.manifest_row for row in registry.rows()] == [1, 2]


def test_a_row_carries_the_figures_exactly_and_the_digests_of_its_files(registry):
    promote(registry, A, baseline={**BASELINE, "rmse": 1 / 3}, code_dirty=True)
    row = registry.champion()
    assert row.baseline_rmse == 1 / 3 and row.cells()["baseline_rmse"] == repr(1 / 3)
    assert (row.kind, row.code_dirty, row.reason) == ("naive_spend_rate", True, "because")
    assert row.model_sha256 == sha256(registry.model_path(A))
    assert row.card_sha256 == sha256(registry.card_path(A))
    assert json.loads(registry.card_path(A).read_text())["model_sha256"] == row.model_sha256
    assert list(row.cells()) == list(COLUMNS)


def test_a_baseline_without_r2_leaves_the_cell_empty(registry):
    promote(registry, A, baseline={**BASELINE, "r2": None})
    assert registry.champion().baseline_r2 is None
    assert registry.champion().cells()["baseline_r2"] == ""
    assert json.loads(registry.metrics.read_text())["baseline"] == {**BASELINE, "r2": None}


def test_every_row_carries_the_digest_of_the_row_before(registry):
    for model_id in (A, B, C):
        promote(registry, model_id)
    rows = registry.rows()
    assert rows[0].previous_row_sha256 == ""
    for before, row in itertools.pairwise(rows):
        assert row.previous_row_sha256 == before.sha256


def test_a_change_of_any_cell_breaks_the_chain(registry):
    promote(registry, A)
    row = registry.rows()[0]
    later = dt.timedelta(seconds=1)
    changes = {
        "model_id": B, "promoted_at": row.promoted_at + later, "trained_at": row.trained_at + later,
        "training_cutoff": row.labels_end, "labels_end": row.training_cutoff, "code_dirty": True,
        "baseline_rmse": 1.0, "baseline_r2": None,
    }  # fmt: skip
    digests = set()
    for name in COLUMNS:
        value = getattr(row, name)
        other = changes.get(name, value + 1 if isinstance(value, int) else f"{value}1")
        digests.add(replace(row, **{name: other}).sha256)
    assert len(digests | {row.sha256}) == len(COLUMNS) + 1


def test_text_with_commas_quotes_and_line_ends_reads_back(registry):
    card = save(registry, A)
    registry.append(card, dt.datetime(2021, 1, 2, tzinfo=UTC), 'said "yes", then\nsigned')
    assert registry.champion().reason == 'said "yes", then\nsigned'


def test_a_promoted_model_loads_as_it_was_saved(registry):
    promote(registry, A)
    promote(registry, B)
    assert open_champion(registry, A) == model_of(A, third=1 / 3)


def test_a_changed_model_file_is_refused_before_it_is_unpickled(registry):
    promote(registry, A)

    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("a changed model file was unpickled",))

    joblib.dump(Trap(), registry.model_path(A))
    with pytest.raises(ClvError, match=r"not the one that was promoted.*SHA-256"):
        open_champion(registry, A)


def test_a_missing_model_file_is_refused(registry):
    promote(registry, A)
    registry.model_path(A).unlink()
    with pytest.raises(ClvError, match=r"000000Z\.joblib is missing"):
        open_champion(registry, A)


def test_a_model_that_was_never_promoted_is_refused(registry):
    promote(registry, A)
    save(registry, B)
    with pytest.raises(ClvError, match=f"model {B} has no row"):
        open_champion(registry, B)


def test_a_manifest_edited_to_other_columns_is_refused(registry):
    promote(registry, A)
    with registry.manifest.open(newline="") as file:
        rows = [row[1:] for row in csv.reader(file)]
    with registry.manifest.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    with pytest.raises(ClvError, match="append-only"):
        registry.champion()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_json_holds_no_number_that_json_does_not_know(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        as_json({"deep": [{"figure": value}]})
