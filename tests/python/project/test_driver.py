"""`clv run`, `clv monitor`, `clv status` and `clv show`: the schedule, the files, the alerts."""

import datetime as dt
import json
import os
import random
import signal
import subprocess
import sys
import time

import duckdb
import pandas as pd
import pytest
import yaml
from shop import NO_DATA_TESTS, Shop, same

from clv.project.config import read_config
from clv.project.home import PROJECT

FIRST = dt.date(1997, 12, 30)
DUE = [FIRST + dt.timedelta(days=n) for n in (0, 14, 28, 42, 56, 70, 84, 114, 144, 174)]


def cutoffs(shop: Shop) -> list[str]:
    found = shop.query("select distinct cutoff from clv_predictions order by 1").cutoff
    return found.dt.date.tolist()


def test_every_due_cutoff_is_scored_14_days_apart_for_12_weeks_and_30_afterwards(scored):
    assert cutoffs(scored) == DUE
    config = read_config(scored.home / "config" / "model_config.yaml")
    assert config.run.last_score_cutoff == DUE[-1] + dt.timedelta(days=30)
    assert config.run.schedule_start == FIRST


def test_the_rewritten_config_differs_in_the_schedule_alone(scored, trained):
    before = (trained.home / "config" / "model_config.yaml").read_text().splitlines()
    after = (scored.home / "config" / "model_config.yaml").read_text().splitlines()
    changed = [
        new.split(":")[0].strip() for old, new in zip(before, after, strict=True) if old != new
    ]
    assert changed == ["last_score_cutoff", "schedule_model_id", "schedule_start"]
    assert [line.partition("#")[2] for line in before] == [line.partition("#")[2] for line in after]


@pytest.mark.parametrize("name", ["clv.duckdb", "outputs/clv_marts.duckdb"])
def test_databases_are_written_as_every_duckdb_since_1_0_reads_them(scored, name):
    with duckdb.connect(str(scored.home / name), read_only=True) as connection:
        query = "select tags['storage_version'] from duckdb_databases() where not internal"
        ((version,),) = connection.execute(query).fetchall()
    assert version == "v1.0.0+"
    header = (scored.home / name).read_bytes()[8:20]  # magic bytes, then the version as 64 bits
    assert header[:4] == b"DUCK"
    assert int.from_bytes(header[4:], "little") == 64  # what DuckDB 1.0 and 1.1 write themselves


def window_arguments(tree: object) -> list[int]:
    """Return how many arguments each `lag` and `lead` of a parsed query has."""
    if isinstance(tree, list):
        return [count for part in tree for count in window_arguments(part)]
    if not isinstance(tree, dict):
        return []
    counts = [count for part in tree.values() for count in window_arguments(part)]
    if tree.get("type") in ("WINDOW_LAG", "WINDOW_LEAD"):
        given = tree["arguments"] if "arguments" in tree else tree["children"]  # 2.0; before it
        more = [tree.get("offset_expr"), tree.get("default_expr")]
        counts.append(len(given) + sum(part is not None for part in more))
    return counts


def test_no_view_passes_lag_or_lead_an_offset_or_a_default(scored):
    # Stored for DuckDB 1.0, both are written twice, and DuckDB 1.x then refuses the view.
    views = scored.query("select view_name, sql from duckdb_views() where not internal")
    found = {}
    for view in views.itertuples():
        query = view.sql.rstrip(";").partition(" AS ")[2].replace("'", "''")
        tree = json.loads(scored.query(f"select json_serialize_sql('{query}') as tree").tree[0])
        assert not tree["error"], view.view_name
        found[view.view_name] = window_arguments(tree)
    assert found["clv_ranked_predictions"] == [1]
    assert {count for counts in found.values() for count in counts} == {1}


def test_each_batch_has_its_csv_files_with_the_rows_of_the_tables(scored):
    for table, name in {
        "clv_predictions": "customer_id",
        "clv_ranked_predictions": "clv_rank",
        "clv_clusters": "customer_id",
        "clv_cluster_ranking": "cluster_rank",
        "clv_predictions_actual": "customer_id",
    }.items():
        batches = scored.query(f"select distinct cutoff from {table}").cutoff
        assert len(batches) > 0
        for cutoff in batches:
            path = scored.home / "outputs" / f"{table}_{cutoff:%Y%m%d}_pred3m.csv"
            written = pd.read_csv(path, dtype={"customer_id": str})
            stored = scored.query(
                f"select * from {table} where cutoff = date '{cutoff.date()}' order by {name}"
            )
            assert written[name].tolist() == stored[name].tolist()
            if "predicted_clv" in stored:
                assert written.predicted_clv.tolist() == stored.predicted_clv.tolist()
    names = {path.name for path in (scored.home / "outputs").iterdir()}
    assert not [name for name in names if name.startswith(".") or name.endswith((".tmp", ".wal"))]


