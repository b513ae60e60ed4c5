"""Nights without anybody watching: corrected logs, readers in the way, faults, and no training."""

import datetime as dt
import json
import subprocess
import sys
import time

import duckdb
import pandas as pd
import pytest
from conftest import Shop, same

BATCHES = ["1997-12-30", "1998-01-13", "1998-01-27", "1998-02-10"]
CORRECTED = "1998-02-10"  # the only batch whose window holds 5 May 1998
ALERT = "drift_alert_19980210_pred3m.md"


def bytes_below(folder) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def labels(shop: Shop) -> pd.DataFrame:
    return shop.query("select * from clv_predictions_actual order by all")


def labelled_at(shop: Shop) -> dict[str, dt.datetime]:
    found = shop.query(
        "select strftime(cutoff, '%Y-%m-%d') as day, min(labelled_at) as at "
        "from clv_predictions_actual group by all having min(labelled_at) = max(labelled_at)"
    )
    return dict(zip(found.day, found["at"], strict=True))


@pytest.fixture(scope="module")
def four(trained, tmp_path_factory) -> Shop:
    """Return a shop with four matured batches, none of which alarms, and those bytes as they were."""
    shop = trained.copy(tmp_path_factory.mktemp("four") / "home")
    config = shop.home / "config" / "model_config.yaml"
    text = config.read_text()
    for key in ("drift_threshold_rmse: 0.20", "drift_threshold_r2: 0.15"):
        text = text.replace(key, key[:-4] + "2.00")
    config.write_text(text)
    done = shop.clv("run", "--until", CORRECTED, "--data-through", "1998-06-20")
    assert done.code == 0, done.err
    return shop


@pytest.fixture
def corrected(four, tmp_path) -> Shop:
    """Return a copy whose log has one late and very large order more."""
    shop = four.copy(tmp_path / "corrected")
    log = pd.read_csv(shop.log, dtype=str)
    buyer = shop.query(
        f"select min(customer_id) as id from clv_predictions where cutoff = '{CORRECTED}'"
    )
    late = pd.DataFrame(
        {"customer_id": buyer.id, "ordered_at": ["19980505"], "amount": ["9999.99"]}
    )
    shop.log = tmp_path / "log.csv"
    pd.concat([log, late]).to_csv(shop.log, index=False)
    return shop


def test_a_correction_relabels_only_on_request_and_says_what_changed(four, corrected, tmp_path):
    shop = corrected
    before, times, files = labels(shop), labelled_at(shop), shop.files()
    watched = shop.clv("monitor")
    assert watched.code == 0, watched.err
    assert "no longer bears out the labels of 1 batches" in watched.err
    assert "`clv monitor --relabel`" in watched.err
    pd.testing.assert_frame_equal(before, labels(shop))
    assert shop.files() == files

    done = shop.clv("monitor", "--relabel")
    assert done.code == 3, done.err
    (row,) = [line for line in done.out.splitlines() if CORRECTED in line]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    accuracy = [
        s.query(f"select * from clv_accuracy where cutoff = '{CORRECTED}'").iloc[0]
        for s in (four, shop)
    ]
    assert cells[:3] == [CORRECTED, "3", "1"]
    assert accuracy[1].actual_total - accuracy[0].actual_total == pytest.approx(9999.99)
    assert [float(cells[i].replace(",", "")) for i in (3, 4, 5, 6)] == pytest.approx(
        [accuracy[0].actual_total, accuracy[1].actual_total, accuracy[0].rmse, accuracy[1].rmse],
        rel=1e-3,
    )
    assert cells[7:] == ["ok", "alert"]
    assert not [line for line in done.out.splitlines() if BATCHES[0] in line]
    now = labelled_at(shop)
    assert now.keys() == times.keys() == set(BATCHES)
    assert [day for day in BATCHES if now[day] != times[day]] == [CORRECTED]
    changed = {name for name, content in shop.files().items() if files.get(name) != content}
    assert changed == {"clv_predictions_actual_19980210_pred3m.csv", ALERT}
    predictions = "select * from clv_predictions order by all"
    pd.testing.assert_frame_equal(four.query(predictions), shop.query(predictions))

    again = shop.clv("monitor", "--relabel", CORRECTED)
    assert again.code == 0 and "no label changed" in again.err
    assert labelled_at(shop) == now

    shop.log = four.log  # the correction was itself wrong: the alert goes, and all is as it was
    back = shop.clv("monitor", "--relabel", CORRECTED)
    assert back.code == 0, back.err
    assert "drift alert withdrawn" in back.out and ALERT in back.out
    assert shop.files() == files
    same(four.tables(), shop.tables())


