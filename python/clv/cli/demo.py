"""`clv demo`: the whole loop on CDNOW, in a home of its own."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click

from clv.cli.exits import DONE, DONE_WITH_ALERT
from clv.core.given import given_path
from clv.errors import ClvError
from clv.project import events
from clv.project.files import write_text
from clv.project.transaction_log import VARIABLE

# What is done, with what is said before it.
STEPS = (
    ("", "init --cdnow"),
    ("", "tune --history-months 6,9 --pred-months 3 --yes"),
    (
        "next: the windows of the figures in README.md, 9 + 3 months at 1997-09-30, whatever was just chosen",
        "train --cutoff 1997-09-30 --history-months 9 --pred-months 3",
    ),
    ("", "run"),
    ("", "show"),
    ("", "verify"),
)
MARK = ".clv-demo"


@click.command("demo")
@click.argument("folder", default=".demo")
def demo_command(folder: str) -> None:
    """Tune, train, score, judge and verify on CDNOW, in FOLDER, and show what came of it.

    FOLDER is a home of its own, .demo by default; a demo that is there already is made anew. It
    takes some minutes.
    """
    home = given_path(folder)
    _make_room(home)
    environment = {**os.environ, "CLV_HOME": str(home), VARIABLE: ""}
    for told, step in STEPS:
        if told:
            events.say(told)
        events.say(f"$ clv {step}")
        done = subprocess.run(
            [sys.executable, "-m", "clv", *shlex.split(step)], env=environment, check=False
        )
        if done.returncode not in (DONE, DONE_WITH_ALERT):
            raise ClvError(f"the demo ended at `clv {step}`, which says why above.")
    named = shlex.quote(str(home))
    events.say(
        f"to look further: clv --home {named} status (or card champion); `reproduce champion` in their "
        "place trains it again from its card, in a minute, and compares the predictions"
    )


def _make_room(home: Path) -> None:
    """Remove an earlier demo, and nothing else.

    Raises
    ------
    ClvError
        When something else is there.
    """
    if home.is_dir() and (home / MARK).is_file():
        shutil.rmtree(home)
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise ClvError(
            f"{home} is there and is no demo, so it is left as it is. Name another folder: "
            "`clv demo FOLDER`."
        )
    home.mkdir(parents=True, exist_ok=True)
    write_text(home / MARK, "made by `clv demo`, which removes this folder when it is run again\n")
