"""The registry: model files, cards and the append-only manifest."""

import csv
import itertools
import json
import math
from pathlib import Path

import joblib
import pytest

from clv.errors import ClvError
from clv.project.files import sha256
from clv.registry.card import as_json
from clv.registry.manifest import COLUMNS, row_sha256
from clv.registry.store import Registry

MODEL = {"champion": {"kind": "naive_spend_rate"}, "clusters": {"centres": [[0.1, 1 / 3]]}}


def card_of(model_id: str, r2: float | None = 0.25) -> dict:
    return {
        "model_id": model_id,
        "trained_at": "2021-01-01T00:00:00+00:00",
        "training_cutoff": "2020-06-30",
        "labels_end": "2020-12-30",
        "history_months": 9,
        "pred_months": 6,
        "code_commit": "abc",
        "code_dirty": True,
        "champion": {"kind": "naive_spend_rate"},
        "baseline": {"rmse": 1 / 3, "r2": r2, "method": "out-of-time", "pred_months": 3},
        "data": {"fingerprint": "1-2-3"},
    }


@pytest.fixture
def registry(tmp_path):
    return Registry(tmp_path / "registry")


def promote(registry: Registry, model_id: str, **figures: float | None) -> dict:
    card = registry.save({**MODEL, "model_id": model_id}, card_of(model_id, **figures))
    registry.append(card, "2021-01-02T00:00:00+00:00", "because")
    return card


def test_a_saved_model_that_is_not_promoted_is_no_champion(registry):
    registry.save({**MODEL, "model_id": "a"}, card_of("a"))
    assert registry.model_path("a").exists()
    assert registry.card_path("a").exists()
    assert registry.rows() == []
    with pytest.raises(ClvError, match=r"no champion yet.*Run `clv train`"):
        registry.champion()


def test_the_row_is_written_only_after_card_model_file_and_intent(registry, monkeypatch):
    rename, written = Path.replace, []

    def spy(self, target):
        written.append(target.name)
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", spy)
    promote(registry, "a")
    assert written == [
        "a.joblib",
        "a.json",
        "promotion.json",
        "champion_manifest.csv",
        "champion_manifest.head.json",
        "clv_model_latest.metrics.json",
    ]


def test_a_row_without_its_card_is_refused_and_the_manifest_stays(registry):
    promote(registry, "a")
    before = registry.manifest.read_bytes()
    with pytest.raises(ClvError, match=r"b\.json"):
        registry.append({**card_of("b"), "model_sha256": "0"}, "2021-01-02", "because")
    assert registry.manifest.read_bytes() == before


def test_the_last_row_is_the_champion_and_earlier_rows_stay_byte_for_byte(registry):
    promote(registry, "a")
    first = registry.manifest.read_bytes()
    promote(registry, "b")
    assert registry.champion()["model_id"] == "b"
    assert registry.manifest.read_bytes().startswith(first)
    assert [row["manifest_row"] for row in registry.rows()] == ["1", "2"]


def test_a_row_carries_the_figures_exactly_and_the_digests_of_its_files(registry):
    promote(registry, "a")
    row = registry.champion()
    assert float(row["baseline_rmse"]) == 1 / 3
    assert (row["kind"], row["code_dirty"], row["reason"]) == (
        "naive_spend_rate",
        "true",
        "because",
    )
    assert row["model_sha256"] == sha256(registry.model_path("a"))
    assert row["card_sha256"] == sha256(registry.card_path("a"))
    assert json.loads(registry.card_path("a").read_text())["model_sha256"] == row["model_sha256"]
    assert list(row) == list(COLUMNS)


def test_a_baseline_without_r2_leaves_the_cell_empty(registry):
    promote(registry, "a", r2=None)
    assert registry.champion()["baseline_r2"] == ""
    assert json.loads((registry.root / "clv_model_latest.metrics.json").read_text())[
        "baseline"
    ] == {
        "rmse": 1 / 3,
        "r2": None,
        "method": "out-of-time",
        "pred_months": 3,
    }


def test_every_row_carries_the_digest_of_the_row_before(registry):
    for model_id in ("a", "b", "c"):
        promote(registry, model_id)
    rows = registry.rows()
    assert rows[0]["previous_row_sha256"] == ""
    for before, row in itertools.pairwise(rows):
        assert row["previous_row_sha256"] == row_sha256(before)


def test_a_change_of_any_cell_breaks_the_chain(registry):
    promote(registry, "a")
    row = registry.rows()[0]
    digests = {row_sha256({**row, name: row[name] + "1"}) for name in COLUMNS}
    assert len(digests | {row_sha256(row)}) == len(COLUMNS) + 1
    shifted = {**row, "kind": row["kind"][:-1], "promoted_at": row["kind"][-1] + row["promoted_at"]}
    assert row_sha256(shifted) != row_sha256(row)


def test_text_with_commas_quotes_and_line_ends_reads_back(registry):
    card = registry.save({**MODEL, "model_id": "a"}, card_of("a"))
    registry.append(card, "2021-01-02", 'said "yes", then\nsigned')
    assert registry.champion()["reason"] == 'said "yes", then\nsigned'


def test_a_promoted_model_loads_as_it_was_saved(registry):
    promote(registry, "a")
    promote(registry, "b")
    assert registry.load_model("a") == {**MODEL, "model_id": "a"}


def test_a_changed_model_file_is_refused_before_it_is_unpickled(registry):
    promote(registry, "a")

    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("a changed model file was unpickled",))

    joblib.dump(Trap(), registry.model_path("a"))
    with pytest.raises(ClvError, match=r"not the one that was promoted.*SHA-256"):
        registry.load_model("a")


def test_a_missing_model_file_is_refused(registry):
    promote(registry, "a")
    registry.model_path("a").unlink()
    with pytest.raises(ClvError, match=r"a\.joblib is missing"):
        registry.load_model("a")


def test_a_model_that_was_never_promoted_is_refused(registry):
    promote(registry, "a")
    registry.save({**MODEL, "model_id": "b"}, card_of("b"))
    with pytest.raises(ClvError, match="model b has no row"):
        registry.load_model("b")


def test_a_manifest_edited_to_other_columns_is_refused(registry):
    promote(registry, "a")
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
