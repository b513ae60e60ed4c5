"""The home that is attacked, made once, and the table of what came of it."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from arena import FAULTS, Arena, Situation, restored, tried
from made_once import made_once, shared_folder
from parsing import parsed_once
from shop import Shop
from world import orders

from clv.monitoring.decisions import decide
from clv.monitoring.tickets import queue
from clv.project.home import Home
from clv.registry.purge_log import Entry, append

FOUND = "attack"


@pytest.fixture(scope="session", autouse=True)
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with parsed_once(shared_folder(tmp_path_factory, "parsed")):
        yield


@pytest.fixture(scope="session")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small log; some of its customers have ids that act where they are shown."""
    path = tmp_path_factory.mktemp("attacked log") / "log.csv"
    orders().to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory, log: Path) -> Path:
    """Return a home with every file that a home can have. Not to be changed."""

    def make(root: Path) -> None:
        shop = Shop(root, log)
        windows = ("--history-months", "3", "--pred-months", "1", "--cutoff", "2022-08-31")
        done = shop.clv("train", *windows)
        assert done.code == 0, done.err
        shop.challenger()
        done = shop.clv("run", "--until", "2022-10-20")
        assert done.code in (0, 3), done.err
        home = Home(root)
        batch = re.search(r"_(\d{8}_pred1m)", str(next(home.outputs.glob("*.csv"))))[1]  # type: ignore[index]
        for alert in home.outputs.glob("drift_alert_*"):
            alert.unlink()
        (home.outputs / f"drift_alert_{batch}.md").write_text("# RMSE rose by 30 %\n\ntext\n")
        queue(home)
        decide(home, batch, "wait, and look again", "me")
        (home.registry / "tickets").mkdir(exist_ok=True)
        ticket = {"key": "CLV-1", "report": "0" * 64}
        (home.registry / "tickets" / f"{batch}.json").write_text(json.dumps(ticket) + "\n")
        append(home, [Entry("2026-01-01", "model file", "registry/models/x", "deleted", "", "old")])
        with duckdb.connect(str(home.database)) as connection:
            connection.execute("create table canary as select 1 as kept")
        shutil.rmtree(root / "target")

    return made_once(tmp_path_factory, "attacked", make)


@pytest.fixture(scope="session")
def arena(tmp_path_factory: pytest.TempPathFactory, whole: Path, log: Path) -> Arena:
    home = tmp_path_factory.mktemp("arena") / "home"
    shutil.copytree(whole, home, symlinks=True)
    manifest = pd.read_csv(home / "registry" / "champion_manifest.csv", dtype=str)
    champion = manifest.model_id.iloc[-1]
    cards = {path.stem for path in (home / "registry" / "cards").glob("*.json")}
    (challenger,) = cards - {champion}
    (ticket,) = (home / "registry" / "tickets").glob("*.json")
    return Arena(home, log, challenger, champion, ticket.stem)


@pytest.fixture
def attack(
    arena: Arena, whole: Path, request: pytest.FixtureRequest
) -> Callable[[Situation], None]:
    """Return what tries a situation, records it for the table, and asserts that it has no fault."""

    def attacked(situation: Situation) -> None:
        restored(whole, arena.home)
        arena.canary.unlink(missing_ok=True)
        outcome = tried(situation, arena)
        found = {
            "kind": situation.kind, "name": printable(str(situation)), "code": outcome.code,
            "faults": {fault: printable(what) for fault, what in outcome.faults.items()},
        }  # fmt: skip
        request.node.user_properties.append((FOUND, found))
        assert not outcome.faults, (outcome.code, outcome.out[-1000:], outcome.err[-2000:])

    return attacked


def printable(text: str) -> str:
    """Return a text that a worker can hand over and a terminal only shows."""
    return ascii(text)[1:-1]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what came of the situations, a line per kind, and every fault."""
    found = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == FOUND and getattr(report, "when", "") == "call"
    ]
    if not found:
        return
    write = terminalreporter.write_line
    terminalreporter.section("attacks")
    names = ("situations", "refused", "went through", *FAULTS)
    write(f"{'kind':<22}" + "".join(f"{name:>13}" for name in names))
    for kind in [*dict.fromkeys(one["kind"] for one in found), "all"]:
        ours = [one for one in found if kind in (one["kind"], "all")]
        sound = [one for one in ours if not one["faults"]]
        counts = Counter(fault for one in ours for fault in one["faults"])
        numbers = [
            len(ours), sum(one["code"] in (1, 2) for one in sound),
            sum(one["code"] in (0, 3) for one in sound), *(counts[fault] for fault in FAULTS),
        ]  # fmt: skip
        write(f"{kind:<22}" + "".join(f"{number:>13}" for number in numbers))
    for one in found:
        for fault, what in one["faults"].items():
            write(f"{one['kind']}: {fault}: {one['name']}: {what}")
