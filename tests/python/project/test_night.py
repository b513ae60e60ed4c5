"""Nights without anybody watching: corrected logs, dates that are said, readers of the marts."""

import datetime as dt
import json
import re
import subprocess
import sys

import duckdb
import pandas as pd
import pytest
from shop import Shop, same

BATCHES = ["1997-12-30", "1998-01-13", "1998-01-27", "1998-02-10"]
CORRECTED = "1998-02-10"  # the only batch whose window holds 5 May 1998


def bytes_below(folder) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def thresholds(shop: Shop, value: str) -> None:
    config = shop.home / "config" / "model_config.yaml"
    text = re.sub(r"(drift_threshold_\w+:) [\d.]+", rf"\1 {value}", config.read_text())
    config.write_text(text)


def labels(shop: Shop) -> pd.DataFrame:
    return shop.query("select * from clv_predictions_actual order by all")


def labelled_at(shop: Shop) -> dict[str, dt.datetime]:
    found = shop.query(
        "select strftime(cutoff, '%Y-%m-%d') as day, min(labelled_at) as at "
        "from clv_predictions_actual group by all having min(labelled_at) = max(labelled_at)"
    )
    return dict(zip(found.day, found["at"], strict=True))


def batches(shop: Shop, table: str) -> list[str]:
    query = f"select distinct strftime(cutoff, '%Y-%m-%d') as day from {table} order by 1"
    return shop.query(query).day.tolist()


@pytest.fixture(scope="module")
def four(trained, tmp_path_factory) -> Shop:
    """Return a shop with four matured batches, none of which alarms. Not to be changed."""
    shop = trained.copy(tmp_path_factory.mktemp("four") / "home")
    thresholds(shop, "2.00")
    done = shop.clv("run", "--data-through", "1998-02-20")
    assert done.code == 0, done.err
    assert batches(shop, "clv_predictions") == BATCHES
    assert batches(shop, "clv_accuracy") == []
    done = shop.clv("monitor", "--data-through", "1998-05-12")
    assert done.code == 0, done.err
    assert batches(shop, "clv_accuracy") == BATCHES
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
    watched = shop.with_data_tests().clv("monitor")
    assert watched.code == 0, watched.err
    assert "no longer bears out the labels of 1 batch." in watched.err
    assert "`clv monitor --relabel`" in watched.err
    pd.testing.assert_frame_equal(before, labels(shop))
    assert shop.files() == files

    done = shop.clv("monitor", "--relabel")
    assert done.code == 0, done.err  # one customer's spend is noise, not an alert
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
    assert cells[7:] == ["ok", "ok"]
    assert not [line for line in done.out.splitlines() if BATCHES[0] in line]
    now = labelled_at(shop)
    assert now.keys() == times.keys() == set(BATCHES)
    assert [day for day in BATCHES if now[day] != times[day]] == [CORRECTED]
    changed = {name for name, content in shop.files().items() if files.get(name) != content}
    report = "drift_alert_19980210_pred3m.md"
    assert changed == {"clv_predictions_actual_19980210_pred3m.csv", report}
    # it crossed a threshold, which leaves a report; that one asks for nothing
    assert (shop.home / "outputs" / report).read_text().startswith("# Watch: ")
    predictions = "select * from clv_predictions order by all"
    pd.testing.assert_frame_equal(four.query(predictions), shop.query(predictions))


@pytest.mark.exhaustive  # kills of relabel: benchmarks/kills.py
def test_a_correction_that_was_wrong_is_undone_though_its_files_were_not_written(four, corrected):
    shop, files = corrected, corrected.files()
    done = shop.clv("monitor", "--relabel")
    assert done.code == 0, done.err
    # A relabelling that was killed before it wrote its files is made good by the next command.
    shop.log = four.log
    assert shop.score(f"{{cutoff: [], relabel: {CORRECTED}}}").code == 0
    back = shop.clv("monitor")
    assert back.code == 0, back.err
    assert shop.files() == files
    same(four.tables(), shop.tables())


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
    through = four.query("select * from int_clv__log_days")
    refused = four.clv(*arguments)
    assert refused.code == code and said in refused.err, refused.err
    pd.testing.assert_frame_equal(through, four.query("select * from int_clv__log_days"))


POLL = """
import json, pathlib, sys, time
import duckdb
marts, stop = sys.argv[1], pathlib.Path(sys.argv[2])
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
print(json.dumps({"states": states, "slowest": slowest}))
"""


@pytest.mark.exhaustive  # tests/python/unit/test_publish.py
def test_a_reader_of_the_marts_sees_whole_states_only_and_blocks_nothing(four, tmp_path):
    shop = four.copy(tmp_path / "polled")
    marts, stop = shop.home / "outputs" / "clv_marts.duckdb", tmp_path / "stop"
    kept = duckdb.connect(str(marts), read_only=True)
    reader = subprocess.Popen(
        [sys.executable, "-c", POLL, str(marts), str(stop)], stdout=subprocess.PIPE, text=True
    )
    done = shop.clv("run", "--data-through", "1998-07-24")  # the last row is of 30 June
    stop.touch()
    seen = json.loads(reader.communicate(timeout=60)[0])
    kept.execute("select count(distinct cutoff) from clv_predictions")
    assert kept.fetchall() == [(4,)]  # who keeps the old file open goes on reading that
    kept.close()
    assert done.code in (0, 3), done.err
    states = [tuple(state[1:]) for state in seen["states"]]
    assert all(state[0] for state in seen["states"])
    assert sorted(set(states)) == [(4, 4), (11, 8)]
    assert states == sorted(states) and len(states) > 20
    assert seen["slowest"] < 5
    assert batches(shop, "clv_predictions")[-1] == "1998-07-22"
    assert batches(shop, "clv_accuracy")[-1] == "1998-04-23"


def test_the_log_of_a_run_tells_what_was_scored_judged_and_published(four):
    kept = (four.home / "logs" / "clv.log").read_text("utf-8")
    lines = [json.loads(line) for line in kept.splitlines()]
    starts = [line["run_id"] for line in lines if line["event"] == "tables_built"]

    def of(run_id: str, event: str) -> list[dict]:
        return [line for line in lines if (line["run_id"], line["event"]) == (run_id, event)]

    run, monitor = starts[:2]
    assert [line["batch"][:8] for line in of(run, "batch_scored")] == [
        day.replace("-", "") for day in BATCHES
    ]
    accuracy = four.query("select customers, rmse from clv_accuracy order by cutoff")
    judged = [(line["customers"], line["rmse"]) for line in of(monitor, "batch_judged")]
    assert judged == list(accuracy.itertuples(index=False, name=None))
    (published,) = of(monitor, "marts_published")
    assert published["rows"]["clv_accuracy"] == 4
    (read,), (end,) = of(run, "log_read"), of(run, "command_ended")
    assert read["rows"] == 6919 and read["data_through"] == "1998-02-20"
    assert end["exit_code"] == 0 and end["seconds"] >= read["seconds"] > 0