def test_a_relabelling_that_was_killed_before_its_files_is_made_good(corrected):
    shop = corrected
    name = "clv_predictions_actual_19980210_pred3m.csv"
    before = shop.files()[name]
    assert shop.score(f"{{cutoff: [], relabel: {CORRECTED}}}").code == 0
    assert shop.files()[name] == before
    assert shop.clv("monitor").code == 3
    assert shop.files()[name] != before and b"9999.99" in shop.files()[name]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["monitor", "1998-02-10"], 2, "cutoffs go with --relabel"),
        (["monitor", "--relabel", "1998-02-11"], 1, "1998-02-11 has no labelled batch"),
        (["monitor", "--relabel", "soon"], 1, "'soon' is not a date"),
        (["monitor", "--vars", "{relabel: true}"], 1, "give clv monitor --relabel instead"),
        (["run", "--data-through", "1999-06-30"], 1, "365 days after the last row"),
        (["run", "--data-through", "1990-01-01"], 1, "lies before the log, which begins on 1997-01-01"),
        (["run", "--data-through", "1998-02-30"], 1, "'1998-02-30' is not a date"),
        (
            ["run", "--data-through", "1998-06-30", "--vars", "{data_through: 1998-06-30}"],
            1, "say the same; give one",
        ),
    ],
)  # fmt: skip
def test_a_request_that_makes_no_sense_is_refused_and_changes_nothing(four, arguments, code, said):
    through = four.query("select * from data_through")
    refused = four.clv(*arguments)
    assert refused.code == code and said in refused.err, refused.err
    pd.testing.assert_frame_equal(through, four.query("select * from data_through"))


def test_data_through_says_what_is_due_and_what_has_matured_before_and_after_the_last_row(fresh):
    shop = fresh("through")
    early = shop.clv("run", "--data-through", "1998-04-12")
    assert early.code in (0, 3), early.err
    scored = "select distinct strftime(cutoff, '%Y-%m-%d') as day from {} order by 1"
    assert shop.query(scored.format("clv_predictions")).day.tolist() == [
        *BATCHES, "1998-02-24", "1998-03-10", "1998-03-24",
    ]  # fmt: skip
    assert shop.query(scored.format("clv_accuracy")).day.tolist() == BATCHES[:1]
    late = shop.clv("run", "--data-through", "1998-07-24")  # the last row is of 30 June
    assert late.code in (0, 3), late.err
    assert shop.query(scored.format("clv_predictions")).day.tolist()[-1] == "1998-07-22"
    assert shop.query(scored.format("clv_accuracy")).day.tolist()[-1] == "1998-04-23"


POLL = """
import json, pathlib, sys, time
import duckdb
marts, stop = sys.argv[1], pathlib.Path(sys.argv[2])
first = duckdb.connect(marts, read_only=True)  # a BI tool that keeps what it opened
batches = "select list(distinct cutoff order by cutoff) from {}"
states, slowest = [], 0.0
while True:
    last = stop.exists()
    began = time.monotonic()
    with duckdb.connect(marts, read_only=True) as now:
        read = lambda table: [str(day) for day in now.execute(batches.format(table)).fetchall()[0][0]]
        scored = [read(t) for t in ("clv_predictions", "clv_ranked_predictions", "clv_clusters",
                                    "clv_cluster_ranking")]
        judged = [read(t) for t in ("clv_predictions_actual", "clv_accuracy", "clv_drift")]
        whole = all(s == scored[0] for s in scored) and all(j == judged[0] for j in judged)
        whole = whole and read("customer_segments") == scored[0][-1:]
    slowest = max(slowest, time.monotonic() - began)
    states.append([whole, len(scored[0]), len(judged[0])])
    if last:
        break
kept = len(first.execute(batches.format("clv_predictions")).fetchall()[0][0])
print(json.dumps({"states": states, "slowest": slowest, "kept": kept}))
"""


def test_a_reader_of_the_marts_sees_whole_states_only_and_blocks_nothing(four, tmp_path):
    shop = four.copy(tmp_path / "polled")
    marts, stop = shop.home / "outputs" / "clv_marts.duckdb", tmp_path / "stop"
    reader = subprocess.Popen(
        [sys.executable, "-c", POLL, str(marts), str(stop)], stdout=subprocess.PIPE, text=True
    )
    done = shop.clv("run")
    stop.touch()
    seen = json.loads(reader.communicate(timeout=60)[0])
    assert done.code in (0, 3), done.err
    states = [tuple(state[1:]) for state in seen["states"]]
    assert all(state[0] for state in seen["states"])
    assert sorted(set(states)) == [(4, 4), (10, 7)]
    assert states == sorted(states) and len(states) > 20
    assert seen["kept"] == 4
    assert seen["slowest"] < 5


