"""Results are the same to the last digit whatever the number of threads of the linear algebra."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FIT = """
import datetime as dt
import hashlib
import numpy as np
from accuracy_world import DATA_FROM, purchases, training_set

from clv.core.window import Window
from clv.prediction.candidates import LEVELS
from clv.prediction.clusters import ClusterOptions, fit_clusters
from clv.prediction.encoder import LEARNER_MODELS
from clv.prediction.learners import LINEAR
from clv.training import contest, examples, judge, title
from clv.training.examples import rows_of
from clv.training.plan import plan_training

# What is quick to fit and made of matrix products; the ridge regression is to win.
judge.LEARNERS = (LINEAR,)
examples.PURCHASE_MODELS = dict.fromkeys(LEARNER_MODELS)
contest.LEVELS = title.LEVELS = (("linear", (LINEAR,)),)
plan = plan_training(Window(dt.date(2023, 6, 30), 9, 3), DATA_FROM)
windows = training_set(purchases(600, 720, 11), plan)
held = contest.hold_contest(windows, plan, seed=7)
judged = rows_of(windows, plan.folds[0].judged)
clusters = fit_clusters(judged, ClusterOptions(3, 4, 0.02), seed=1)
predicted = held.champion.predict(judged)
assert held.winner.kind == LINEAR
for found in (held.predicted, predicted.iloc[:, :6].to_numpy(dtype=float), clusters.centres):
    print(hashlib.sha256(np.ascontiguousarray(found).tobytes()).hexdigest())
"""


def fitted(threads: int) -> list[str]:
    """Digests of out-of-time predictions, of the champion's and of the clusters' centres."""
    number = {f"{library}_NUM_THREADS": str(threads) for library in ("OPENBLAS", "OMP", "MKL")}
    done = subprocess.run(
        [sys.executable, "-c", FIT], env=os.environ | number, cwd=Path(__file__).parent,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.slow
def test_the_number_of_threads_changes_no_digit():
    one = fitted(1)
    assert len(one) == 3
    assert fitted(2) == one
