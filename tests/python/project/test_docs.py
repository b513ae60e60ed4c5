"""What the documentation promises of every model."""

import json
import re

import pytest
from shop import Shop

from clv.home import PROJECT


@pytest.fixture(scope="module")
def nodes(scored):
    manifest = json.loads((scored.home / "target" / "manifest.json").read_text())
    return [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed") and node["config"]["enabled"]
    ]


def test_every_description_begins_with_the_grain(nodes):
    assert len(nodes) >= 20
    for node in nodes:
        assert re.match(r"One row(:| per )", node["description"]), node["name"]


def test_every_column_of_every_table_is_described_and_no_other(nodes, scored):
    columns = scored.query(
        "select table_name, column_name from information_schema.columns where table_schema = 'main'"
    )
    found = columns.groupby("table_name").column_name.agg(set)
    for node in nodes:
        if node["name"] not in found:
            assert node["name"] == "stg_clv__cdnow_transactions"
            continue
        assert {name for name, c in node["columns"].items() if c["description"]} == found[
            node["name"]
        ], node["name"]


def test_no_model_reads_the_clock_and_every_model_ends_with_final():
    for path in sorted((PROJECT / "models").rglob("*.sql")):
        text = path.read_text()
        assert not re.search(r"current_date|current_timestamp|\bnow\(\)|getdate", text), path
        assert text.rstrip().endswith("select * from final"), path


def test_a_new_home_starts_with_the_project_s_config(trained):
    ours = (trained.home / "config" / "model_config.yaml").read_text()
    assert re.search(r"last_score_cutoff: null", ours)


def test_compiling_needs_neither_a_champion_nor_a_database(tmp_path):
    shop = Shop(tmp_path)
    assert shop.dbt("compile").code == 0
