"""What dbt is told of the log: its address without secrets.

dbt writes its vars, its command line, compiled SQL and what it parsed into `target/` and
`logs/dbt.log`. So the address with its secrets goes past it, to the plugin of dbt-duckdb, which hands
it to the engine as a variable; the SQL names the variable. From its logs and messages dbt scrubs the
values of variables whose names begin with DBT_ENV_SECRET_.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any

from clv.core.secrets import HIDDEN, SHORTEST, redact, redact_values, secret_parts
from clv.errors import ClvError
from clv.project.home_log import section_of_current_home
from clv.project.transaction_log import VARIABLE, TransactionLog

SECRET_VARIABLE = "DBT_ENV_SECRET_CLV_TRANSACTIONS"
ENGINE_VARIABLE = "clv_log_location"


@contextlib.contextmanager
def hidden_from_dbt(run_vars: dict[str, Any], own: str = "") -> Iterator[dict[str, Any]]:
    """Yield the vars that dbt may see, in an environment that holds no secret of the log's address.

    The environment is as it was when the block ends.

    Parameters
    ----------
    own : str
        The location in the home's config; the plugin reads it there, where no other is given.
    """
    log = TransactionLog.named(run_vars.get("transactions"))
    columns = {"columns": run_vars["columns"]} if "columns" in run_vars else {}
    changed: dict[str, str] = {}
    if redact(log.location) != log.location:
        changed = {VARIABLE: log.shown, SECRET_VARIABLE: log.location}
    parts = {*secret_parts(log.location), *secret_parts(own), *secret_parts("\n".join(sys.argv))}
    for number, part in enumerate(sorted(parts, key=len, reverse=True)):
        if len(part) >= SHORTEST:
            changed[f"DBT_ENV_SECRET_CLV_{number:03d}"] = part
    before, called = {name: os.environ.get(name) for name in changed}, sys.argv
    os.environ.update(changed)
    sys.argv = [redact(word) for word in called]  # dbt writes the command line into its results
    try:
        yield {**redact_values(run_vars), **columns}
    finally:
        sys.argv = called
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def whole_location(shown: str) -> str:
    """Return the address of the log with the secrets that what is shown hides."""
    if HIDDEN not in shown:
        return shown
    addresses = (os.environ.get(SECRET_VARIABLE, "").strip(), own_location())
    return next((address for address in addresses if redact(address) == shown), shown)


def own_location() -> str:
    """Return the location in the config of the home that dbt works on; empty where it names none."""
    try:
        return str(section_of_current_home().get("transactions") or "")
    except ClvError:  # told by whoever reads the config
        return ""
