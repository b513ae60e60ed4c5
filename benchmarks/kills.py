"""kill -9 at seeded random moments of `clv run`, each followed by a plain `clv run`.

    python benchmarks/kills.py [--kills 50] [--seed 5]

Over a schedule of ten batches on the CDNOW sample, half of which alarm. Every other trial starts with
half of them done. After each pair of runs the tables, CSV files, marts, alerts and config are held
against those of a home that nothing disturbed, clocks left out; and every alert must have been said
by a run that ended. Exit code 1 at the first difference.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "python"))

import duckdb
import pandas as pd
from shop import Shop, same

from clv.project.cdnow import lifetimes_file
from clv.project.events import say


def sample(folder: Path) -> Path:
    """Write the CDNOW 1/10 sample as a CSV file."""
    names = ["master_id", "customer_id", "ordered_at", "cds", "amount"]
    source = lifetimes_file("CDNOW_sample.txt")
    frame = pd.read_csv(source, sep=r"\s+", names=names, dtype=str, header=None)
    frame[["customer_id", "ordered_at", "amount"]].to_csv(folder / "log.csv", index=False)
    return folder / "log.csv"


def start(shop: Shop, *arguments: str) -> subprocess.Popen[str]:
    """Start the command in a process of its own."""
    environment = {**os.environ, "CLV_HOME": str(shop.home), "CLV_TRANSACTIONS": str(shop.log)}
    return subprocess.Popen(
        [sys.executable, "-m", "clv", *arguments],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def clv(shop: Shop, *arguments: str) -> str:
    """Run the command to its end and return what it said."""
    process = start(shop, *arguments)
    out, err = process.communicate()
    assert process.returncode in (0, 3), err
    return out


def marts(shop: Shop) -> dict[str, pd.DataFrame]:
    """Return the published tables without clocks."""
    with duckdb.connect(str(shop.home / "outputs" / "clv_marts.duckdb"), read_only=True) as found:
        names = [str(name) for (name,) in found.execute("show tables").fetchall()]
        tables = {name: found.execute(f"select * from {name} order by all").df() for name in names}
    clocks = ["scored_at", "labelled_at"]
    return {name: table.drop(columns=clocks, errors="ignore") for name, table in tables.items()}


def compare(left: Shop, right: Shop) -> None:
    """Assert that two homes hold the same."""
    same(left.tables(), right.tables())
    same(marts(left), marts(right))
    assert left.files() == right.files(), "files of outputs differ"
    config = [(s.home / "config" / "model_config.yaml").read_bytes() for s in (left, right)]
    assert config[0] == config[1], "the config differs"
    left_over = [
        *right.home.rglob("*.tmp"),
        *right.home.glob("clv.duckdb.wal"),
        *right.home.glob(".clv.raised*"),
    ]
    assert not left_over, left_over


def stage(shop: Shop) -> str:
    """Say how far the killed run came: the last line of its log."""
    path = shop.home / "logs" / "clv.log"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return str(json.loads(lines[-1])["event"]) if lines else "nothing"


def main() -> int:
    """Run the trials and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as named:
        folder = Path(named)
        shop = Shop(folder / "trained", sample(folder))
        windows = ("--history-months", "9", "--pred-months", "3")
        clv(shop, "train", "--cutoff", "1997-09-30", *windows)
        config = shop.home / "config" / "model_config.yaml"
        text = config.read_text().replace("rmse: 0.20", "rmse: 0.00")
        config.write_text(text.replace("r2: 0.15", "r2: 0.00"))
        half = shop.copy(folder / "half")
        clv(half, "run", "--until", "1998-02-28", "--data-through", "1998-04-20")
        for home in (shop.home, half.home):
            (home / "logs" / "clv.log").unlink()
        whole = shop.copy(folder / "whole")
        began = time.monotonic()
        clv(whole, "run")
        duration = time.monotonic() - began
        alerts = alert_names(whole)
        say(f"undisturbed: {duration:.1f} s, {len(alerts)} alerts")
        moments = random.Random(options.seed)
        killed, unequal, trial = 0, 0, 0
        durations = {shop.home: duration, half.home: duration}
        stages: collections.Counter[str] = collections.Counter()
        while killed < options.kills:
            source = half if trial % 2 else shop
            trial += 1
            victim = source.copy(folder / f"trial{trial}")
            at = moments.uniform(0.15, 1.0) * durations[source.home]
            began = time.monotonic()
            process = start(victim, "run")
            try:
                heard, _ = process.communicate(timeout=at)
                durations[source.home] = time.monotonic() - began  # too late: no kill
            except subprocess.TimeoutExpired:
                process.kill()
                heard, _ = process.communicate()
                killed += 1
                where = stage(victim)
                stages[where] += 1
                try:
                    # In this process, which has dbt loaded: the same command in a third of the time.
                    done = victim.clv("run")
                    assert done.code in (0, 3), done.err
                    heard += done.out
                    silent = [n for n in alerts - alert_names(source) if n not in heard]
                    assert not silent, f"no run spoke of {silent}"
                    compare(whole, victim)
                except AssertionError as error:
                    unequal += 1
                    say(f"trial {trial}: killed after {at:.1f} s ({where}): {error}")
                say(f"{killed} kills of a run at work (after {where}), {unequal} ended otherwise")
            shutil.rmtree(victim.home)
        for name, count in stages.most_common():
            say(f"  {count:3d} after {name}")
    return 1 if unequal else 0


def alert_names(shop: Shop) -> set[str]:
    """Return the names of a home's alerts."""
    return {path.name for path in (shop.home / "outputs").glob("drift_alert_*.md")}


if __name__ == "__main__":
    sys.exit(main())