def test_the_marts_hold_the_published_tables_as_they_are(scored):
    with duckdb.connect(str(scored.home / "outputs" / "clv_marts.duckdb"), read_only=True) as marts:
        for table in ("clv_ranked_predictions", "clv_cluster_ranking", "clv_drift",
                      "customer_segments", "clv_predictions_actual", "clv_segment_history"):  # fmt: skip
            query = f"select * from {table} order by all"
            pd.testing.assert_frame_equal(marts.execute(query).df(), scored.query(query))


def test_the_marts_are_parquet_files_too_and_say_what_their_columns_mean(scored):
    outputs = scored.home / "outputs"
    with duckdb.connect(str(outputs / "clv_marts.duckdb"), read_only=True) as marts:
        of_tables = "select table_name from duckdb_tables()"
        tables = [name for (name,) in marts.execute(of_tables).fetchall()]
        assert sorted(p.stem for p in (outputs / "marts").glob("*.parquet")) == sorted(tables)
        for table in tables:
            path = outputs / "marts" / f"{table}.parquet"
            unlike = (
                f"(from {table} except all from '{path}') union all "
                f"(from '{path}' except all from {table})"
            )
            assert marts.execute(f"select count(*) from ({unlike})").fetchall() == [(0,)], table
        silent = marts.execute(
            "select table_name, column_name from duckdb_columns() where comment is null and not internal"
        ).fetchall()
        assert silent == []
        tiers = marts.execute(
            "select value_tier from customer_segments group by value_tier, tier_order order by tier_order"
        ).fetchall()
        reach = "select data_through, latest_cutoff, pred_months from clv_published"
        assert marts.execute(reach).fetchall() == [(dt.date(1998, 6, 30), DUE[-1], 3)]
        ends = "select distinct window_end from customer_segments"
        assert marts.execute(ends).fetchall() == [(dt.date(1998, 9, 22),)]
    assert [tier for (tier,) in tiers] == pd.read_csv(PROJECT / "seeds" / "clv_value_tiers.csv")[
        "value_tier"
    ].tolist()


def test_reports_stand_for_just_the_batches_that_crossed_or_alert(scored):
    drift = scored.query("select * from clv_drift")
    reported = drift[drift.severity.notna()]
    names = {
        f"drift_alert_{row.cutoff:%Y%m%d}_pred3m.md": f"# {row.severity.capitalize()}: "
        for row in reported.itertuples()
    }
    standing = {path.name: path.read_text() for path in (scored.home / "outputs").glob("*.md")}
    assert standing.keys() == names.keys()
    assert all(standing[name].startswith(first) for name, first in names.items())
    for row in drift.itertuples():
        alarming = row.verdict in ("model_decay", "population_shift")
        assert row.status == ("alert" if alarming else "ok")
        assert row.rmse_change == pytest.approx(row.rmse / row.baseline_rmse - 1)
        assert (row.crossed is None) == (row.rmse_change <= 0.2 and row.r2_change <= 0.15)
        assert row.crossed is None or row.severity is not None
    assert drift.expected_buyers.between(0.5 * drift.buyers, 2 * drift.buyers).all()


def test_an_alert_is_raised_once_with_exit_code_3_and_the_schedule_waits(fresh, tmp_path):
    shop = fresh("alert")
    log = pd.read_csv(shop.log, dtype=str)
    late = log.ordered_at > "19971230"
    log.loc[late, "amount"] = (log.loc[late, "amount"].astype(float) * 10).astype(str)
    shop.log = tmp_path / "log.csv"
    log.to_csv(shop.log, index=False)
    done = shop.clv("run", "--until", "1998-01-20")
    assert done.code == 3, done.err
    assert "drift_alert_19971230_pred3m.md" in done.out
    text = (shop.home / "outputs" / "drift_alert_19971230_pred3m.md").read_text()
    assert "Nothing was retrained" in text and "What customers spent has changed" in text
    manifest = (shop.home / "registry" / "champion_manifest.csv").read_bytes()
    again = shop.clv("run", "--until", "1998-01-20")
    assert again.code == 0, again.err
    assert "nothing is due: the next cutoff is 1998-01-27" in again.err
    assert (shop.home / "registry" / "champion_manifest.csv").read_bytes() == manifest


