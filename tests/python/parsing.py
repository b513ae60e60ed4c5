"""Spares the tests of the whole project most of dbt's parsing, which is half of an invocation.

dbt keeps what it parsed, and throws it away for other vars and for another database. So it is kept
here by its vars, and where the database stands is left out of what dbt compares, with the vars that
are read while SQL is compiled: no config or `ref` looks at those. Files, env vars, versions and the
other vars are compared by dbt, as always.
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

from clv.project.dbt import COMPILED_VARS
from clv.project.home import PROJECT
from clv.project.strict_yaml import YamlFaultError, load


@contextmanager
def parsed_once(folder: Path) -> Iterator[None]:
    """Keep what dbt parsed in `folder`, for every invocation in this process."""
    from dbt.adapters.duckdb.credentials import DuckDBCredentials
    from dbt.cli.main import dbtRunner
    from dbt.parser.manifest import ManifestLoader

    checked = ManifestLoader.build_manifest_state_check
    keys, invoke = DuckDBCredentials._connection_keys, dbtRunner.invoke

    def keys_without_the_home(self: Any) -> tuple[str, ...]:
        return tuple(key for key in keys(self) if key != "path")

    def check_without_compiled_vars(self: Any) -> Any:
        project = self.root_project
        kept, project.cli_vars = project.cli_vars, _less(project.cli_vars)
        try:
            return checked(self)
        finally:
            project.cli_vars = kept

    def invoke_with_what_is_known(self: Any, args: list[str], **more: Any) -> Any:
        told = {name: args[n + 1] for n, name in enumerate(args[:-1]) if name.startswith("--")}
        variables = _parsed_with(told.get("--vars", "{}"))
        asked = repr((variables, told.get("--project-dir")))
        known = folder / hashlib.sha256(asked.encode()).hexdigest()[:20]
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
        patch.setattr(ManifestLoader, "build_manifest_state_check", check_without_compiled_vars)
        yield


def _less(variables: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in variables.items() if name not in COMPILED_VARS}


def _parsed_with(text: str) -> str:
    """Return the vars that dbt parses with; the text itself where it is none that dbt takes."""
    try:
        return repr(_less(load(text) or {}))
    except (YamlFaultError, AttributeError):
        return text
