"""Checking out a commit of the project beside the one that is at work."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from clv.errors import ClvError
from clv.project.home import PROJECT

SAFE_GIT = ("git", "-c", "core.hooksPath=/dev/null")


def resolve(commit: str) -> str:
    """Return the full hash of a commit that the repository holds.

    Raises
    ------
    ClvError
        When it does not hold it.
    """
    try:
        return _git("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}")
    except ClvError as error:
        raise ClvError(
            f"the repository at {PROJECT} does not hold the commit {commit}. Fetch it (`git fetch "
            "--unshallow`, or from the repository it was made in), or name another with --commit."
        ) from error


@contextlib.contextmanager
def worktree(revision: str, path: Path) -> Iterator[Path]:
    """Check out `revision` at `path` and yield the project's folder in it; remove it afterwards."""
    prefix = _git("rev-parse", "--show-prefix")
    _git("worktree", "add", "--detach", "--force", str(path), revision)
    try:
        yield path / prefix
    finally:
        shutil.rmtree(path, ignore_errors=True)
        _git("worktree", "prune")


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            [*SAFE_GIT, "-C", str(PROJECT), *arguments],
            capture_output=True, text=True, check=True, env=clean_environment(),
        )  # fmt: skip
    except FileNotFoundError as error:
        raise ClvError(
            "git is not installed, and `clv reproduce` checks out a commit with it."
        ) from error
    except subprocess.CalledProcessError as error:
        cause = (error.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise ClvError(f"git {arguments[0]} failed in {PROJECT}: {cause}") from error
    return done.stdout.strip()


def clean_environment() -> dict[str, str]:
    """Return the environment without what points git or dbt elsewhere."""
    drop = ("GIT_", "DBT_")
    return {name: value for name, value in os.environ.items() if not name.startswith(drop)}
