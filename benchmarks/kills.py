"""kill -9 at seeded moments of a command, each followed by the same command once more.

    python benchmarks/kills.py [--operations run,train,promote,purge,relabel] [--kills 30] [--seed 5]

On the CDNOW sample. Of the moments, each durable step of the command (a file that is moved into its place
or removed) is hit once, as far as the kills suffice; the others are random times. After each pair of
commands, tables, files, marts, config and registry are held against those of a home that nothing
disturbed, clocks left out; the report must have been printed, and the last exit code must be the
undisturbed one. Prints a row per operation; exit code 1 where one ended otherwise.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "python"))

import duckdb
import pandas as pd
from shop import Result, Shop, same

from clv.core.wording import markdown_table
from clv.project.cdnow import lifetimes_file
from clv.project.events import say
from clv.project.home import Home
from clv.registry.verify import verify

# Runs the command line after its first arguments, and dies before its durable step number argv[1],
# where 0 is never; the number of steps that were taken goes to the file argv[2].
CHILD = """
import os, pathlib, signal, sys
step, counted = int(sys.argv[1]), sys.argv[2]
taken = 0
def mortal(name):
    real = getattr(pathlib.Path, name)
    def stepped(path, *arguments, **named):
        global taken
        if name == "replace" or path.exists():
            taken += 1
            if taken == step:
                os.kill(os.getpid(), signal.SIGKILL)
        return real(path, *arguments, **named)
    setattr(pathlib.Path, name, stepped)
mortal("replace")
mortal("unlink")
from clv.cli.main import main
try:
    main(sys.argv[3:])
finally:
    with open(counted, "w") as file:
        file.write(str(taken))
