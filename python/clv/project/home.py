"""Where things are: the project (code) and the home (state)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import yaml

from clv.errors import ClvError
from clv.project.files import write_text

PROJECT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Home:
    """A folder that holds all state of one shop; two homes never touch each other."""

    root: Path

    @classmethod
    def current(cls) -> Home:
        """Return the home that CLV_HOME names; without it, the project's folder."""
        named = os.environ.get("CLV_HOME", "").strip()
        return cls(Path(named).expanduser().resolve() if named else PROJECT)

    @property
    def database(self) -> Path:
        return self.root / "clv.duckdb"

    @property
    def config(self) -> Path:
        return self.root / "config" / "model_config.yaml"

    @property
    def registry(self) -> Path:
        return self.root / "registry"

    @property
    def outputs(self) -> Path:
        return self.root / "outputs"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    def ensure(self) -> None:
        """Make the folder, with a config of its own: the project's, before any schedule.

        Raises
        ------
        ClvError
            When the project's files are not beside the package, or the home cannot be written.
        """
        if not (PROJECT / "dbt_project.yml").exists():
            raise ClvError(
                f"the dbt project is not at {PROJECT}. Install the package from a clone of the "
                "project with `pip install -e .`; the commands use the clone's models."
            )
        if not self.config.exists():
            from clv.project.config import rewritten

            template = (PROJECT / "config" / "model_config.yaml").read_text("utf-8")
            schedule = {("run", key): None for key in yaml.safe_load(template)["run"]}
            write_text(self.config, rewritten(template, schedule))
        elif not os.access(self.root, os.W_OK):
            raise ClvError(
                f"cannot write to {self.root}: it is read-only for this user. "
                "Make it writable, or point CLV_HOME at a folder that is."
            )
