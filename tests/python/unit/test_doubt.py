"""Commands that rely on the registry say, in one line, when it is not the one that was written."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from registry_world import add_model, named
from shop import Shop
from test_registry_verify import cut_off, edit_rows, forge_row

from clv.operations.run import RunResult
from clv.project.home import Home
from clv.registry.gate import first_doubt
from clv.registry.store import Registry
from clv.registry.verify import verify


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return a home with three champions, one after the other, and a challenger."""
    home = Home(tmp_path)
    home.ensure()
    for n in range(4):
        add_model(Registry(home.registry), n, promote=n < 3)
    return home


def card(home: Home, n: int) -> Path:
    return Registry(home.registry).card_files()[n]


def edit(path: Path, old: str, new: str) -> None:
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


DAMAGES = {
    "first row deleted": lambda home: edit_rows(home, lambda rows: [rows[0], *rows[2:]]),
    "last row deleted": lambda home: edit_rows(home, lambda rows: rows[:-1]),
    "head deleted": lambda home: Registry(home.registry).head.unlink(),
    "head unreadable": lambda home: Registry(home.registry).head.write_text("{}"),
    "champion's card edited": lambda home: edit(card(home, 0), "out-of-time", "out-of-tune"),
    "champion's card deleted": lambda home: card(home, 0).unlink(),
    "challenger's card edited": lambda home: edit(card(home, 3), "out-of-time", "out-of-tune"),
    "challenger's card unreadable": lambda home: card(home, 3).write_text("[1"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_verify_finds_in_rows_and_cards_the_quick_look_doubts(home, damage):
    assert not first_doubt(Registry(home.registry))
    DAMAGES[damage](home)
    assert verify(home).findings
    assert first_doubt(Registry(home.registry))


def test_a_registry_that_is_empty_or_waits_for_its_head_is_not_doubted(home, tmp_path):
    assert not first_doubt(Registry(tmp_path / "none"))
    registry = Registry(home.registry)
    cut_off(registry, 5)
    assert verify(home).findings == [] and not first_doubt(registry)


@pytest.mark.parametrize("command", [["status"], ["card", "champion"]])
def test_commands_that_read_the_registry_say_in_one_line_that_it_does_not_fit(
    home, command, monkeypatch
):
    monkeypatch.setattr("clv.cli.models.card_text", lambda *_: "the card")
    shop = Shop(home.root)
    said = shop.clv(*command)
    assert said.code == 0 and said.err == ""
    DAMAGES["first row deleted"](home)
    doubted = shop.clv(*command)
    assert (doubted.code, doubted.out) == (0, said.out)
    assert doubted.err.count("\n") == 1 and "`clv verify` names everything" in doubted.err


@pytest.mark.parametrize("command", ["run", "monitor"])
def test_a_run_goes_on_and_says_that_the_registry_does_not_fit(home, command, monkeypatch):
    done = RunResult([], [], [], [], dt.date(2020, 1, 1))
    monkeypatch.setattr(f"clv.cli.night.{command}", lambda *_: done)
    shop = Shop(home.root)
    assert shop.clv(command).err == ""
    DAMAGES["champion's card edited"](home)
    doubted = shop.clv(command)
    assert doubted.code == 0
    assert doubted.err.count("\n") == 1 and "`clv verify` names everything" in doubted.err


@pytest.mark.parametrize("command", ["run", "monitor", "train"])
@pytest.mark.parametrize(
    "damage",
    ["first row deleted", "last row deleted", "head deleted", "row edited", "row forged"],
)
def test_what_writes_refuses_a_manifest_that_does_not_fit(home, command, damage, monkeypatch):
    def reached(*_, **__):
        raise AssertionError("the command went on")

    monkeypatch.setattr(
        "clv.cli.training.train_unreported" if command == "train" else f"clv.cli.night.{command}",
        reached,
    )
    if damage == "row edited":
        edit(Registry(home.registry).manifest, ",9,3,", ",9,4,")
    elif damage == "row forged":
        forge_row(home, model_id=named(77))
    else:
        DAMAGES[damage](home)
    head = Registry(home.registry).head
    before = head.read_bytes() if head.exists() else None
    refused = Shop(home.root).clv(command)
    assert refused.code == 1 and refused.out == ""
    assert "nothing was done" in refused.err and "Next: restore" in refused.err
    assert refused.err.count("\n") == 1
    assert (head.read_bytes() if head.exists() else None) == before
