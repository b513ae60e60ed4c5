"""What needs processes: kills at durable steps, signals, commands at once, engines that wait."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from arena import Arena, Outcome, Situation, in_process
from killed import killed_at

from clv.project import lock

WAIT = """
import sys, time
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(600)
"""


def command_of(arena: Arena, *arguments: str) -> Callable[[], object]:
    environment = {"CLV_HOME": str(arena.home), "CLV_TRANSACTIONS": str(arena.log)}
    return lambda: in_process([arena.filled(a) for a in arguments], environment, "")


def killed_at_step(step: int, *arguments: str) -> Callable[[Arena], None]:
    def prepare(arena: Arena) -> None:
        with contextlib.suppress(BaseException):
            killed_at(step, command_of(arena, *arguments))
        for held in lock._locks.values():  # as the end of a process does
            held.release(force=True)

    return prepare


def killed_before() -> Iterator[Situation]:
    """A command was killed at a durable step; the next ones go on as if nothing had happened."""
    for step in (1, 2, 3):
        for killed in (
            ("ack", "{batch}", "--decision", "kill"),
            ("tickets", "--dry-run"),
            ("purge",),
        ):
            for command in (("verify",), ("status",)):
                name = f"{killed[0]} killed at step {step}"
                yield Situation(
                    "kills", name, command, killed_at_step(step, *killed), check=ends_with(0)
                )


def ends_with(code: int) -> Callable[[Arena, Outcome], list[str]]:
    return lambda _, outcome: (
        [] if outcome.code == code else [f"ended with {outcome.code}: {outcome.err[-200:]}"]
    )


def held_by_another(arena: Arena) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WAIT, str(arena.home / ".clv.lock")], stdout=subprocess.PIPE
    )
    assert process.stdout is not None and process.stdout.readline() == b"held\n"
    PROCESSES.append(process)


PROCESSES: list[subprocess.Popen[bytes]] = []


def let_go(code: int) -> Callable[[Arena, Outcome], list[str]]:
    def check(_: Arena, outcome: Outcome) -> list[str]:
        while PROCESSES:
            process = PROCESSES.pop()
            process.kill()
            process.wait()
        return [] if outcome.code == code else [f"ended with {outcome.code}"]

    return check


def at_once() -> Iterator[Situation]:
    for command, code in (
        (("run",), 1), (("monitor",), 1), (("train",), 1), (("purge",), 1),
        (("promote", "{challenger}", "--reason", "x", "--yes"), 1), (("status",), 0), (("verify",), 0), (("show",), 0),
    ):  # fmt: skip
        yield Situation(
            "at once", "another command is at work", command, held_by_another, check=let_go(code)
        )


def with_fifo(name: str) -> Callable[[Arena], None]:
    def prepare(arena: Arena) -> None:
        path = arena.home / name
        path.unlink()
        os.mkfifo(path)

    return prepare


def log_fifo(arena: Arena) -> None:
    path = Path(f"{arena.canary}.fifo.csv")
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def waiting() -> Iterator[Situation]:
    for command in (("status",), ("show",), ("verify",)):
        yield Situation(
            "stored files", "clv.duckdb: fifo", command, with_fifo("clv.duckdb"), process=True
        )
    yield Situation(
        "logs",
        "a fifo",
        ("monitor",),
        log_fifo,
        {"CLV_TRANSACTIONS": "{canary}.fifo.csv"},
        process=True,
        must_refuse=True,
    )


def situations() -> list[Situation]:
    return [*killed_before(), *at_once(), *waiting()]
