"""Where things are: the project (code) and the home (state)."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from clv.errors import ClvError
from clv.project.config import CONFIG, Config, checked_config, read_config
from clv.project.config_rewrite import rewritten
from clv.project.files import sweep, write_text
from clv.project.section_rewrite import with_section
from clv.project.stored import Kind, MissingFileError, listed, read_text, stands

# The dbt project: in a wheel it lies within the package, in a clone beside it.
_PACKED = Path(__file__).resolve().parents[1] / "dbt_project"
IS_INSTALLED = (_PACKED / "dbt_project.yml").is_file()
PROJECT = _PACKED if IS_INSTALLED else Path(__file__).resolve().parents[3]
ELSEWHERE = "Point CLV_HOME at a folder that is there, or can be made."
REGISTRY = Kind("the registry")


@dataclass(frozen=True)
class Home:
    """A folder that holds all state of one shop; two homes never touch each other."""

    root: Path

    @classmethod
    def current(cls) -> Home:
        """Return the home that CLV_HOME names; without it, the clone, or of a wheel the current folder.

        Raises
        ------
        ClvError
            When no folder can have that name, something else stands in its place, or it is within
            the installed package.
        """
        named = os.environ.get("CLV_HOME", "").strip()
        if not IS_INSTALLED:
            return cls(_folder(named) if named else PROJECT)
        root = _folder(named or ".")
        check_is_outside(root)
        return cls(root)

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

    def exists(self) -> bool:
        """Say whether the folder is there."""
        return self.root.is_dir()

    def ensure(self) -> None:
        """Make the folder, with a config of its own: the project's, before any schedule.

        Raises
        ------
        ClvError
            When the project's files are not beside the package, the home cannot be written, or its
            config is gone while its registry is there.
        """
        if not (PROJECT / "dbt_project.yml").exists():
            raise ClvError(
                f"the dbt project is not at {PROJECT}. Install the wheel, or a clone with "
                "`pip install -e .`."
            )
        if self.lacks_config():
            write_text(self.config, default_config())
        elif not os.access(self.root, os.W_OK):
            raise ClvError(
                f"cannot write to {self.root}: it is read-only for this user. "
                "Make it writable, or point CLV_HOME at a folder that is."
            )

    def read_config(self) -> Config:
        """Return the config; of a new home, which has none, the project's before any schedule.

        Raises
        ------
        ClvError
            When it cannot be read or is not valid, or is gone while the registry is there.
        """
        if self.lacks_config():
            return checked_config(PROJECT / "config" / "model_config.yaml", default_config())
        return read_config(self.config)

    def lacks_config(self) -> bool:
        """Say whether this is a new home, whose config is still to be made.

        Raises
        ------
        ClvError
            When the config is gone although there is a registry: defaults would lose the windows
            and the schedule without a word.
        """
        if stands(self.config, CONFIG):
            return False
        if listed(self.registry, "*", REGISTRY):
            raise MissingFileError(
                self.config, CONFIG, f"is missing, although {self.registry} holds models"
            )
        return True

    def sweep(self) -> None:
        """Remove the temporary files that processes which were killed left in this home."""
        sweep(self.root, [self.config.parent, self.registry, self.outputs])


def check_is_outside(root: Path) -> None:
    """Refuse a home within the installed package, which the next installation would remove.

    Raises
    ------
    ClvError
        When it is.
    """
    if IS_INSTALLED and root.resolve().is_relative_to(PROJECT.parent):
        raise ClvError(
            f"cannot use the home {root}: it lies within the installed package. {ELSEWHERE}"
        )


def default_config() -> str:
    """Return the text of the project's config with an empty schedule and no log."""
    path = PROJECT / "config" / "model_config.yaml"
    text = read_text(path, CONFIG)
    keys = type(checked_config(path, text).run).model_fields
    text = with_section(text, "log", None, str(path)) if "log" in text else text
    return rewritten(text, {("run", key): None for key in keys}, str(path))


def _folder(named: str) -> Path:
    """Return the folder that CLV_HOME names; it need not be there yet."""
    causes = {
        errno.ELOOP: "it is a link that leads back to itself",
        errno.ENOTDIR: "a file stands where one of its folders is expected",
        errno.ENAMETOOLONG: "the name is too long",
    }
    try:
        root = Path(named).expanduser()
        if root.is_symlink() and not root.exists():
            root.resolve(strict=True)
        root = root.resolve()
        if not stat.S_ISDIR(root.stat().st_mode):
            raise ClvError(f"cannot use the home {named}: it is a file, not a folder. {ELSEWHERE}")
        os.scandir(root).close()
    except FileNotFoundError as error:
        if Path(named).expanduser().is_symlink():
            cause = "it is a link to a folder that is not there"
            raise ClvError(f"cannot use the home {named}: {cause}. {ELSEWHERE}") from error
    except (RuntimeError, ValueError) as error:  # ~nosuchuser; before Python 3.13, a looped link
        raise ClvError(f"cannot use the home {named[:80]}: {error}. {ELSEWHERE}") from error
    except OSError as error:
        cause = causes.get(error.errno or 0, str(error.strerror))
        raise ClvError(f"cannot use the home {named[:80]}: {cause}. {ELSEWHERE}") from error
    return root
