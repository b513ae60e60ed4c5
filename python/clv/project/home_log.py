"""The log of a home: what the environment, the vars and the config's section `log` say together.

CLV_TRANSACTIONS wins over the vars, and a var over the key of the same name, whole. Plain dbt asks
here too (`clv_home_log`, by the plugin), so that both see the same log.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clv.core.secrets import redact
from clv.errors import ClvError
from clv.project.home import Home
from clv.project.log_section import placed
from clv.project.transaction_log import VARIABLE, TransactionLog

UNNAMED = (
    "no transaction log is named. `clv init FILE` looks at a file, shows how it reads it, and writes "
    "that into the config of this home; `clv init --cdnow` makes it a home for CDNOW, an example. "
    "CLV_TRANSACTIONS and the var transactions name a log too."
)


@dataclass(frozen=True)
class HomeLog:
    """What a home knows of its log, and what a command was given on top.

    Parameters
    ----------
    config : Path
        The config's file.
    section : dict
        Its section `log` as dbt vars; relative paths are taken from the config's folder.
    given : dict
        The vars that were given; relative paths are taken from the current folder.
    environment : mapping
        Where CLV_TRANSACTIONS is looked up.
    """

    config: Path
    section: dict[str, Any]
    given: dict[str, Any]
    environment: Mapping[str, str]

    @classmethod
    def of(cls, home: Home, given: dict[str, Any] | None = None) -> HomeLog:
        """Return the log of a home under the vars that were given."""
        return cls(home.config, home.read_config().log.as_vars(), given or {}, os.environ)

    @property
    def given_vars(self) -> dict[str, Any]:
        """The vars that were given, by paths that mean the same from every folder."""
        return placed(self.given, Path.cwd())

    @property
    def vars(self) -> dict[str, Any]:
        """What holds: the vars that were given over the section, paths from the root."""
        return {**placed(self.section, self.config.parent), **_said(self.given_vars)}

    @property
    def recorded_vars(self) -> dict[str, Any]:
        """What holds, but for the location, with paths as they were written."""
        kept = {**self.section, **_said(self.given)}
        return {key: value for key, value in kept.items() if key != "transactions"}

    @property
    def written(self) -> str:
        """The location as it was written; empty where none is."""
        wanted = {**self.section, **_said(self.given)}.get("transactions")
        return TransactionLog.named(wanted, self.environment).location

    @property
    def log(self) -> TransactionLog:
        """The log that is read; its location is empty where none is named."""
        return TransactionLog.named(self.vars.get("transactions"), self.environment).absolute()

    @property
    def own_location(self) -> str:
        """The location in the config, from the root; empty where it names none."""
        return str(placed(self.section, self.config.parent).get("transactions") or "")

    def check_named(self) -> None:
        """Refuse a home that knows no log.

        Raises
        ------
        ClvError
            With the ways to name one.
        """
        if not self.log.location:
            raise ClvError(UNNAMED)

    def overrides(self) -> str | None:
        """Say in one line what stands in place of the config's; None where nothing does."""
        own = placed(self.section, self.config.parent)
        winners = []
        named = self.environment.get(VARIABLE, "").strip()
        if named and own.get("transactions") not in (
            None,
            TransactionLog(named).absolute().location,
        ):
            winners.append(f"{VARIABLE} (not {redact(str(own['transactions']))})")
        for key, value in _said(self.given_vars).items():
            if key in own and own[key] != value and not (key == "transactions" and named):
                winners.append(f"the var {key}")
        if not winners:
            return None
        return f"{' and '.join(winners)} in place of what section log of {self.config} says"


def _said(given: dict[str, Any]) -> dict[str, Any]:
    """Return the vars that say something: null is as good as left out."""
    return {key: value for key, value in given.items() if value is not None}


def answered(_: str) -> str:
    """Answer the macros: the section `log` of the current home as JSON, its address without secrets."""
    try:
        return told(section_of_current_home())
    except ClvError as error:
        return json.dumps({"error": str(error)})


def told(section: dict[str, Any]) -> str:
    """Return a section `log` as JSON, its address without secrets."""
    shown = {key: redact(value) for key, value in section.items() if key == "transactions"}
    return json.dumps({**section, **shown})


def section_of_current_home() -> dict[str, Any]:
    """Return the section `log` of the home that dbt works on; paths are whole."""
    named = os.environ.get("CLV_HOME", "").strip()
    home = Home(Path(named or ".").resolve())
    return home.read_config().log.placed_vars(home.config.parent)
