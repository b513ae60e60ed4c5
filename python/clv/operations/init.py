"""`clv init FILE`: what a file is guessed to say, as a section `log` that staging has read."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from clv.errors import ClvError
from clv.guess.dates import RARE
from clv.guess.found import Given, Looked, Proposal, Question
from clv.guess.look import Files, formats_that_read, look, opened
from clv.guess.proposal import propose
from clv.project.home import Home
from clv.project.log_options import Reader
from clv.project.roles import ROLES
from clv.project.transaction_log import CSV, TransactionLog, form_of


@dataclass(frozen=True)
class LookedAt:
    """A file that was looked at once, to be asked about as often as answers come in.

    Parameters
    ----------
    location : str
        Where it is, from the root.
    files : Files
        Its rows, and how they were opened.
    looked : Looked
        What its columns are like.
    """

    location: str
    files: Files
    looked: Looked

    @classmethod
    def at(cls, location: str, reader: Reader) -> LookedAt:
        """Look at a file, a folder or a glob.

        Raises
        ------
        ClvError
            When it is none of this machine, or cannot be read.
        """
        log = TransactionLog(location.strip())
        if "://" in location or log.is_table:
            raise ClvError(
                f"`clv init` looks at files of this machine, and {log.shown} is none. Look at a copy of some "
                "of its rows, then put its location in the place of the file's: the key transactions in "
                "section log of the config."
            )
        if not log.is_file and Path(location).exists():
            raise ClvError(
                f"{location} is no file that is read: CSV, Parquet, JSON lines and xlsx are, by the end of "
                "the name (.csv, .tsv, .txt, .parquet, .jsonl, .xlsx)."
            )
        placed = log.absolute().location
        files = opened(placed, reader)
        return cls(placed, files, look(files.rows))

    @property
    def has_footers(self) -> bool:
        """Whether `reader.footer_rows` leaves out last lines of such files."""
        return form_of(self.location) == CSV

    def propose(self, given: Given) -> Proposal:
        """Return what the file is guessed to say; two ways of reading dates are tried on every row.

        Raises
        ------
        ClvError
            When it cannot be a log, or a column that was named is not there.
        """
        for role, mapped in given.columns.items():
            if re.fullmatch(r"\w[\w ]*", mapped) and self.looked.named(mapped) is None:
                option = role.replace("_", "-")
                raise ClvError(
                    f"--{option} {mapped}: there is no such column. {self.looked.listed}."
                )
        try:
            found = propose(self.looked, given)
        except ClvError as error:
            raise ClvError(f"{self.location} cannot be a log: {error}") from error
        for question in found.questions:
            column = self.looked.named(found.columns.get("ordered_at", ""))
            if question.option == "--date-format" and question.choices and column is not None:
                fitting = formats_that_read(
                    self.files.rows, column.name, list(question.choices), 1 - RARE
                )
                found.questions.remove(question)
                if len(fitting) == 1:
                    found.formats["ordered_at_format"] = fitting[0]
                else:
                    found.questions.append(
                        replace(question, choices=tuple(fitting or question.choices))
                    )
                break
        return found

    def section(self, home: Home, found: Proposal) -> dict[str, Any]:
        """Return the section `log`: the location from the config's folder where it is in the home."""
        location = self.location
        if Path(location).is_relative_to(home.root):
            location = os.path.relpath(location, home.config.parent)
        columns = {role: found.columns[role] for role in ROLES if role in found.columns}
        reader = {**self.files.reader, **found.formats.pop("reader", {})}
        return {
            "transactions": location,
            "columns": columns,
            **found.formats,
            **({"reader": reader} if reader else {}),
        }


def unanswered(questions: list[Question]) -> ClvError:
    """Return the refusal of a file that leaves questions where nobody is there to answer."""
    lines = []
    for question in questions:
        choices = f" One of: {', '.join(map(repr, question.choices))}." if question.choices else ""
        lines.append(f"{question.option}: {question.text}{choices}")
    told = lines[0] if len(lines) == 1 else "these:\n- " + "\n- ".join(lines)
    return ClvError(f"the file does not say all that is needed; nothing was written. Give {told}")
