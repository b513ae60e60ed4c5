"""Faults and things in the way: each is loud, none is "no alert", and nothing trains a model."""

import subprocess
import sys
import time

import duckdb
import pytest
from shop import Shop

EARLY = "{data_through: 1998-02-28}"


def bytes_below(folder) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def config(shop: Shop, old: str, new: str) -> None:
    path = shop.home / "config" / "model_config.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


@pytest.fixture(scope="module")
def judged(trained, tmp_path_factory) -> Shop:
    """Return a shop with one batch, matured and not alarming. Not to be changed."""
    shop = trained.copy(tmp_path_factory.mktemp("judged") / "home")
    config(shop, "rmse: 0.20", "rmse: 2.00")
    config(shop, "r2: 0.15", "r2: 2.00")
    done = shop.clv("run", "--until", "1997-12-31")
    assert done.code == 0, done.err
    return shop


def alerts(shop: Shop) -> list[str]:
    return [path.name for path in (shop.home / "outputs").glob("drift_alert_*.md")]


def failed_loudly(shop: Shop, words: str) -> None:
    done = shop.clv("monitor")
    assert done.code == 1, done.err
    assert words in done.err and "Traceback" not in done.err
    assert "drift alert" not in done.out and "new alert" not in done.err


@pytest.mark.parametrize(
    "fault",
    ["threshold", "manifest", pytest.param("ledger", marks=pytest.mark.exhaustive)],
)
def test_a_fault_in_monitoring_fails_the_run_and_is_never_no_alert(judged, tmp_path, fault):
    shop = judged.copy(tmp_path / fault)
    if fault == "threshold":
        config(shop, "rmse: 2.00", "rmse: lots")
        failed_loudly(shop, "drift_threshold_rmse is 'lots'")
    elif fault == "manifest":
        (shop.home / "registry" / "champion_manifest.csv").write_text("a,b\n1,2\n")
        failed_loudly(shop, "restore it and its head from the newest backup")
    else:  # a table that somebody changed by hand
        with duckdb.connect(str(shop.home / "clv.duckdb")) as connection:
            connection.execute("alter table clv_predictions drop column predicted_clv")
        failed_loudly(shop, "predicted_clv")
    assert alerts(shop) == []


@pytest.mark.exhaustive  # what a run leaves undone is done by the next: tests/python/unit/test_journal.py
def test_an_alert_that_could_not_be_written_or_said_is_raised_by_the_next_run(fresh, monkeypatch):
    shop = fresh("silent")
    assert shop.clv("run", "--cutoff", "1998-01-31", "--vars", EARLY).code == 0
    with duckdb.connect(str(shop.home / "clv.duckdb")) as connection:
        connection.execute("update clv_predictions set predicted_clv = 3 * predicted_clv")

    def broken(*_):
        raise RuntimeError("no words")

    with monkeypatch.context() as patch:
        patch.setattr("clv.monitoring.alerts.report", broken)
        failed_loudly(shop, "RuntimeError: no words")
        assert alerts(shop) == []
    with monkeypatch.context() as patch:
        patch.setattr("clv.cli.night._finish", broken)
        assert shop.clv("monitor").code == 1
        assert alerts(shop) == ["drift_alert_19980131_pred3m.md"]
    said = shop.clv("monitor")
    assert said.code == 3 and "drift alert: " in said.out
    assert not list((shop.home / "registry" / "journal").iterdir())


HOLD = """
import sys, time
import duckdb
with duckdb.connect(sys.argv[1], read_only=True):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@pytest.mark.exhaustive  # locks: tests/python/attack/test_attack_processes.py
def test_a_short_reader_of_the_database_is_waited_out_and_a_lasting_one_is_named(
    judged, tmp_path, monkeypatch
):
    shop = judged.copy(tmp_path / "held")

    def hold(seconds: float) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", HOLD, str(shop.home / "clv.duckdb"), str(seconds)]
        reader = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert reader.stdout.readline() == "held\n"
        return reader

    began = time.monotonic()
    reader = hold(5)
    done = shop.clv("monitor")
    assert done.code == 0, done.err
    assert reader.poll() == 0 and time.monotonic() - began > 5

    monkeypatch.setenv("CLV_CONNECT_ATTEMPTS", "2")
    before = bytes_below(shop.home / "outputs")
    reader = hold(600)
    try:
        refused = shop.clv("monitor")
    finally:
        reader.kill()
        reader.wait()
    assert refused.code == 1 and refused.out == ""
    assert f"(PID {reader.pid}) holds it open" in refused.err
    assert "outputs/clv_marts.duckdb" in refused.err and refused.err.count("clv:") == 1
    assert bytes_below(shop.home / "outputs") == before


WATCHED = """
import sys
import sklearn.base
import clv.prediction.clusters, clv.prediction.encoder, clv.prediction.learners
from clv.cli.exits import guarded
from clv.cli.main import cli

def trains(*_, **__):
    raise AssertionError("a model was fitted")

clv.prediction.encoder.fit_purchases = clv.prediction.encoder.fit_spend = trains
clv.prediction.learners.fit_learner = clv.prediction.clusters.fit_clusters = trains
clv.prediction.clusters.KMeans.fit = trains
arguments = sys.argv[1:]
code = guarded(lambda: cli.main(arguments, prog_name="clv", standalone_mode=False))
loaded = sorted(name for name in sys.modules if name.startswith(("clv.training.", "clv.tuning.")))
print(code, loaded)
"""


@pytest.mark.exhaustive  # tests/python/project/test_monitoring.py: an alert retrains nothing
def test_no_run_trains_even_when_it_alarms(fresh, monkeypatch):
    shop = fresh("watched")
    assert shop.clv("run", "--cutoff", "1998-01-20", "--vars", EARLY).code == 0
    with duckdb.connect(str(shop.home / "clv.duckdb")) as connection:
        connection.execute("update clv_predictions set predicted_clv = 3 * predicted_clv")
    before = bytes_below(shop.home / "registry")
    monkeypatch.setenv("CLV_HOME", str(shop.home))
    monkeypatch.setenv("CLV_TRANSACTIONS", str(shop.log))
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, "run"],
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines()[-1] == "3 []", done.stdout + done.stderr
    after = bytes_below(shop.home / "registry")
    hashes, contract = "batch_hashes.csv", "log_contract.json"
    assert after[hashes].startswith(before[hashes])  # it grows with every batch
    # the log was accepted once more
    assert {**before, hashes: after[hashes], contract: after[contract]} == after
    assert shop.query("select distinct model_id from clv_predictions").shape == (1, 1)
