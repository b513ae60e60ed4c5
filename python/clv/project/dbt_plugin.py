"""A plugin of dbt-duckdb (see profiles.yml): what a home needs before its database is opened.

The home is made where it is not there; its config is read by the rules of `clv`; a database that is
damaged is told; and the home's lock is held until the process ends. Without the plugin a plain
`dbt build` would wait for minutes, since the profile tries again what DuckDB cannot open, and two
processes could write to one home.

It also gives the macros functions of this package, so that `clv` and plain dbt read the log by the
same rules; without them no log is read.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError
from dbt_common.invocation import get_invocation_id

from clv.errors import ClvError
from clv.project import lock
from clv.project.attributes import ATTRIBUTE_ROWS, ATTRIBUTES
from clv.project.database import DATABASE, check_opens
from clv.project.exchange_rates import RATES, RELATION
from clv.project.hidden_log import ENGINE_VARIABLE, SECRET_VARIABLE
from clv.project.home import check_is_outside
from clv.project.home_log import answered as home_log
from clv.project.home_log import section_of_current_home, told
from clv.project.log_answers import CUSTOMER_MAP, FUNCTIONS, MAP_ROWS
from clv.project.log_reader import LOG_ROWS, ROWS
from clv.project.log_seen import SEEN
from clv.project.stored import stands


class Plugin(BasePlugin):  # type: ignore[misc]
    """Prepares the home once per invocation, or ends with one message where that cannot be."""

    _prepared: str | None = None
    _own_location, _home_log = "", ""

    def update_connection_config(self, creds: Any, config: dict[str, Any]) -> None:
        """Run right before every opening of the database, which happens many times in a build."""
        invocation = get_invocation_id()
        if creds.path == ":memory:" or self._prepared == invocation:
            return
        SEEN.begin()
        LOG_ROWS.close()
        database = Path(creds.path)
        try:
            check_is_outside(database.parent)
            make_home(database)
            lock.hold(database.parent.resolve())
            if stands(database, DATABASE):
                check_opens(database)
            section = section_of_current_home()
            self._own_location = str(section.get("transactions") or "")
            self._home_log = told(section)
            self._prepared = invocation
        except ClvError as error:
            raise DbtRuntimeError(f"clv: {error}") from error

    def configure_connection(self, conn: Any) -> None:
        """Offer what `clv_plugin_answer` in macros/read_log.sql calls on a database just opened."""
        functions = {**FUNCTIONS, "clv_home_log": lambda _: self._home_log or home_log(_)}
        for name, function in functions.items():
            conn.create_function(name, function, ["VARCHAR"], "VARCHAR")

    def configure_cursor(self, cursor: Any) -> None:
        """Offer the rows of the log and its hidden address, which each connection has to be told of."""
        cursor.register(ROWS, LOG_ROWS)
        cursor.register(CUSTOMER_MAP, MAP_ROWS)
        cursor.register(ATTRIBUTES, ATTRIBUTE_ROWS)
        cursor.register(RELATION, RATES)
        location = os.environ.get(SECRET_VARIABLE, "").strip() or self._own_location
        if location:
            quoted = location.replace("'", "''")
            cursor.execute(f"set variable {ENGINE_VARIABLE} = '{quoted}'")


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
