"""What the champion's card says of the log, for a home whose log has no contract yet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clv.project.stored import Kind, StoredFileError, read_json

FIGURES = Kind("the champion's figures")
CARD = Kind("the champion's card")


def data_of_champion(home: Path) -> dict[str, Any] | None:
    """Return what the card of the home's champion says of its data; None where none can be read.

    Manifest and chain are not looked at: whether they hold is asked wherever a model is opened.
    """
    registry = home / "registry"
    try:
        figures = read_json(registry / "clv_model_latest.metrics.json", dict[str, Any], FIGURES)
        name = str(figures.get("model_id"))
        if not name.replace("_", "").isalnum():
            return None
        data = read_json(registry / "cards" / f"{name}.json", dict[str, Any], CARD, nan=True).get(
            "data"
        )
    except StoredFileError:
        return None
    return data if isinstance(data, dict) else None


def trained_on_another(home: Path, days: Sequence[Sequence[str]], share: float) -> list[str]:
    """Return that the log is not the champion's, where its days up to the training's end differ.

    Parameters
    ----------
    days : sequence of (day, rows, customer days, money)
        The log, as text.
    share : float
        The largest share that may differ.
    """
    data = data_of_champion(home)
    if data is None:
        return []
    try:
        through = str(data["through"])
        known = {"customer days": float(data["customer_days"]), "money": float(data["net_amount"])}
    except (KeyError, TypeError, ValueError):
        return []
    there = [day for day in days if day[0] <= through]
    is_now = {
        "customer days": float(sum(int(day[2]) for day in there)),
        "money": sum(float(day[3]) for day in there),
    }
    if all(abs(is_now[name] - was) <= share * abs(was) for name, was in known.items()):
        return []
    told = ", ".join(f"{name} {was:,.0f} -> {is_now[name]:,.0f}" for name, was in known.items())
    return [
        f"it is not the log that the champion was trained on: up to {through} {told}, from "
        f"{data.get('first_day')} -> {days[0][0] if days else '-'} on"
    ]
