"""From what dbt and the engine report to one message for a person."""

from __future__ import annotations

import re

from clv.core.secrets import redact
from clv.project.log_reader import CHECK, ROWS, engine_cause
from clv.project.transaction_log import TransactionLog

# The one model that reads the transaction log: what fails in it is the log, or its mapping.
READS_THE_LOG = "stg_clv__classified_transactions"
IN_THE_SQL = ("Parser Error", "Binder Error", "Catalog Error")
NOT_THE_LOG = ("Out of Memory Error", "TransactionContext Error", "FATAL Error", "INTERNAL Error")


def plain(message: str) -> str:
    """Reduce dbt's report to what a person needs: our own message where there is one."""
    own = _own(message)
    if own:
        return redact(own)
    lines = [line.strip() for line in message.splitlines()]
    told = [line for line in lines if line and not re.match(r"LINE \d+:|\^+$|>", line)]
    return redact("\n".join(told))


def unreadable_log(message: str, log: TransactionLog) -> str:
    """Say which log could not be read, why in the engine's first words, and what to do about it.

    Parameters
    ----------
    message : str
        dbt's report of the failed model.
    log : TransactionLog
        Where the log is.
    """
    cause = _first_words(message)
    if _own(message) or cause is None or cause.startswith(NOT_THE_LOG):
        return plain(message)
    if cause.startswith(IN_THE_SQL):
        fix = (
            "Check the vars columns.*: each takes the name of a column, or one SQL expression over "
            "columns, such as `Quantity * Price`."
        )
    else:
        fix = CHECK
    return f"{log.described} could not be read: {redact(cause).rstrip('!.')}. {fix}"


def _first_words(message: str) -> str | None:
    """Return the engine's own words; None where it was not the engine that failed."""
    message = re.sub(
        rf"\w[\w ]+ Error: reading the stream registered as '{ROWS}' failed: \w+: ", "", message
    )
    header, *lines = [line.strip() for line in message.splitlines() if line.strip()] or [""]
    if not header.startswith(("Runtime Error in model", "Database Error in model")) or not lines:
        return None
    return engine_cause("\n".join(lines))


def _own(message: str) -> str | None:
    own = re.search(r"(?:clv: |clv(?:\.\w+)+: )(.+?)(?:\n\s*\n|\n\s*>|\Z)", message, re.DOTALL)
    return " ".join(own.group(1).split()) if own else None
