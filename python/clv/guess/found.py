"""What is asked, what was said, and what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clv.guess.columns import Column
from clv.guess.expression import sql_name
from clv.guess.marks import Mark
from clv.guess.names import mostly_unnamed


@dataclass(frozen=True)
class Question:
    """What the file does not say.

    Parameters
    ----------
    option : str
        The option of `clv init` that answers it.
    text : str
        The question, with what was found.
    choices : tuple of str
        What may be answered; empty where it is a column, an expression or a file.
    """

    option: str
    text: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Given:
    """What a person said.

    Parameters
    ----------
    columns : mapping
        From role to the name of a column or an expression.
    formats : mapping
        Other keys of the section `log`.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    formats: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """A state of rows: its value as written, its rows, those whose money is below zero, and without money."""

    value: str
    rows: int
    negative: int = 0
    without: int = 0


@dataclass(frozen=True)
class States:
    """What columns say of rows whether their money came.

    Parameters
    ----------
    marks : tuple
        The columns, each with its states, the most frequent first.
    negative : int
        Rows whose money is below zero.
    partnered : mapping
        By column and state, the share of rows whose order has rows of another state too.
    """

    marks: tuple[tuple[Mark, tuple[State, ...]], ...] = ()
    negative: int = 0
    partnered: Mapping[tuple[str, str], float] = field(default_factory=dict)


@dataclass(frozen=True)
class People:
    """Guests who have an account: how far an e-mail address and an account's id name one person.

    Parameters
    ----------
    twice : int
        E-mail addresses that are a guest's in one row and an account's in another.
    accounts, addresses : int
        Accounts of several addresses, and addresses of several accounts.
    """

    twice: int = 0
    accounts: int = 0
    addresses: int = 0


@dataclass(frozen=True)
class RowFacts:
    """What columns say together, row by row.

    Parameters
    ----------
    unsigned_returns : int
        Rows whose quantity is below zero, where no amount is.
    versions : int
        Lines of orders that stand more than once, changed at different times.
    line_number : str
        The column that numbers them within their order.
    line_id, repeated : str and int
        A column of ids of lines that stands more than once in rows of one customer and day, and the rows
        that stand again.
    """

    unsigned_returns: int = 0
    versions: int = 0
    line_number: str = ""
    line_id: str = ""
    repeated: int = 0


@dataclass(frozen=True)
class Looked:
    """A file that was looked at.

    Parameters
    ----------
    columns : sequence of Column
        Its columns.
    repeats_totals : frozenset of str
        Columns of numbers that say the same on every line of an order.
    guests : float
        Share of the rows whose customer is nobody, but has an e-mail address.
    people : People
        Guests who have an account.
    states : States
        What columns say of rows whether their money came.
    facts : RowFacts
        What columns say together, row by row.
    """

    columns: Sequence[Column]
    repeats_totals: frozenset[str] = frozenset()
    guests: float = 0.0
    people: People = field(default_factory=People)
    states: States = field(default_factory=States)
    facts: RowFacts = field(default_factory=RowFacts)

    def named(self, name: str) -> Column | None:
        """Return the column of a name; upper and lower case are the same, as in SQL."""
        return next((c for c in self.columns if c.name.lower() == name.strip().lower()), None)

    def as_sql(self, mapped: str) -> str:
        """Return what a role is mapped to as SQL: a column's name, or the expression as it is."""
        return mapped if self.named(mapped) is None else sql_name(mapped)

    def amount_is_written(self, given: Given) -> bool:
        """Say whether a person wrote the amount as an expression, which stands as it is.

        The name of a column says which money is meant, and leaves its sign, its unit and its refunds to be
        found; brackets around it make it an expression.
        """
        return "amount" in given.columns and self.named(given.columns["amount"]) is None

    @property
    def listed(self) -> str:
        """Its columns in a sentence, with what to do where most of them have no name."""
        names = [column.name for column in self.columns]
        hint = " (--skip-rows leaves out lines before the names)" if mostly_unnamed(names) else ""
        return f"The columns are: {', '.join(names)}{hint}"


@dataclass
class Proposal:
    """The mapping and the formats of a log, as far as they are known.

    Attributes
    ----------
    columns : dict
        From role to the name of a column or an expression.
    formats : dict
        Other keys of the section `log`.
    notes : list of str
        What was decided that a person might decide otherwise.
    questions : list of Question
        What is not known, one for an option.
    money : list of Column
        The columns that the amount is made of.
    refunds_subtracted : bool
        Whether what was given back is subtracted from the amount.
    """

    columns: dict[str, str] = field(default_factory=dict)
    formats: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    money: list[Column] = field(default_factory=list)
    refunds_subtracted: bool = False

    def ask(self, option: str, text: str, choices: tuple[str, ...] = ()) -> None:
        """Add a question, once for an option."""
        if all(question.option != option for question in self.questions):
            self.questions.append(Question(option, text, choices))
