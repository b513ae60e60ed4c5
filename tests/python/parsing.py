"""Spares the tests of the whole project most of dbt's parsing, which is half of an invocation.

dbt keeps what it parsed, and throws it away for other vars and for another database. So it is kept
here by its vars, and where the database stands is left out of what dbt compares: no model, macro
or config looks at that. Files, env vars and versions are compared by dbt, as always.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from clv.project.home import PROJECT


@contextmanager
def parsed_once(folder: Path) -> Iterator[None]:
    """Keep what dbt parsed in `folder`, for every invocation in this process."""
    from dbt.adapters.duckdb.credentials import DuckDBCredentials
    from dbt.cli.main import dbtRunner

    keys, invoke = DuckDBCredentials._connection_keys, dbtRunner.invoke

    def keys_without_the_home(self: Any) -> tuple[str, ...]:
        return tuple(key for key in keys(self) if key != "path")

    def invoke_with_what_is_known(self: Any, args: list[str], **more: Any) -> Any:
        names = ("--vars", "--project-dir")
        told = [args[n + 1] for n, name in enumerate(args) if name in names]
        known = folder / hashlib.sha256("\0".join(told).encode()).hexdigest()[:20]
        target = next((args[n + 1] for n, a in enumerate(args) if a == "--target-path"), None)
        target = target or os.environ.get("DBT_TARGET_PATH") or str(PROJECT / "target")
        if known.exists():
            os.environ["DBT_PARTIAL_PARSE_FILE_PATH"] = str(known)
        try:
            result = invoke(self, args, **more)
        finally:
            os.environ.pop("DBT_PARTIAL_PARSE_FILE_PATH", None)
        parsed = Path(target) / "partial_parse.msgpack"
        if not known.exists() and result.success and parsed.exists():
            copied = known.with_suffix(f".{os.getpid()}")
            shutil.copyfile(parsed, copied)
            copied.replace(known)
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DuckDBCredentials, "_connection_keys", keys_without_the_home)
        patch.setattr(dbtRunner, "invoke", invoke_with_what_is_known)
        yield
