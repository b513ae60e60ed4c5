"""What the documentation promises of every model."""

import json
import re

import pytest
import yaml
from shop import Shop

from clv.project.home import PROJECT
from clv.scoring.publish import PUBLISHED, VIEWS


@pytest.fixture(scope="module")
def manifest(scored):
    return json.loads((scored.home / "target" / "manifest.json").read_text())


@pytest.fixture(scope="module")
def nodes(manifest):
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
        assert {name for name, c in node["columns"].items() if c["description"]} == found[
            node["name"]
        ], node["name"]


def test_a_name_is_published_or_has_the_prefix_of_the_package(nodes, manifest):
    published = {*PUBLISHED, *VIEWS, "clv_features", "clv_value_tiers"}
    others = {node["name"] for node in nodes} - published
    assert [name for name in others if name.split("__")[0] not in ("stg_clv", "int_clv")] == []
    macros = [m["name"] for m in manifest["macros"].values() if m["package_name"] == "clv"]
    assert len(macros) > 50
    dispatched = re.compile(r"((default|spark)__|test_)?clv_")
    assert [name for name in macros if not dispatched.match(name)] == []


def test_every_macro_and_each_of_its_arguments_is_described(manifest):
    for macro in manifest["macros"].values():
        if macro["package_name"] == "clv":
            assert macro["description"], macro["name"]
            described = [a["name"] for a in macro["arguments"] if a["description"]]
            taken = re.search(r"(?:macro|test) \w+\((.*?)\)", macro["macro_sql"])[1]
            expected = [a.split("=")[0].strip() for a in taken.split(",") if a.strip()]
            assert described == expected, macro["name"]


def test_a_column_that_two_models_have_is_described_in_one_place():
    seen = {}
    for path in sorted((PROJECT / "models").rglob("*.yml")):
        for model in yaml.safe_load(path.read_text("utf-8")).get("models", []):
            for column in model["columns"]:
                key = (column["name"], column["description"])
                if "doc(" not in column["description"]:
                    assert key not in seen, f"{key} of {model['name']} and {seen[key]}"
                seen[key] = model["name"]


def test_the_log_and_the_manifest_are_where_the_lineage_begins(manifest):
    children = {
        source["name"]: manifest["child_map"][key] for key, source in manifest["sources"].items()
    }
    assert children == {
        "transaction_log": ["model.clv.stg_clv__classified_transactions"],
        "champion_manifest": ["model.clv.stg_clv__champion_manifest"],
    }


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