HOLD = """
import sys, time
import duckdb
with duckdb.connect(sys.argv[1], read_only=True):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def test_a_short_reader_of_the_database_is_waited_out_and_a_lasting_one_is_named(
    four, tmp_path, monkeypatch
):
    shop = four.copy(tmp_path / "held")

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


@pytest.mark.parametrize("fault", ["threshold", "manifest", "model", "table", "python"])
def test_a_fault_in_monitoring_fails_the_run_and_is_never_no_alert(
    four, tmp_path, monkeypatch, fault
):
    shop = four.copy(tmp_path / fault)
    words = "clv:"
    if fault == "threshold":
        config = shop.home / "config" / "model_config.yaml"
        config.write_text(config.read_text().replace("rmse: 2.00", "rmse: lots"))
        words = "drift_threshold_rmse is lots"
    elif fault == "manifest":
        (shop.home / "registry" / "champion_manifest.csv").write_text("a,b\n1,2\n")
        words = "champion_manifest.csv does not have the manifest's columns"
    elif fault == "model":
        path = shop.home / "registry" / "champion_manifest.csv"
        path.write_text(path.read_text().replace(",false,", ",maybe,", 1).replace("0.", "x.", 1))
        words = "clv:"
    elif fault == "table":  # a ledger that somebody rebuilt without a column
        with duckdb.connect(str(shop.home / "clv.duckdb")) as connection:
            connection.execute("alter table clv_predictions_actual drop column actual_clv")
        words = "actual_clv"
    else:

        def broken(_):
            raise RuntimeError("no text")

        monkeypatch.setattr("clv.alerts.alert_text", broken)
        config = shop.home / "config" / "model_config.yaml"
        config.write_text(config.read_text().replace(": 2.00", ": 0.00"))
        words = "RuntimeError: no text"
    before = {k: v for k, v in bytes_below(shop.home / "outputs").items() if k.endswith(".md")}
    done = shop.clv("monitor")
    assert done.code == 1, done.err
    assert words in done.err and "Traceback" not in done.err
    assert "drift alert" not in done.out and "new alerts" not in done.err
    after = {k: v for k, v in bytes_below(shop.home / "outputs").items() if k.endswith(".md")}
    assert after == before


def test_an_alert_whose_run_died_before_it_spoke_is_raised_by_the_next(four, tmp_path, monkeypatch):
    shop = four.copy(tmp_path / "silent")
    config = shop.home / "config" / "model_config.yaml"
    config.write_text(config.read_text().replace(": 2.00", ": 0.00"))

    def dies(*_):
        raise RuntimeError("killed here")

    with monkeypatch.context() as patch:
        patch.setattr("clv.cli._finish", dies)
        assert shop.clv("monitor").code == 1
    assert list((shop.home / "outputs").glob("drift_alert_*.md"))
    said = shop.clv("monitor")
    assert said.code == 3 and "drift alert: " in said.out
    assert shop.clv("monitor").code == 0


WATCHED = """
import sys
import clv.btyd, clv.candidates, clv.clustering
from clv.cli import cli, guarded

def trains(*_, **__):
    raise AssertionError("a model was fitted")

clv.btyd.fit_purchases = clv.btyd.fit_spend = trains
clv.candidates.fit_candidate = clv.clustering.fit_clusters = trains
arguments = sys.argv[1:]
code = guarded(lambda: cli.main(arguments, prog_name="clv", standalone_mode=False))
loaded = sorted(name for name in sys.modules if name in
                {"clv.train", "clv.contest", "clv.tune", "clv.reproduce", "clv.promotion"})
print(code, loaded)
"""


def test_no_run_trains_even_when_it_alarms(fresh, monkeypatch):
    shop = fresh("watched")
    config = shop.home / "config" / "model_config.yaml"
    config.write_text(config.read_text().replace("rmse: 0.20", "rmse: 0.00"))
    before = bytes_below(shop.home / "registry")
    monkeypatch.setenv("CLV_HOME", str(shop.home))
    monkeypatch.setenv("CLV_TRANSACTIONS", str(shop.log))
    done = subprocess.run([sys.executable, "-c", WATCHED, "run"], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "3 []", done.stdout + done.stderr
    assert bytes_below(shop.home / "registry") == before
    assert shop.query("select distinct model_id from clv_predictions").shape == (1, 1)


def test_the_log_of_a_run_tells_what_was_scored_judged_and_published(four):
    kept = (four.home / "logs" / "clv.log").read_text("utf-8")
    runs = [json.loads(line) for line in kept.splitlines()]
    ids = [line["run_id"] for line in runs if line["event"] == "marts_published"]
    lines = {}
    for line in runs:
        if line["run_id"] == ids[0]:
            lines.setdefault(line["event"], []).append(line)
    assert [line["batch"][:8] for line in lines["batch_scored"]] == [
        day.replace("-", "") for day in BATCHES
    ]
    for line in lines["batch_judged"]:
        stored = four.query(
            f"select * from clv_accuracy where strftime(cutoff, '%Y%m%d') = '{line['batch'][:8]}'"
        )
        assert line["customers"] == stored.customers[0] and line["rmse"] == stored.rmse[0]
    (published,) = lines["marts_published"]
    assert published["rows"]["clv_accuracy"] == 4
    (read,) = lines["log_read"]
    assert read["rows"] == 6919 and read["data_through"] == "1998-06-20"
    (end,) = lines["command_ended"]
    assert end["exit_code"] == 0 and end["seconds"] >= read["seconds"]
