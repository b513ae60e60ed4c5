"""What the macro asks of `clv.project.log_verdict`, for a sound log of 60 days and with changes."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from clv.project import log_verdict
from clv.project.log_seen import SEEN

START = dt.date(2020, 1, 1)
IDS = [[f"{number:012x}", f"{number:04d}"] for number in range(1, 41)]


def days(count: int = 60, start: dt.date = START, rows: int = 10) -> list[list[str]]:
    return [
        [str(start + dt.timedelta(days=n)), str(rows), str(rows - 1), f"{100 + n}.5000"]
        for n in range(count)
    ]


def outcome(
    reason: str, rows: int, money: str, below: int = 0, size: str | None = None
) -> list[str]:
    above = 0 if money.startswith("-") or money == "0" else rows - below
    return [reason, str(rows), money, size or money.lstrip("-"), str(above), str(below)]


def asked(home: Path, **changed: Any) -> dict[str, Any]:
    """Return the request of the macro for a sound log of 60 days, with changes."""
    given: dict[str, Any] = {
        "home": str(home), "location": "orders.csv", "amount": "amount", "has_lines": False,
        "outcomes": [outcome("kept", 600, "6000.0000")], "examples": {}, "below_zero": [],
        "continued": [], "shared_lines": 0, "shared_examples": [], "currencies": [], "statuses": [],
        "unknown_statuses": [], "days": days(), "ids": IDS, "ids_of_before": IDS,
        "customers": "40", "returning": "30",
        "accept_log": False, "data_through": None, "currency": None, "earliest_date": None,
        "latest_date": None, "data_through_slack_days": None, "max_rejected_share": None,
        "max_changed_share": None,
    }  # fmt: skip
    return given | changed


def verdict(home: Path, columns: dict[str, str] | None = None, files: tuple[str, ...] = (),
            **changed: Any) -> dict[str, Any]:  # fmt: skip
    SEEN.begin()
    SEEN.columns = columns or {"id": "VARCHAR", "amount": "VARCHAR"}
    SEEN.files = list(files)
    answer: dict[str, Any] = json.loads(log_verdict.answered(json.dumps(asked(home, **changed))))
    return answer


def refused(home: Path, *words: str, **changed: Any) -> None:
    answer = verdict(home, **changed)
    assert "error" in answer, answer
    for word in words:
        assert word in answer["error"], answer["error"]


def noted(home: Path, *words: str, **changed: Any) -> None:
    answer = verdict(home, **changed)
    assert "notes" in answer, answer
    for word in words:
        assert word in "\n".join(answer["notes"])


def row(**values: str) -> dict[str, str | None]:
    names = ("input_row", "customer_id", "order_id", "line_id", "written_date", "ordered_at", "amount",
             "status", "currency")  # fmt: skip
    return {name: values.get(name) for name in names}
