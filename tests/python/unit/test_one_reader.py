"""Stored files are opened in one place: nothing else in the package opens or parses one."""

import ast
from pathlib import Path

import pytest

import clv

PACKAGE = Path(clv.__file__).parent
FORBIDDEN_METHODS = {"open", "read_text", "read_bytes"}
FORBIDDEN_CALLS = {
    "open", "io.open", "os.open", "os.fdopen", "json.load", "json.loads", "csv.reader",
    "csv.DictReader", "yaml.load", "yaml.safe_load", "yaml.compose", "yaml.parse", "joblib.load",
    "pickle.load", "pickle.loads", "pd.read_csv", "pd.read_json", "pd.read_parquet", "np.load",
}  # fmt: skip
# Module to the calls that it may make, and why.
ALLOWED = {
    "project/regular_file.py": {"os.open", "os.fdopen"},  # opens every stored file
    "project/stored.py": {"json.loads", "csv.reader"},  # parses what was read
    "project/strict_yaml.py": {"yaml.parse", "yaml.compose", "yaml.safe_load"},
    "project/section_rewrite.py": {"yaml.compose"},  # asks the parser where a section stands
    "project/config_rewrite.py": {"yaml.compose"},  # asks the parser where a value stands
    "project/files.py": {"os.open"},  # writes
    "project/cdnow.py": {"pd.read_csv"},  # a data file of an installed package
    "cli/interrupts.py": {"os.open"},  # /dev/null
    "cli/exits.py": {"os.open"},  # /dev/null
    "project/sql_expression.py": {"json.loads"},  # the engine's own answer
    "project/log_answers.py": {"json.loads", ".open"},  # what a macro asks; rows of the log
    "project/csv_head.py": {"csv.reader"},  # the first lines of the log
    "project/attributes.py": {".open"},  # rows of the table of attributes
    "prediction/attributes.py": {"json.loads"},  # a value of a feature
    "project/exchange_rates.py": {"json.loads"},  # what a macro asks
    "project/log_verdict.py": {"json.loads"},  # what a macro asks
    "project/log_acceptance.py": {"json.loads"},  # what a macro asks
    "project/log_reader.py": {"json.loads", ".open"},  # what a macro asks; rows of the log
    "project/log_nested.py": {"json.loads"},  # a value of the log, as the engine shows it
    "registry/provenance.py": {".read_bytes", "json.loads"},  # the package's own code; a copy
}  # fmt: skip


def allowed(module: str) -> set[str]:
    return ALLOWED.get(module, set())


def calls(source: str) -> set[str]:
    """Return the forbidden calls of a module, as `json.load` or, of any object, `.read_text`."""
    tree = ast.parse(source)
    names = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
        for alias in node.names
    }
    modules = {
        alias.asname: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.asname and alias.name not in ("pandas", "numpy")
    }
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and names.get(node.id, node.id) in FORBIDDEN_CALLS:
            found.add(names.get(node.id, node.id))
        if not isinstance(node, ast.Attribute):
            continue
        owner = ast.unparse(node.value)
        name = f"{modules.get(owner, owner)}.{node.attr}"
        if name in FORBIDDEN_CALLS:
            found.add(name)
        elif node.attr in FORBIDDEN_METHODS:
            found.add(f".{node.attr}")
    return found


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("open('a')", {"open"}),
        ("path.open('a')", {".open"}),
        ("read = path.read_text", {".read_text"}),
        ("import json\njson.loads('1')", {"json.loads"}),
        ("import json as j\nj.load(f)", {"json.load"}),
        ("from json import loads as parse\nparse('1')", {"json.loads"}),
        ("from csv import DictReader\nDictReader(f)", {"csv.DictReader"}),
        ("import pickle\nmap(pickle.loads, x)", {"pickle.loads"}),
        ("import pandas as pd\npd.read_csv('a')", {"pd.read_csv"}),
        ("json.dumps(1)\npath.write_text('a')", set()),
    ],
)
def test_the_rule_sees_what_it_is_for(source, expected):
    assert calls(source) == expected


def test_nothing_else_opens_or_parses_a_stored_file():
    found = {
        str(path.relative_to(PACKAGE)): calls(path.read_text("utf-8"))
        for path in PACKAGE.rglob("*.py")
    }
    beyond = {
        module: sorted(seen - allowed(module))
        for module, seen in found.items()
        if seen - allowed(module)
    }
    assert not beyond, f"use clv.project.stored: {beyond}"


def test_no_module_is_allowed_what_it_does_not_do():
    for module, names in ALLOWED.items():
        assert names == calls((PACKAGE / module).read_text("utf-8")), module
