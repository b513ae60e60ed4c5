"""The parts of docs/reference that are made from code: `make reference` writes them anew.

They are checked in, so that the pages can be read as files; a test holds them to the code.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import click

from clv.cli.main import cli
from clv.project.home import PROJECT

BEGIN, END = "<!-- made by `make reference` -->", "<!-- until here -->"
REFERENCE = PROJECT / "docs" / "reference"


def commands(group: click.Group = cli, called: str = "clv") -> Iterator[tuple[str, click.Command]]:
    """Go through the commands, each by the words that call it."""
    context = click.Context(group)
    yield called, group
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, f"{called} {name}")
        elif command is not None:
            yield f"{called} {name}", command


def described(called: str, command: click.Command) -> str:
    """Return the section of a command: what it does, how it is called, its options."""
    context = click.Context(command, info_name=called)
    pieces = " ".join(command.collect_usage_pieces(context))
    lines = [f"## {called}", "", inspect.cleandoc(command.help or ""), ""]
    lines += ["```text", f"{called} {pieces}", "```", "", "| option | |", "|:--|:--|"]
    for option in command.params:  # every command has --help
        record = option.get_help_record(context)
        if record is not None:
            cells = [" ".join(cell.split()).replace("|", "\\|") for cell in record]
            lines.append(f"| `{cells[0]}` | {cells[1]} |")
    return "\n".join(lines)


def pages() -> dict[Path, str]:
    """Return, by page, what stands between its two marks."""
    config = (PROJECT / "config" / "model_config.yaml").read_text("utf-8")
    return {
        REFERENCE / "commands.md": "\n\n".join(described(*each) for each in commands()),
        REFERENCE / "config.md": f"```yaml\n{config.rstrip()}\n```",
    }


def renewed(text: str, made: str) -> str:
    """Return a page with what is made between its marks."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{made}\n\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    for page, made in pages().items():
        page.write_text(renewed(page.read_text("utf-8"), made), "utf-8")
