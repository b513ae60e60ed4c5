"""Accuracy side by side with peers: our champion, lifetimes, boosting on RFM, naive rules.

    python benchmarks/accuracy.py                                     # CDNOW, four splits
    python benchmarks/accuracy.py --log sales.parquet --split 2011-09-09:6:3 \
        --vars '{columns: {customer_id: Customer ID, ordered_at: InvoiceDate, amount: Price}}'

A split is cutoff:history_months:pred_months. At each, `clv train` runs with a cutoff pred_months
earlier, so that its labels end at the split's cutoff: the champion knows nothing of the test
window. The peers learn from the same history; lifetimes is used as its documentation shows. Beside
every contestant a second table has, per split, the ratio of the champion's RMSE to the best peer's with
its 90 % interval (customers resampled, 400 times), normalized Gini and total beside the best of any peer.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import io
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from clv.core.arrays import by_window, column
from clv.core.dates import add_months, parse_date
from clv.core.window import Window, WindowRequest
from clv.core.wording import markdown_table
from clv.errors import ClvError
from clv.operations.section import make_cdnow_home
from clv.prediction.accuracy import measure
from clv.prediction.champion import Champion
from clv.project.config import read_config
from clv.project.database import fetch
from clv.project.dbt import DbtProject, parse_vars
from clv.project.events import say
from clv.project.home import Home
from clv.registry.gate import open_model
from clv.registry.store import Registry
from clv.training.train import train

CDNOW_SPLITS = ["1997-12-31:9:3", "1997-12-31:12:6", "1998-03-31:9:3", "1998-03-31:12:3"]
RFM = ["frequency", "recency", "T", "monetary_value"]
RESAMPLES, SEED = 400, 20210101
Predictor = Callable[[], np.ndarray]


def lifetimes_peer(model: str, test: pd.DataFrame) -> np.ndarray:
    """Fit a purchase model and Gamma-Gamma with lifetimes' own defaults, in days."""
    with warnings.catch_warnings():
        import lifetimes

        warnings.simplefilter("ignore")
        x, r, age, money = (column(test, name) for name in RFM)
        with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            fitter = getattr(lifetimes, model)(penalizer_coef=0.0).fit(x, r, age)
            back = (x > 0) & (money > 0)
            spend = lifetimes.GammaGammaFitter(penalizer_coef=0.0).fit(x[back], money[back])
            bought = fitter.conditional_expected_number_of_purchases_up_to_time(
                column(test, "pred_days"), x, r, age
            )
            value = np.asarray(spend.conditional_expected_average_profit(x, money))
        return np.asarray(np.asarray(bought) * value)


