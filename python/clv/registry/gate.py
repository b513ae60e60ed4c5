"""A quick look whether the registry fits what was written, for commands that rely on it.

`clv verify` reads every file and says what is wrong; this looks at what takes no time, so that
nobody goes on for weeks with a registry that somebody edited. What is scored and judged comes from
the manifest, so commands that write refuse one that does not fit (see `Registry.settle`); cards are
for people, and a changed one is a warning. Model files are left out: the one that is needed is
checked where it is loaded.
"""

from __future__ import annotations

from clv.errors import ClvError
from clv.project.events import say
from clv.project.files import sha256
from clv.project.home import Home
from clv.registry.card import content_sha256
from clv.registry.store import Registry

DOUBT = (
    "the registry does not fit what was written: rows of the manifest or cards were changed or "
    "deleted. `clv verify` names what, and the next step"
)


def warn_of_doubt(home: Home) -> None:
    """Say in one line where manifest and cards are not the ones that were written."""
    if doubtful(Registry(home.registry)):
        say(f"warning: {DOUBT}")


def doubtful(registry: Registry) -> bool:
    """Say whether chain and head, or a row and its card, or a card and its own hash differ."""
    try:
        if registry.findings():
            return True
        rows = registry.rows()
        promoted = {row["model_id"]: row["card_sha256"] for row in rows}
        paths = set(registry.card_path("x").parent.glob("*.json"))
        if {registry.card_path(model_id) for model_id in promoted} - paths:
            return True
        return any(
            sha256(path) != promoted[path.stem]
            if path.stem in promoted
            else _changed(registry, path.stem)
            for path in paths
        )
    except (ClvError, OSError):
        return True


def _changed(registry: Registry, model_id: str) -> bool:
    """Say whether the card of a challenger is not the one that it holds the hash of."""
    card = registry.card(model_id)
    return not isinstance(card, dict) or card.get("content_sha256") != content_sha256(card)
