"""What one invocation of dbt has seen of the log, for whoever asks after it.

The macros call functions of the plugin one by one; what these learn on the way stays here until the
next invocation begins.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from clv.project.log_contract import Contract


@dataclass
class Seen:
    """Of the log that was read last.

    Attributes
    ----------
    columns : dict
        The columns of the log and their SQL types, as they were described.
    files : list of str
        The files that it is read from; none where it is a table or an address.
    notes : list of str
        What a person is to be told, a line each.
    contract : Contract, optional
        What the log is, to be remembered when the run has ended well.
    kept_by_clv : bool
        Whether a command of `clv` runs dbt and writes the contract itself when all is done.
    """

    columns: dict[str, str] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    contract: Contract | None = None
    kept_by_clv: bool = False

    def begin(self) -> None:
        """Forget the invocation before."""
        self.columns, self.files, self.notes, self.contract = {}, [], [], None


SEEN = Seen()
