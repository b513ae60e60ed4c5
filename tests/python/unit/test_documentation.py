"""The pages tell no command, option, key, variable or file that is not there, and leave none out."""

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml
from reference_pages import pages, renewed

from clv import __version__
from clv.cli.main import cli
from clv.project.home import PROJECT
from clv.project.log_section import Log
from clv.scoring.publish import PUBLISHED, VIEWS
from clv.scoring.published import TABLE

pytestmark = pytest.mark.slow

DOCS = PROJECT / "docs"
PAGES = [
    *sorted(PROJECT.glob("*.md")),
    *sorted(DOCS.rglob("*.md")),
    *sorted((PROJECT / "examples").rglob("*.md")),
    *sorted((PROJECT / "benchmarks").glob("*.md")),
]
FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
OPTION = re.compile(r"(?<!\S)(--[a-z][a-z-]*)")
VARIABLE = re.compile(r"\bCLV_[A-Z]+(?:_[A-Z]+)*\b(?!_)")


def of_project(path: Path) -> str:
    return str(path.relative_to(PROJECT))


def commands(group: click.Group = cli, name: str = "") -> dict[str, click.Command]:
    """Every command that does something, by the words that call it."""
    found: dict[str, click.Command] = {}
    context = click.Context(group)
    for word in group.list_commands(context):
        command = group.get_command(context, word)
        assert command is not None
        called = f"{name} {word}".strip()
        nested = isinstance(command, click.Group)
        found |= commands(command, called) if nested else {called: command}
    return found


def shell_lines(text: str) -> list[str]:
    """The lines of the shell blocks, without comments; a quote that goes on is one line."""
    lines: list[str] = []
    for _, language, block in FENCE.findall(text):
        if language in ("sh", "bash"):
            for line in block.splitlines():
                going_on = bool(lines) and lines[-1].count("'") % 2 == 1
                bare = line.strip() if going_on else re.sub(r"(^|\s)#.*", "", line).strip()
                if going_on:
                    lines[-1] += " " + bare
                elif bare:
                    lines.append(bare)
    return lines


def code(text: str) -> list[str]:
    """What a reader may type: shell lines, and code within sentences."""
    return [*shell_lines(text), *re.findall(r"`([^`\n]+)`", FENCE.sub("", text))]


def first_column(page: str) -> set[str]:
    """The code in the first column of the tables of a page."""
    cells = re.findall(r"^\| *(\[?`[^|]*?) *\|", (DOCS / page).read_text("utf-8"), re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_the_readme_is_one_that_is_read():
    assert len((PROJECT / "README.md").read_text("utf-8").splitlines()) <= 150


def test_every_relative_link_leads_somewhere():
    broken = []
    for page in PAGES:
        for target in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", page.read_text("utf-8"))):
            here = re.match(r"[a-z]+:|#", target) is None
            if here and not (page.parent / target.split("#")[0]).exists():
                broken.append((of_project(page), target))
    assert broken == []


def test_every_command_and_option_that_is_shown_exists():
    known, shown, wrong = commands(), set(), []
    for page in PAGES:
        for line in code(page.read_text("utf-8")):
            words = re.match(r"(?:[A-Z_]+=\S+ )*(?:\S*/)?clv (?:--[a-z-]+ \w+ )*([a-z].*)", line)
            if words is None:
                continue
            called = [name for name in known if f"{words[1]} ".startswith(f"{name} ")]
            shown |= {*called}
            takes = {
                o for name in called for parameter in known[name].params for o in parameter.opts
            }
            if not called or not set(OPTION.findall(words[1])) <= takes:
                wrong.append((of_project(page), line))
    assert wrong == []
    assert shown == set(known)


def test_every_make_target_that_is_shown_exists():
    targets = re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text("utf-8"), re.MULTILINE)
    shown = {
        target
        for page in PAGES
        for line in code(page.read_text("utf-8"))
        for target in re.findall(r"^make ([a-z-]+)", line)
    }
    assert {"demo", "test"} <= shown <= {*targets}


