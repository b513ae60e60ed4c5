"""`clv reproduce`: train again from the commit of a model and compare with what was recorded.

Nothing in the home changes: code comes from a temporary git worktree, or is the wheel's own, state goes
to a temporary home, and the log is read up to the end of the model's labels.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

import clv
from clv import __version__
from clv.core.secrets import HIDDEN
from clv.errors import ClvError
from clv.operations.worktree import clean_environment, resolve, worktree
from clv.project.config import CONFIG
from clv.project.config_rewrite import rewritten
from clv.project.dbt import checked_vars
from clv.project.events import say
from clv.project.home import IS_INSTALLED, PROJECT, Home
from clv.project.log_section import LOCATIONS, placed_tables
from clv.project.stored import read_text
from clv.project.transaction_log import TransactionLog
from clv.registry import gate
from clv.registry.card import ModelCard, Settings
from clv.registry.store import Registry


@dataclass(frozen=True)
class Reproduction:
    """Recorded and repeated training side by side."""

    recorded: ModelCard
    repeated: ModelCard
    commit: str

    @property
    def equal(self) -> bool:
        """Whether RMSE, R² and the data fingerprint are the same to the last digit."""
        return all(before == after for _, before, after in self._figures())

    def table(self) -> pd.DataFrame:
        """Return a row per figure: recorded, repeated, and whether they are the same."""
        rows = [
            {
                "figure": name,
                "recorded": _exact(a),
                "repeated": _exact(b),
                "same": "yes" if a == b else "NO",
            }
            for name, a, b in [
                *self._figures(),
                ("champion", self.recorded.kind, self.repeated.kind),
                ("customers", self.recorded.customers, self.repeated.customers),
            ]
        ]
        return pd.DataFrame(rows)

    def reasons(self) -> list[str]:
        """Say what changed between the two trainings: data, code, environment."""
        before, after = self.recorded, self.repeated
        reasons = []
        if before.data.fingerprint != after.data.fingerprint:
            changed = [
                f"{key.replace('_', ' ')} {getattr(before.data, key)} -> {getattr(after.data, key)}"
                for key in ("customer_days", "customers", "first_day", "last_day", "net_amount")
                if getattr(before.data, key) != getattr(after.data, key)
            ]
            what = (
                ", ".join(changed) or "the same counts and total, other customers, days or amounts"
            )
            reasons.append(f"data: the log up to {before.labels_end} is not what it was ({what})")
        if self.commit != before.code_commit:
            reasons.append(f"code: {self.commit} was checked out, not {before.code_commit}")
        elif before.code_dirty:
            reasons.append(
                f"code: the model was trained with changes that were never committed; "
                f"{self.commit} is the nearest there is"
            )
        packages = sorted(before.environment.keys() | after.environment.keys())
        changed = [
            f"{name} {before.environment.get(name, 'not recorded')} -> "
            f"{after.environment.get(name, 'not recorded')}"
            for name in packages
            if before.environment.get(name) != after.environment.get(name)
        ]
        if changed:
            reasons.append(f"environment: {', '.join(changed)}")
        return reasons

    def _figures(self) -> list[tuple[str, Any, Any]]:
        before, after = self.recorded, self.repeated
        return [
            ("RMSE", before.baseline.rmse, after.baseline.rmse),
            ("R²", before.baseline.r2, after.baseline.r2),
            ("data fingerprint", before.data.fingerprint, after.data.fingerprint),
        ]


def reproduce(
    home: Home, model_id: str, user_vars: dict[str, Any] | None = None, commit: str | None = None
) -> Reproduction:
    """Train the model's window again from its commit, on the log as far as it was known then.

    Parameters
    ----------
    user_vars : dict, optional
        dbt vars in place of those that the card records.
    commit : str, optional
        In place of the recorded one, where that is unknown or gone.

    Raises
    ------
    ClvError
        When card and row do not fit, the commit is unknown or not in the repository, the log is
        not where it was, or the training itself fails.
    """
    card = _checked_card(Registry(home.registry), model_id)
    wanted = card.code_commit if commit is None else commit
    if wanted == "unknown":
        raise ClvError(
            f"{model_id} was trained outside a git repository, so its code is not known. Name the "
            "commit that is nearest to it with --commit."
        )
    revision = _version(wanted) if IS_INSTALLED else resolve(wanted)
    if card.code_dirty:
        say(
            f"{model_id} was trained with code changes that were not committed; "
            f"{revision[:12]} is the nearest that there is, figures may differ for that"
        )
    settings = card.settings
    # What a card says is worth no more than what a person types: both pass the same check.
    asked_vars = checked_vars(settings.vars if user_vars is None else user_vars)
    folder_of_vars = home.config.parent if user_vars is None else Path.cwd()
    with tempfile.TemporaryDirectory(prefix="clv-reproduce-") as folder:
        root = Path(folder).resolve()
        with _code(revision, root / "code") as project:
            temporary = Home(root / "home")
            _prepare_home(temporary, project, settings)
            dbt_vars = placed_tables(_vars(asked_vars, card), folder_of_vars)
            log = _log(home, temporary, settings, dbt_vars)
            say(f"training again from {revision[:12]} in a temporary folder")
            _train(project, temporary, card, log, dbt_vars)
            repeated = _only_card(temporary)
    return Reproduction(card, repeated, revision)


def _version(wanted: str) -> str:
    """Return the version of this wheel, where it is the one that trained.

    Raises
    ------
    ClvError
        Where it is not: a wheel holds no other code than its own.
    """
    own = f"v{__version__}"
    if wanted == own:
        return own
    if wanted.startswith("v"):
        other = wanted.removeprefix("v")
        raise ClvError(
            f"the model was trained by clv {other}, and this is {__version__}. Run "
            f"`pip install clv=={other}` in a fresh environment, and `clv reproduce` there."
        )
    raise ClvError(
        f"the model was trained from the commit {wanted} of a clone, and this clv is installed from a "
        "wheel, which holds no other code than its own. Run `clv reproduce` in a clone, with CLV_HOME."
    )


@contextmanager
def _code(revision: str, path: Path) -> Iterator[Path]:
    """Yield the folder of the dbt project of a commit, or the installed one."""
    if IS_INSTALLED:
        yield PROJECT
        return
    with worktree(revision, path) as project:
        yield project


def _checked_card(registry: Registry, model_id: str) -> ModelCard:
    card = gate.checked_card(registry, model_id)
    if registry.row_of(card.model_id) is None:
        say(
            f"{model_id} has no row in the manifest: it is a challenger, and its card alone is compared"
        )
    return card


def _prepare_home(home: Home, project: Path, settings: Settings) -> None:
    template = read_text(project / "config" / "model_config.yaml", CONFIG)
    keys = ("min_clusters", "max_clusters", "smallest_share")
    changes = {("clusters", key): getattr(settings, key) for key in keys}
    home.config.parent.mkdir(parents=True)
    home.config.write_text(rewritten(template, changes), "utf-8")


def _log(home: Home, temporary: Home, settings: Settings, dbt_vars: dict[str, Any]) -> str:
    """Return where the log is: what CLV_TRANSACTIONS says now, else what the card records."""
    recorded = settings.transactions or dbt_vars.get("transactions")
    log = TransactionLog.named(recorded)
    tables = (TransactionLog(str(dbt_vars.get(key) or "")) for key in LOCATIONS)
    if log.is_table or any(table.is_table for table in tables):
        # A table of the home's database: the temporary home works on a copy of the file.
        shutil.copy2(home.database, temporary.database)
    if HIDDEN in log.location:
        raise ClvError(
            f"the log that the model was trained on, '{log.location}', has an address with a secret, "
            "which is not recorded. Give the whole address with CLV_TRANSACTIONS."
        )
    if not log.is_file or log.is_placed:
        return log.location
    folders = (home.config.parent, Path.cwd(), PROJECT)
    found = log.below(folders)
    if found is None:
        raise ClvError(
            f"the log that the model was trained on, '{log.location}', is not below "
            f"{', '.join(map(str, folders[:-1]))} or {PROJECT}. Name it with CLV_TRANSACTIONS."
        )
    return found.location


def _vars(user_vars: dict[str, Any], card: ModelCard) -> dict[str, Any]:
    """Return the vars of the training, with the log ending where the model's labels ended."""
    end = card.labels_end.isoformat()
    latest = min(str(user_vars.get("latest_date") or end)[:10], end)
    return {**user_vars, "data_through": end, "latest_date": latest}


