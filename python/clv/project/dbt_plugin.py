"""A plugin of dbt-duckdb (see profiles.yml), for what macros cannot do by themselves.

It makes the home before its database is opened: without it a plain `dbt build` on a home that does not
exist would wait for minutes, since the profile tries again what DuckDB cannot open. And it gives the
macros functions of this package, so that `clv` and plain dbt read the log by the same rules.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError

from clv.project.log_columns import answered
from clv.project.transaction_log import form_of

FUNCTIONS = {"clv_log_columns": answered, "clv_log_form": form_of}


class Plugin(BasePlugin):  # type: ignore[misc]
    """Makes the folder of the database, and offers the macros what only Python can do."""

    def update_connection_config(self, creds: Any, config: dict[str, Any]) -> None:
        """Run right before every opening of the database."""
        if creds.path != ":memory:":
            make_home(Path(creds.path))

    def configure_connection(self, conn: Any) -> None:
        """Offer functions to the macros; `clv_plugin_answer` in macros/read_log.sql calls them."""
        for name, function in FUNCTIONS.items():
            conn.create_function(name, function, ["VARCHAR"], "VARCHAR")


def make_home(database: Path) -> None:
    """Make the folder that `database` is to be in.

    Raises
    ------
    DbtRuntimeError
        When it cannot be made or written to: trying again would not help.
    """
    home, cause = database.parent, None
    if home.parts[:1] and home.parts[0].startswith("~"):
        cause = "dbt does not expand the ~ of CLV_HOME; write the whole path."
    else:
        try:
            home.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            cause = "a file is in its place. Point CLV_HOME at a folder."
        except OSError as error:
            cause = (
                f"{error.strerror}. Make it, or point CLV_HOME at a folder that can be written to."
            )
    if cause is None and not all(os.access(p, os.W_OK) for p in (home, database) if p.exists()):
        cause = "it is read-only for this user. Make it writable, or point CLV_HOME elsewhere."
    if cause:
        raise DbtRuntimeError(f"clv: cannot use the home {home}: {cause}")
