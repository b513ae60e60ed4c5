"""The names that `clv` offers, what importing it costs, and how large its parts may become."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import clv
from clv.project.home import PROJECT

PACKAGE = PROJECT / "python" / "clv"
NAMES = [name for name in clv.__all__ if name != "__version__"]
LONGEST_MODULE = 300


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_there_and_has_a_docstring(name):
    found = getattr(clv, name)
    assert found.__name__ == name and found.__doc__
    assert found is getattr(importlib.import_module(found.__module__), name)
    assert name in dir(clv)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        clv.nothing  # noqa: B018


def test_importing_clv_imports_nothing_else():
    done = subprocess.run(
        [sys.executable, "-c", "import clv, sys; print(*sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert "clv" in loaded
    assert not loaded & {"numpy", "pandas", "dbt", "duckdb", "sklearn", "scipy", "yaml", "pydantic"}


def test_type_checkers_see_what_is_offered():
    text = (PACKAGE / "__init__.py").read_text("utf-8")
    assert set(re.findall(r"import (\w+) as \1", text)) == set(NAMES)
    assert (PACKAGE / "py.typed").exists()


def test_the_reference_page_lists_them_all():
    page = (PROJECT / "docs" / "reference" / "python.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(\w+)", page, re.MULTILINE)) == set(NAMES)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.name)
def test_a_module_can_be_read_in_one_sitting(path: Path):
    assert len(path.read_text("utf-8").splitlines()) <= LONGEST_MODULE