def _train(project: Path, home: Home, card: ModelCard, log: str, dbt_vars: dict[str, Any]) -> None:
    # An installed package is found where this one was; a commit's lies in its worktree.
    code = Path(clv.__file__).parents[1] if IS_INSTALLED else project / "python"
    settings = {
        "PYTHONPATH": str(code),
        "CLV_HOME": str(home.root),
        "CLV_TRANSACTIONS": log,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    arguments = [
        "--cutoff", card.training_cutoff.isoformat(),
        "--history-months", str(card.history_months),
        "--pred-months", str(card.pred_months),
        "--vars", json.dumps(dbt_vars, default=str),
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "clv", "train", *arguments],
        cwd=home.root, env=clean_environment() | settings, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode != 0:
        last = "\n".join(done.stderr.strip().splitlines()[-5:])
        raise ClvError(
            f"the training at {card.code_commit[:12]} failed:\n{last}\nIf a package is missing or of "
            "another version than its requirements.lock says, install that in a fresh environment and "
            "run `clv reproduce` there."
        )


def _only_card(home: Home) -> ModelCard:
    registry = Registry(home.registry)
    cards = registry.card_files()
    if len(cards) != 1:
        raise ClvError(f"the repeated training left {len(cards)} cards instead of one.")
    return registry.card(cards[0].stem)


def _exact(value: Any) -> str:
    return repr(value) if isinstance(value, float) else str(value)
