"""`clv purge` with real ledgers: what was judged goes, and what rests on it is whole afterwards."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from shop import NO_DATA_TESTS

from clv.core.dates import now
from clv.core.window import WindowRequest
from clv.operations.purge import carry_out
from clv.operations.retention import make_plan
from clv.operations.run import monitor, run
from clv.project.config import read_config
from clv.project.database import fetch
from clv.project.dbt import DbtProject
from clv.project.home import Home
from clv.registry.purge_log import read
from clv.registry.verify import verify
from clv.scoring.batches import batches
from clv.training.train import train


@pytest.mark.exhaustive  # tests/python/unit/test_journal.py purges, and kills
def test_judged_batches_go_with_their_files_and_accuracy_stays(
    tmp_path: Path, sample_log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLV_TRANSACTIONS", str(sample_log))
    for name, value in NO_DATA_TESTS.items():
        monkeypatch.setenv(name, value)
    home = Home(tmp_path)
    home.ensure()
    config, dbt = read_config(home.config), DbtProject(home)
    train(dbt, config, WindowRequest.parse("1997-09-30", 9, 3), promote=True)
    for cutoff in ("1997-12-31", "1998-01-31", "1998-05-31"):
        run(dbt, config, cutoff)
    accuracy = fetch(home.database, "select * from clv_accuracy order by cutoff")
    drift = fetch(home.database, "select * from clv_drift order by cutoff")
    assert make_plan(home, now(), 9, archive=False).items == []

    later = make_plan(home, now() + dt.timedelta(days=400), 9, archive=False)
    assert [item.name for item in later.of("batch")] == [
        "1997-12-31 + 3 months",
        "1998-01-31 + 3 months",
    ]
    assert len(later.of("csv file")) == 8 and later.of("model file") == []
    carry_out(later, dbt, None)

    left = [str(batch.cutoff) for batch in batches(home, "clv_predictions")]
    for table in ("clv_features", "clv_clusters", "clv_ranked_predictions", "clv_cluster_ranking"):
        assert [str(batch.cutoff) for batch in batches(home, table)] == left == ["1998-05-31"]
    assert len(batches(home, "clv_predictions_actual")) == 2
    assert sorted(path.name for path in home.outputs.glob("*19971231*.csv")) == [
        "clv_predictions_actual_19971231_pred3m.csv"
    ]
    assert len(read(home)) == 10 and verify(home).findings == []

    # The next run neither brings them back nor forgets how good they were.
    monitor(dbt, config)
    assert accuracy.equals(fetch(home.database, "select * from clv_accuracy order by cutoff"))
    assert drift.equals(fetch(home.database, "select * from clv_drift order by cutoff"))
    assert len(batches(home, "clv_predictions")) == 1
    assert not list(home.outputs.glob("clv_predictions_1997*"))