@pytest.mark.exhaustive  # tests/python/unit/test_schedule.py
def test_a_single_cutoff_leaves_the_schedule_alone(fresh):
    shop = fresh("single")
    config = shop.home / "config" / "model_config.yaml"
    before = config.read_bytes()
    assert shop.clv("run", "--cutoff", "1998-05-15").code == 0
    assert config.read_bytes() == before
    assert cutoffs(shop) == [dt.date(1998, 5, 15)]
    waiting = shop.clv("status").out
    status = json.loads(shop.clv("status", "--json").out)
    assert status["next_cutoff"] == "1997-12-30" and status["open_alerts"] == []
    assert status["champion"]["training_cutoff"] == "1997-09-30"
    assert status["waiting_batches"][0]["cutoff"] == "1998-05-15"
    assert "next cutoff: 1997-12-30" in waiting
    assert "1998-08-15" in waiting  # the day on which the batch matures
    nowcast = shop.query("select nowcast_total from clv_nowcast").nowcast_total[0]
    assert f"{nowcast:,.2f} (" in waiting


@pytest.mark.exhaustive  # tests/python/project/test_night.py
def test_monitor_judges_what_has_matured_and_scores_nothing(fresh):
    shop = fresh("monitor")
    assert (
        shop.clv("run", "--cutoff", "1998-01-31", "--vars", "{data_through: 1998-02-28}").code == 0
    )
    assert shop.query("select count(*) as n from clv_drift").n[0] == 0
    assert shop.clv("monitor").code in (0, 3)
    assert cutoffs(shop) == [dt.date(1998, 1, 31)]
    assert shop.query("select count(*) as n from clv_drift").n[0] == 1
    assert (shop.home / "outputs" / "clv_predictions_actual_19980131_pred3m.csv").exists()


def test_show_prints_the_latest_batch_and_the_accuracy_of_earlier_ones(scored):
    shown = scored.clv("show")
    as_json = json.loads(scored.clv("show", "--json").out)
    assert (
        as_json["cutoff"] == str(DUE[-1]) and len(as_json["tables"]) == shown.out.count("\n## ") - 1
    )
    best, *_ = as_json["tables"].values()
    assert [row["clv_rank"] for row in best] == [1, 2, 3, 4, 5]
    assert shown.code == 0
    assert f"# Batch {DUE[-1]}, 3 months ahead" in shown.out
    for word in ("Top 1 %", "clv_index", "normalized_gini", str(DUE[0])):
        assert word in shown.out
    # where it was right, of the newest judged batch alone
    _, groups = shown.out.split("## Where the newest judged batch was right")
    kinds = [line.split("|")[1].strip() for line in groups.split("\n## ")[0].splitlines()[4:-1]]
    assert set(kinds) == {"tier", "cluster"} and kinds.count("tier") == 6
    # a batch that is watched is not shown as ok
    verdicts = scored.query("select verdict from clv_drift order by cutoff").verdict.tolist()
    _, accuracy = shown.out.split("## How good earlier predictions were")
    lines = accuracy.split("\n## ")[0].splitlines()
    assert lines[2].rstrip(" |").split()[-1] == "verdict"
    assert [line.rstrip(" |").split()[-1] for line in lines[4:] if line] == verdicts
    _, clusters = shown.out.split("## How customers buy")
    header, _, *rows = clusters.split("\n## ")[0].strip().splitlines()[2:]
    days = [name.strip() for name in header.split("|")].index("days_since_last")
    assert all(row.split("|")[days].strip().isdigit() for row in rows)


def start_run(shop: Shop) -> "subprocess.Popen[bytes]":
    home = {"CLV_HOME": str(shop.home), "CLV_TRANSACTIONS": str(shop.log)}
    environment = {**os.environ, **home, **NO_DATA_TESTS}  # they write nothing
    return subprocess.Popen(
        [sys.executable, "-m", "clv", "run"],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.exhaustive  # at every durable step: tests/python/unit/test_journal.py
def test_killed_at_any_moment_the_next_run_ends_as_if_nothing_had_happened(scored, fresh):
    whole = fresh("timed")
    started = time.monotonic()
    assert start_run(whole).wait() in (0, 3)
    duration = time.monotonic() - started
    shop = fresh("killed")
    moments = random.Random(5)
    killed = 0
    for _ in range(4):
        process = start_run(shop)
        time.sleep(duration * moments.uniform(0.1, 0.5))  # later runs need not parse
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        config = shop.home / "config" / "model_config.yaml"
        assert yaml.safe_load(config.read_text())["training"]["pred_months"] == 6
    assert killed >= 2
    done = shop.clv("run")
    assert done.code in (0, 3), done.err
    same(scored.tables(), shop.tables())
    assert shop.files() == scored.files()
    kept = [(s.home / "config" / "model_config.yaml").read_bytes() for s in (scored, shop)]
    assert kept[0] == kept[1]


def test_a_second_command_is_refused_and_told_who_is_at_work(fresh):
    shop = fresh("locked")
    process = start_run(shop)
    try:
        holder = shop.home / ".clv.lock.holder"
        for _ in range(200):
            if holder.exists():
                break
            time.sleep(0.05)
        refused = shop.clv("run")
        assert refused.code == 1
        assert f"process {process.pid}" in refused.err
    finally:
        process.kill()
        process.wait()
