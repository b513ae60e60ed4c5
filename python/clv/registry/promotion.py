"""A training or promotion that its command has not reported yet.

Both are remembered until they were said: the same command again, after a kill, then says what stands and
does not do it a second time.
"""

from __future__ import annotations

from typing import Any

from clv.registry import gate
from clv.registry.card import ModelCard
from clv.registry.store import Registry

TRAINING, PROMOTE = "training", "promote"


def begin(registry: Registry, operation: str, model_id: str) -> None:
    """Remember durably that the command is about to write files of `model_id`."""
    registry.journal.begin(operation, {"model_id": model_id})


def stands_unreported(registry: Registry, operation: str) -> str | None:
    """Return the champion that the command made and did not live to report, if there is one."""
    entry = registry.journal.entry(operation)
    rows = registry.rows()
    if entry is None or not rows or rows[-1].model_id != entry.intent.get("model_id"):
        return None
    return rows[-1].model_id


def same_champion(registry: Registry, wanted: dict[str, Any]) -> ModelCard | None:
    """Return the card of a champion whose training was not reported, where it says what is `wanted`."""
    model_id = stands_unreported(registry, TRAINING)
    if model_id is None:
        return None
    card = gate.checked_card(registry, model_id)
    said = card.content
    return card if {name: said.get(name) for name in wanted} == wanted else None


def reported(registry: Registry, operation: str) -> None:
    """Forget it: the command has said what it did."""
    registry.journal.done(operation)