"""
CLOCKS = re.compile(r"\d{8}T\d{6}Z|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[^\s,]*|[0-9a-f]{64}")
WINDOWS = ("--history-months", "9", "--pred-months", "3")


@dataclasses.dataclass
class Case:
    """A command on a prepared home, and how it ends when nothing disturbs it."""

    shop: Shop
    arguments: tuple[str, ...]
    whole: Shop
    done: Result
    seconds: float
    steps: int


@dataclasses.dataclass
class Tally:
    """What came of the kills of one operation."""

    operation: str
    kills: int = 0
    at_steps: int = 0
    at_times: int = 0
    ended_otherwise: int = 0


def sample(folder: Path) -> Path:
    """Write the CDNOW 1/10 sample as a CSV file."""
    names = ["master_id", "customer_id", "ordered_at", "cds", "amount"]
    source = lifetimes_file("CDNOW_sample.txt")
    frame = pd.read_csv(source, sep=r"\s+", names=names, dtype=str, header=None)
    frame[["customer_id", "ordered_at", "amount"]].to_csv(folder / "log.csv", index=False)
    return folder / "log.csv"


def start(shop: Shop, arguments: tuple[str, ...], step: int = 0) -> subprocess.Popen[str]:
    """Start the command in a process of its own, which dies at that durable step."""
    environment = {**os.environ, "CLV_HOME": str(shop.home), "CLV_TRANSACTIONS": str(shop.log)}
    counted = str(shop.home.with_suffix(".steps"))
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(step), counted, *arguments],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def clv(shop: Shop, *arguments: str) -> None:
    """Run the command to its end."""
    done = shop.clv(*arguments)
    assert done.code in (0, 3), done.err


def marts(shop: Shop) -> dict[str, pd.DataFrame]:
    """Return the published tables without clocks; none where nothing was published."""
    path = shop.home / "outputs" / "clv_marts.duckdb"
    if not path.exists():
        return {}
    with duckdb.connect(str(path), read_only=True) as found:
        names = [str(name) for (name,) in found.execute("show tables").fetchall()]
        tables = {name: found.execute(f"select * from {name} order by all").df() for name in names}
    clocks = ["scored_at", "labelled_at", "published_at", "run_id"]
    return {name: table.drop(columns=clocks, errors="ignore") for name, table in tables.items()}


def without_clocks(text: str) -> str:
    """Return a text without times, and without the hashes that rest on them."""
    return CLOCKS.sub("#", text)


def registry(shop: Shop) -> list[tuple[str, str]]:
    """Return names and texts of the registry, clocks left out; model files by their name alone."""
    root = shop.home / "registry"
    return sorted(
        (
            without_clocks(str(path.relative_to(root))),
            "" if path.suffix == ".joblib" else without_clocks(path.read_text("utf-8")),
        )
        for path in root.rglob("*")
        if path.is_file()
    )


def compare(left: Shop, right: Shop) -> None:
    """Assert that two homes hold the same, and that nothing is left over."""
    if marts(left):
        same(left.tables(), right.tables())
    same(marts(left), marts(right))
    outputs = [s.files() if (s.home / "outputs").exists() else {} for s in (left, right)]
    assert outputs[0] == outputs[1], "files of outputs differ"
    config = [(s.home / "config" / "model_config.yaml").read_bytes() for s in (left, right)]
    assert config[0] == config[1], "the config differs"
    assert registry(left) == registry(right), "the registry differs"
    assert verify(Home(right.home)).findings == [], "the registry does not fit"
    left_over = [*right.home.rglob("*.tmp"), *right.home.glob("clv.duckdb.wal")]
    assert not left_over, left_over


def is_over(case: Case, victim: Shop) -> bool:
    """Say whether the killed command had done all, but for its exit."""
    if any((victim.home / "registry" / "journal").glob("*")):
        return False
    try:
        compare(case.whole, victim)
    except (AssertionError, duckdb.Error):
        return False
    return True


def end_again(case: Case, victim: Shop, heard: str) -> None:
    """Run the command once more and assert that all is as if nothing had happened."""
    # In this process, which has dbt loaded: the same command in a third of the time.
    done = victim.clv(*case.arguments)
    assert done.code == case.done.code, f"exit code {done.code}: {done.err}"
    said = without_clocks(heard + done.out).replace(str(victim.home), "HOME")
    expected = without_clocks(case.done.out).replace(str(case.whole.home), "HOME")
    silent = [line for line in expected.splitlines() if line not in said]
    assert not silent, f"nothing said {silent}"
    compare(case.whole, victim)


def try_case(operation: str, case: Case, folder: Path, options: argparse.Namespace) -> Tally:
    """Kill the command as often as asked for."""
    tally, moments = Tally(operation), random.Random(options.seed)
    steps = list(range(1, case.steps + 1))
    if len(steps) > options.kills:
        steps = sorted(moments.sample(steps, options.kills))
    trial = 0
    while tally.kills < options.kills:
        trial += 1
        step = steps.pop(0) if steps else 0
        at = None if step else moments.uniform(0.15, 1.0) * case.seconds
        victim = case.shop.copy(folder / f"{operation}{trial}")
        process = start(victim, case.arguments, step)
        try:
            heard, _ = process.communicate(timeout=at)
        except subprocess.TimeoutExpired:
            process.kill()
            heard, _ = process.communicate()
        if process.returncode == -9:
            tally.kills += 1
            tally.at_steps += bool(step)
            tally.at_times += not step
            try:
                if not is_over(case, victim):
                    end_again(case, victim, heard)
            except AssertionError as error:
                tally.ended_otherwise += 1
                where = f"before durable step {step}" if step else f"after {at:.1f} s"
                say(f"{operation}, killed {where}: {error}")
            say(f"{operation}: {tally.kills} kills, {tally.ended_otherwise} ended otherwise")
        shutil.rmtree(victim.home)
    return tally


def prepared(shop: Shop, folder: Path, name: str, *arguments: str) -> Case:
    """Run the command undisturbed on a copy, and count its durable steps."""
    whole = shop.copy(folder / f"{name}_whole")
    began = time.monotonic()
    process = start(whole, arguments)
    out, err = process.communicate()
    assert process.returncode in (0, 3), err
    steps = int(whole.home.with_suffix(".steps").read_text())
    seconds = time.monotonic() - began
    say(f"{name}: undisturbed in {seconds:.1f} s with {steps} durable steps")
    return Case(shop, arguments, whole, Result(process.returncode, out, err), seconds, steps)


def of_train(shop: Shop, folder: Path) -> Case:
    """Train a second champion."""
    return prepared(shop, folder, "train", "train", "--cutoff", "1997-10-31", *WINDOWS)


def of_promote(shop: Shop, folder: Path) -> Case:
    """Promote a challenger."""
    ready = shop.copy(folder / "challenged")
    known = {path.stem for path in (ready.home / "registry" / "cards").glob("*.json")}
    clv(ready, "train", "--no-promote", "--cutoff", "1997-10-31", *WINDOWS)
    cards = {path.stem for path in (ready.home / "registry" / "cards").glob("*.json")}
    (challenger,) = cards - known
    asked = ("promote", challenger, "--reason", "why", "--yes", "--force")
    return prepared(ready, folder, "promote", *asked)


def of_run(shop: Shop, folder: Path) -> Case:
    """Score ten batches of which half alarm; the first of them are done already."""
    half = shop.copy(folder / "half")
    clv(half, "run", "--until", "1998-02-28", "--data-through", "1998-04-20")
    return prepared(half, folder, "run", "run")


def of_purge(shop: Shop, folder: Path) -> Case:
    """Purge the judged batches of a home that has aged by more than a year."""
    ready = shop.copy(folder / "aged")
    clv(ready, "run")
    with duckdb.connect(str(ready.home / "clv.duckdb")) as connection:
        connection.execute("update clv_predictions set scored_at = scored_at - interval 400 day")
    return prepared(ready, folder, "purge", "purge", "--yes")


def of_relabel(shop: Shop, folder: Path) -> Case:
    """Label again after a correction of the log."""
    ready = shop.copy(folder / "corrected")
    clv(ready, "run")
    buyer = ready.query("select min(customer_id) as id from clv_predictions_actual").id
    late = pd.DataFrame({"customer_id": buyer, "ordered_at": ["19980305"], "amount": ["9999.99"]})
    log = folder / "corrected.csv"
    pd.concat([pd.read_csv(str(ready.log), dtype=str), late]).to_csv(log, index=False)
    ready.log = log
    return prepared(ready, folder, "relabel", "monitor", "--relabel")


CASES: dict[str, Callable[[Shop, Path], Case]] = {
    "run": of_run, "train": of_train, "promote": of_promote, "purge": of_purge,
    "relabel": of_relabel,
}  # fmt: skip


def main() -> int:
    """Run the trials and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", default=",".join(CASES), help="Which; default: all.")
    parser.add_argument("--kills", type=int, default=30, help="Kills of each operation.")
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    operations = options.operations.split(",")
    if unknown := {*operations} - CASES.keys():
        parser.error(f"no operation {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    tallies: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as named:
        folder = Path(named)
        shop = Shop(folder / "trained", sample(folder))
        clv(shop, "train", "--cutoff", "1997-09-30", *WINDOWS)
        config = shop.home / "config" / "model_config.yaml"
        text = config.read_text().replace("rmse: 0.20", "rmse: 0.00")
        config.write_text(text.replace("r2: 0.15", "r2: 0.00"))
        for operation in operations:
            case = CASES[operation](shop, folder)
            tallies.append(dataclasses.asdict(try_case(operation, case, folder, options)))
    print(markdown_table(pd.DataFrame(tallies)))
    return 1 if any(tally["ended_otherwise"] for tally in tallies) else 0


if __name__ == "__main__":
    sys.exit(main())
