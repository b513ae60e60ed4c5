"""The versions of dbt that are taken, which stand in more than one file."""

import re

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from clv.project.home import PROJECT


def specifier(package: str) -> SpecifierSet:
    """Return what pyproject.toml asks of a package (Python 3.10 cannot read TOML)."""
    text = (PROJECT / "pyproject.toml").read_text("utf-8")
    (line,) = re.findall(rf'^    "({package}[<>=].*)",$', text, re.MULTILINE)
    return Requirement(line).specifier


def required_by_dbt() -> SpecifierSet:
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text("utf-8"))
    return SpecifierSet(",".join(project["require-dbt-version"]))


@pytest.mark.parametrize(
    ("version", "taken"),
    [("1.10.9", False), ("1.11.0", True), ("1.12.6", True), ("1.13.9", True), ("1.14.0", False)],
)
def test_package_and_dbt_project_take_the_same_versions_of_dbt(version, taken):
    for wanted in (specifier("dbt-core"), specifier("dbt-duckdb"), required_by_dbt()):
        assert (version in wanted) is taken


@pytest.mark.parametrize("package", ["dbt-core", "dbt-duckdb"])
def test_the_locked_version_is_one_that_is_taken(package):
    lock = (PROJECT / "requirements.lock").read_text("utf-8")
    (version,) = re.findall(rf"^{package}==(\S+)$", lock, re.MULTILINE)
    assert version in specifier(package)
