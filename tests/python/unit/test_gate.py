"""Only model ids name files, and nothing is loaded or believed that does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from registry_world import add_model, card_of, model_of, named
from shop import Shop

from clv.errors import ClvError
from clv.project.home import Home
from clv.registry import gate
from clv.registry.card import content_sha256
from clv.registry.model_id import ModelId
from clv.registry.store import Registry
from clv.scoring.champions import champion_manifest

NO_IDS = [
    "../../x", "..", "", "clv_forged", "/etc/passwd", f"{named()}/../x", f"{named()}\n", f" {named()}",
    "clv_19970930_h9_p3_20200101T000060Z", "clv_19979930_h9_p3_20200101T000000Z",
    "clv_19970930_h0_p3_20200101T000000Z", "clv_19970930_h9_p3_2020０101T000000Z", "x" * 100_000,
]  # fmt: skip


@pytest.mark.parametrize("text", NO_IDS)
def test_what_is_no_model_id_has_no_path(tmp_path: Path, text: str) -> None:
    registry = Registry(tmp_path)
    for path_of in (registry.model_path, registry.card_path, registry.card):
        with pytest.raises(ClvError, match="is no model id"):
            path_of(text)
    with pytest.raises(ClvError, match="is no model id"):
        gate.open_model(registry, text)


def test_a_model_id_says_when_it_was_trained() -> None:
    assert ModelId(named(7)).trained_at.second == 7 and isinstance(named(7), ModelId)


@pytest.mark.parametrize(
    "command",
    [["card", "../../x"], ["reproduce", "../../x"],
     ["promote", "../../x", "--reason", "why", "--yes", "--force"]],
)  # fmt: skip
def test_a_path_in_place_of_an_id_is_refused_and_nothing_is_read(
    tmp_path: Path, command: list[str]
) -> None:
    home = Home(tmp_path / "home")
    home.ensure()
    add_model(Registry(home.registry))
    (tmp_path / "x.json").write_text("planted")
    done = Shop(home.root).clv(*command)
    assert done.code == 1 and "'../../x' is no model id" in done.err
    assert "planted" not in done.err and done.err.count("\n") == 1


def test_an_id_in_the_manifest_is_checked_too(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    add_model(registry)
    registry.manifest.write_text(registry.manifest.read_text().replace(named(), "../../x"))
    with pytest.raises(ClvError, match="which `clv` never writes there"):
        gate.champions(registry)


def forge(registry: Registry, part: str) -> None:
    if part == "row":
        content = registry.manifest.read_text()
        registry.manifest.write_text(content.replace("out-of-time", "out-of-tune"))
    elif part == "head":
        registry.head.unlink()
    elif part == "card":
        path = registry.card_path(named())
        path.write_text(path.read_text().replace("judged later", "judged never"))
    else:
        registry.model_path(named()).write_bytes(b"x")


@pytest.mark.parametrize("part", ["row", "head", "card", "file"])
def test_dbt_and_loading_refuse_what_does_not_fit_in_the_same_words(
    tmp_path: Path, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLV_HOME", str(tmp_path))
    registry = Registry(Home.current().registry)
    add_model(registry)
    assert champion_manifest().num_rows == 1 and gate.open_champion(registry, named())
    forge(registry, part)
    said = []
    for ask in (champion_manifest, lambda: gate.open_champion(registry, named())):
        with pytest.raises(ClvError) as refused:
            ask()
        said.append(str(refused.value))
    assert said[0] == said[1]


def test_a_challenger_whose_card_was_changed_is_neither_loaded_nor_reproduced(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path)
    home.ensure()
    registry = Registry(home.registry)
    add_model(registry, 1, promote=False)
    path = registry.card_path(named(1))
    path.write_text(path.read_text().replace('"vars": {}', '"vars": {"columns": {"amount": "1"}}'))
    done = Shop(home.root).clv("reproduce", named(1))
    assert done.code == 1 and "was changed since its training" in done.err
    with pytest.raises(ClvError, match="was changed since its training"):
        gate.open_model(registry, named(1))


@pytest.mark.parametrize(
    "changes",
    [{"code_commit": "--upload-pack=x"}, {"history_months": "9; drop"}, {"unknown": 1},
     {"settings": {}}, {"champion": {}}, {"labels_end": "soon"}],
)  # fmt: skip
def test_a_card_of_another_shape_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(ClvError, match="is not a card of this version"):
        Registry(tmp_path).save(model_of(named()), card_of(named(), **changes))


def test_a_card_may_not_set_what_the_command_sets(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.ensure()
    settings = {**card_of(named())["settings"], "vars": {"relabel": True}}
    add_model(Registry(home.registry), promote=False, settings=settings)
    done = Shop(home.root).clv("reproduce", named())
    assert done.code == 1
    assert "the var relabel is set by the command itself" in done.err or "commit" in done.err


def test_the_hash_of_a_card_is_that_of_its_text(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    card = add_model(registry, 3, promote=False)
    assert card.content_sha256 == content_sha256(card.content)
    assert registry.card(named(3)).to_json() == registry.card_path(named(3)).read_text()