def boosting_peer(train_set: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
    """Plain gradient boosting on RFM features, as a tutorial would do it."""
    model = HistGradientBoostingRegressor(random_state=0)
    model.fit(train_set[RFM].to_numpy(float), column(train_set, "actual_clv"))
    return np.asarray(model.predict(test[RFM].to_numpy(float)))


def two_stage_peer(train_set: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
    """Chance of buying times the amount, learnt on a log scale and smeared back (Duan 1983)."""
    features, spent = train_set[RFM].to_numpy(float), column(train_set, "actual_clv")
    buys = spent > 0
    chance = HistGradientBoostingClassifier(random_state=0).fit(features, buys)
    amount = HistGradientBoostingRegressor(random_state=0)
    amount.fit(features[buys], np.log(spent[buys]))
    smear = np.mean(np.exp(np.log(spent[buys]) - amount.predict(features[buys])))
    asked = test[RFM].to_numpy(float)
    return np.asarray(chance.predict_proba(asked)[:, 1] * np.exp(amount.predict(asked)) * smear)


def naive_peers(test: pd.DataFrame, train_set: pd.DataFrame, depth: float) -> dict[str, np.ndarray]:
    """Spend rates, the last window and the mean, in their plainest form."""
    days, spent = column(test, "pred_days"), np.maximum(column(test, "revenue"), 0)
    length = min((30, 90, 180, 365), key=lambda n: abs(np.log(n / days[0])))
    latest = np.maximum(column(test, f"revenue_{length}d"), 0)
    rates = {
        "naive: spend over T": spent * days / np.maximum(column(test, "T"), 1),
        "naive: spend over T, at least a window": spent
        * days
        / np.maximum(column(test, "T"), days),
        "naive: spend over the history": spent * days / depth,
        "naive: last window": latest * days / length,
    }
    if len(train_set):
        rate = column(train_set, "actual_clv").mean() / column(train_set, "pred_days")[0]
        rates["naive: mean"] = rate * days
    return rates


def split_table(dbt: DbtProject, split: str) -> tuple[pd.DataFrame, dict[str, object]]:
    """Return one row per contestant on one split, and the champion beside the best of the peers."""
    text, history, months = split.split(":")
    judged = Window(parse_date(text, "--split"), int(history), int(months))
    learnt = replace(judged, cutoff=add_months(judged.cutoff, -judged.pred_months))
    started = time.perf_counter()
    request = WindowRequest(learnt.cutoff, learnt.history_months, learnt.pred_months)
    card = train(dbt, read_config(dbt.home.config), request, promote=True)
    seconds = time.perf_counter() - started
    dbt.build_training_set([judged, learnt])
    frames = fetch(
        dbt.home.database, "select * from int_clv__training_set order by cutoff, customer_id"
    )
    windows = by_window(frames)
    test = windows[judged].reset_index(drop=True)
    train_set = windows.get(learnt, frames.iloc[:0]).reset_index(drop=True)
    stored = open_model(Registry(dbt.home.registry), card.model_id)
    champion = Champion.from_dict(stored.champion)
    depth = float(judged.history_days_since(champion.encoder.data_from))
    actual, rows = column(test, "actual_clv"), []
    predicted = champion.predict(test)
    rows.append(_row(f"clv ({champion.kind})", predicted["predicted_clv"], actual, seconds))
    peers: dict[str, Predictor] = {
        "lifetimes BG/NBD + GG": lambda: lifetimes_peer("BetaGeoFitter", test),
        "lifetimes Pareto/NBD + GG": lambda: lifetimes_peer("ParetoNBDFitter", test),
        "boosting on RFM": lambda: boosting_peer(train_set, test),
        "two-stage boosting on RFM": lambda: two_stage_peer(train_set, test),
    }
    naive = naive_peers(test, train_set, depth)
    peers |= {name: partial(np.asarray, values) for name, values in naive.items()}
    values_of: dict[str, np.ndarray] = {}
    for name, predict in peers.items():
        started = time.perf_counter()
        try:
            values = predict()
            values_of[name] = np.where(np.isfinite(values), values, 0.0)
        except Exception as error:  # lifetimes raises many kinds, and says so in the table
            say(f"{split}: {name}: {str(error).strip().splitlines()[0] if str(error) else error!r}")
            rows.append({"contestant": f"{name}: did not converge"})
            continue
        rows.append(_row(name, values, actual, time.perf_counter() - started))
    lower, upper = (column(predicted, f"predicted_clv_{end}") for end in ("lower", "upper"))
    positive = upper > 0
    say(
        f"{split}: {np.mean(actual > upper):.1%} above the upper bound "
        f"({np.mean(actual[positive] > upper[positive]):.1%} of those with one), "
        f"{np.mean(actual < lower):.1%} below the lower"
    )
    table = pd.DataFrame(rows)
    name = f"{judged.cutoff} {history}+{months}"
    table.insert(0, "split", name)
    ours = column(predicted, "predicted_clv")
    return table, {"split": name, "champion": champion.kind, **beside(ours, values_of, actual)}


def beside(ours: np.ndarray, peers: dict[str, np.ndarray], actual: np.ndarray) -> dict[str, object]:
    """Return error, order and level of predictions beside the best peer's, arrays of shape (n,)."""
    figures = {name: measure(values, actual) for name, values in peers.items()}
    best = min(figures, key=lambda name: figures[name].rmse)
    found, rng = measure(ours, actual), np.random.default_rng(SEED)
    squares = np.stack([(ours - actual) ** 2, (peers[best] - actual) ** 2])
    counts = (rng.poisson(1.0, len(actual)).astype(float) for _ in range(RESAMPLES))
    sums = np.array([squares @ count for count in counts])
    low, high = np.quantile(np.sqrt(sums[:, 0] / sums[:, 1]), (0.05, 0.95))
    return {
        "best peer": best,
        "RMSE": found.rmse,
        "ratio": found.rmse / figures[best].rmse,
        "90 % interval": f"{low:.3f}-{high:.3f}",
        "Gini": found.normalized_gini,
        "best Gini": max(one.normalized_gini for one in figures.values()),
        "total / actual": float(ours.sum() / actual.sum()),
    }


def _row(name: str, values: object, actual: np.ndarray, seconds: float) -> dict[str, object]:
    predicted = np.asarray(values, dtype=float)
    broken = int((~np.isfinite(predicted)).sum())
    found = measure(np.where(np.isfinite(predicted), predicted, 0.0), actual)
    return {
        "contestant": name + (f" ({broken} NaN taken as 0)" if broken else ""),
        "rmse": found.rmse,
        "r2": found.r2,
        "mae": found.mae,
        "spearman": found.spearman,
        "normalized_gini": found.normalized_gini,
        "top_decile_share": found.top_decile_share,
        "bias": found.bias,
        "seconds": seconds,
    }


def main() -> int:
    """Run the splits, print the table, and write it where --out says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--log", help="CSV or Parquet file; default: the CDNOW log")
    parser.add_argument("--vars", default="{}", help="dbt vars that map the log's columns")
    parser.add_argument("--split", action="append", help="cutoff:history_months:pred_months")
    parser.add_argument("--out", type=Path, help="Markdown file to write the table to")
    asked = parser.parse_args()
    if asked.log:
        os.environ["CLV_TRANSACTIONS"] = asked.log
    else:
        os.environ.pop("CLV_TRANSACTIONS", None)
        if not asked.split:
            asked.split = CDNOW_SPLITS
    if not asked.split:
        parser.error("--log needs at least one --split cutoff:history_months:pred_months")
    with tempfile.TemporaryDirectory(prefix="clv-accuracy-") as folder:
        os.environ["CLV_HOME"] = folder
        home = Home.current()
        if not asked.log:
            make_cdnow_home(home)
        home.ensure()
        dbt = DbtProject(home, parse_vars(asked.vars))
        try:
            found = [split_table(dbt, split) for split in asked.split]
        except ClvError as error:
            say(f"accuracy: {error}")
            return 1
    tables = (pd.concat([table for table, _ in found]), pd.DataFrame([row for _, row in found]))
    text = "\n\n".join(markdown_table(table) for table in tables)
    print(text)
    if asked.out:
        asked.out.write_text(f"{dt.date.today()}\n\n{text}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