def test_the_list_of_commands_is_complete():
    listed = {name.removeprefix("clv ") for name in first_column("reference/commands.md")}
    assert {name for name in listed if not name.startswith("-")} == set(commands())


def test_every_key_of_the_config_is_described():
    config = yaml.safe_load((PROJECT / "config" / "model_config.yaml").read_text("utf-8"))
    keys = {f"{section}.{key}" for section, values in config.items() for key in values}
    keys |= {f"log.{key}" for key in Log.model_fields}  # which no new home has
    assert keys == first_column("reference/config.md")


def test_every_var_is_described():
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text("utf-8"))
    named = project["vars"].get("clv", project["vars"])
    assert set(named) == first_column("reference/vars.md")
    assert set(Log.model_fields) <= set(named)


def test_every_environment_variable_is_described():
    folders = ("python", "macros", "models", "examples", "tests/dbt", "tests/python")
    files = [PROJECT / "profiles.yml", PROJECT / "dbt_project.yml"]
    for folder in folders:
        files += [
            p for p in (PROJECT / folder).rglob("*") if p.is_file() and "egg-info" not in str(p)
        ]
    here = Path(__file__).resolve()
    text = "\n".join(p.read_text("utf-8") for p in files if p != here and p.suffix not in (".pyc",))
    described = first_column("reference/environment.md")
    assert set(VARIABLE.findall(text)) - described == set()
    for name in described:
        assert name in text or f'"{name.removeprefix("CLV_JIRA_")}"' in text, f"nobody reads {name}"


def test_every_published_table_is_described():
    described = first_column("reference/tables.md")
    assert {*PUBLISHED, *VIEWS, TABLE} - described == set()


def test_every_decision_has_a_date_a_status_and_a_place_in_the_index():
    index = (DOCS / "decisions" / "index.md").read_text("utf-8")
    site = (PROJECT / "mkdocs.yml").read_text("utf-8")
    files = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    assert [int(path.name[:4]) for path in files] == list(range(1, len(files) + 1))
    for path in files:
        text = path.read_text("utf-8")
        assert re.match(
            rf"# {path.name[:4]}\. .+\n\nDate: \d{{4}}-\d\d-\d\d\. Status: \w+", text
        ), path
        assert f"]({path.name})" in index and f"- decisions/{path.name}" in site, path


def test_the_site_builds_without_a_warning_and_fetches_nothing(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for page in tmp_path.rglob("*.html"):
        fetched = re.findall(
            r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=\"?(https?://[^\" >]+)",
            page.read_text("utf-8"),
        )
        assert fetched == [], page
    options = (tmp_path / "reference" / "commands.html").read_text("utf-8")
    for name, documented in commands().items():
        for parameter in documented.params:
            assert parameter.opts[0] in options or parameter.human_readable_name in options, name


def test_the_workflow_runs_what_ci_run_runs():
    here = re.findall(r"^make .+$", (PROJECT / ".ci" / "run").read_text("utf-8"), re.MULTILINE)
    workflow = yaml.safe_load((PROJECT / ".github/workflows/check.yml").read_text("utf-8"))
    steps = workflow["jobs"]["check"]["steps"]
    assert [step["run"] for step in steps if "run" in step] == here


def test_the_version_is_said_once():
    assert 'dynamic = ["version"]' in (PROJECT / "pyproject.toml").read_text("utf-8")
    assert "version" not in yaml.safe_load((PROJECT / "dbt_project.yml").read_text("utf-8"))
    newest = re.search(r"^## (\S+)", (PROJECT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert newest and newest[1] == __version__


def test_the_pages_that_are_made_from_code_are_current_and_can_be_read_as_files():
    for page, made in pages().items():
        text = page.read_text("utf-8")
        assert text == renewed(text, made), f"{of_project(page)}: run `make reference`"
    for page in PAGES:
        read_as_file = page.name != "figures.md"  # of the site alone: README links to what it holds
        assert not (read_as_file and re.search(r"^(:::|--8<--)", page.read_text("utf-8"), re.M))
