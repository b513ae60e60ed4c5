"""Writing the section `log` of a home's config: shown first, written whole or not at all."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clv.project.cdnow import NAME, write_cdnow
from clv.project.config import CONFIG, checked_config
from clv.project.files import write_text
from clv.project.home import Home, default_config
from clv.project.lock import exclusive
from clv.project.section_rewrite import section_text, with_section
from clv.project.stored import read_text

CDNOW_SECTION = {"transactions": f"../{NAME}"}


@dataclass(frozen=True)
class SectionChange:
    """The config of a home with another section `log`.

    Attributes
    ----------
    before, after : str
        The text of the config now, and then.
    replaces : bool
        Whether the config says something of a log already.
    """

    home: Home
    section: Mapping[str, Any]
    before: str
    after: str
    replaces: bool

    @classmethod
    def of(cls, home: Home, section: Mapping[str, Any]) -> SectionChange:
        """Return what the config of a home, which need not be there yet, becomes.

        Raises
        ------
        ClvError
            When the config cannot be read, or not be changed safely, or the section is not valid.
        """
        new = home.lacks_config()
        before = default_config() if new else read_text(home.config, CONFIG)
        replaces = bool(checked_config(home.config, before).log.as_vars())
        after = with_section(before, "log", section, str(home.config))
        checked_config(home.config, after)
        return cls(home, section, before, after, replaces)

    @property
    def nothing_changes(self) -> bool:
        """Whether the config holds this section already."""
        return checked_config(self.home.config, self.before).log == (
            checked_config(self.home.config, self.after).log
        )

    def shown(self) -> str:
        """Return the section, or the lines that differ where there is one already."""
        if not self.replaces:
            return section_text("log", self.section).rstrip("\n")
        before, after = self.before.splitlines(), self.after.splitlines()
        return "\n".join(difflib.unified_diff(before, after, "now", "then", n=0, lineterm=""))

    def write(self) -> None:
        """Replace the config, unless another command changed it since it was read.

        Raises
        ------
        ClvError
            When another command is at work, or the home cannot be written.
        """
        self.home.ensure()
        with exclusive(self.home):
            fresh = SectionChange.of(self.home, self.section)
            write_text(self.home.config, fresh.after)


def make_cdnow_home(home: Home) -> SectionChange:
    """Write the CDNOW log into a home and its config."""
    change = SectionChange.of(home, CDNOW_SECTION)
    home.ensure()
    write_cdnow(home.root)
    change.write()
    return change
