"""The one gate to the registry: what is relied on was checked here first.

Commands that write, models that dbt builds, and everything that loads a model or goes by a card ask
here. Checked are the chain of the manifest and its head, then the card of the model (against its row;
a challenger's against the hash that it holds of itself), then its model file against its card or row,
and only then are bytes read as a model. What does not fit ends in the same words everywhere.
"""

from __future__ import annotations

from clv.errors import ClvError
from clv.project.events import say
from clv.project.home import Home
from clv.registry.card import ModelCard
from clv.registry.manifest import ALL_OF_IT, MISFIT, MODEL
from clv.registry.manifest_row import ManifestRow
from clv.registry.model_file import ModelFile
from clv.registry.model_id import ModelId
from clv.registry.store import Registry


def champion(registry: Registry) -> ManifestRow:
    """Return the champion's row, with its card and model file checked.

    Raises
    ------
    ClvError
        When there is no champion, or chain, card or model file do not fit.
    """
    rows = champions(registry)
    if not rows:
        return registry.champion()
    registry.checked_file(rows[-1].model_id, rows[-1].model_sha256)
    return rows[-1]


def champions(registry: Registry) -> list[ManifestRow]:
    """Return the rows of the manifest, the last one's card checked.

    Raises
    ------
    ClvError
        When chain or card do not fit.
    """
    registry.check_chain()
    rows = registry.rows()
    for row in rows[-1:]:
        registry.check_card(row.model_id, row)
    return rows


def checked_card(registry: Registry, model_id: str) -> ModelCard:
    """Return the card of a model, promoted or not.

    Raises
    ------
    ClvError
        When the id is none, there is no card, or chain or card do not fit.
    """
    model = ModelId(model_id)
    registry.check_chain()
    row = registry.row_of(model)
    if row is None:
        registry.card(model)  # says which models there are, where this is none
    registry.check_card(model, row)
    return registry.card(model)


def open_model(registry: Registry, model_id: str) -> ModelFile:
    """Load a model, promoted or not, once chain, card and the file's SHA-256 were checked.

    Raises
    ------
    ClvError
        When one of them does not fit, or the file is no model file of this version.
    """
    card = checked_card(registry, model_id)
    row = registry.row_of(card.model_id)
    content = registry.checked_file(card.model_id, row.model_sha256 if row else card.model_sha256)
    path = registry.model_path(card.model_id)
    model = ModelFile.from_bytes(content, f"the model file {path}")
    if model.model_id != card.model_id:
        raise ClvError(f"the model file {path} holds the model {model.model_id}. {MODEL.fix}")
    return model


def open_champion(registry: Registry, model_id: str) -> ModelFile:
    """Load a model that was promoted; see `open_model`.

    Raises
    ------
    ClvError
        When the model has no row in the manifest, or does not fit.
    """
    if registry.row_of(ModelId(model_id)) is None:
        raise ClvError(f"model {model_id} has no row in {registry.manifest}. Run `clv train`.")
    return open_model(registry, model_id)


def warn_of_doubt(home: Home) -> None:
    """Say in one line where manifest or cards are not the ones that were written.

    For commands that only show, and for cards that a command does not need.
    """
    finding = first_doubt(Registry(home.registry))
    if finding:
        say(f"warning: {MISFIT}: {finding} {ALL_OF_IT}.")


def first_doubt(registry: Registry) -> str | None:
    """Return the first thing in chain, head and cards that does not fit, without reading models."""
    try:
        found = registry.findings()
        if found:
            return str(found[0])
        rows = {row.model_id: row for row in registry.rows()}
        names = {path.stem for path in registry.card_files()} | set(rows)
        for name in sorted(names):
            for finding in registry.card_findings(name, rows.get(ModelId(name))):
                return str(finding)
    except ClvError as error:
        return str(error)
    return None
