"""`clv status`: where things stand, from files and the database, without running anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import pandas as pd

from clv.core.wording import markdown_table
from clv.errors import ClvError
from clv.monitoring.decisions import open_alerts
from clv.monitoring.open_batches import implausible_line, newest_nowcasts, with_nowcasts
from clv.operations.schedule import Schedule
from clv.project.config import Config
from clv.project.database import reading
from clv.project.home import Home
from clv.registry.card_report import season_of
from clv.registry.store import Registry

NO_SEASON = (
    "season: the champion's log did not show one; totals of the coming window may be off by it"
)
NO_RUN = "unknown before the first run"
WAITING = "select * from int_clv__waiting_batches order by cutoff, pred_months"


def status_data(home: Home, config: Config) -> dict[str, Any]:
    """Return where things stand: what `clv status --json` prints, and its text is made of."""
    registry = Registry(home.registry)
    rows = registry.rows()
    through, last, waiting, nowcasts = _batches(home)
    data: dict[str, Any] = {
        "home": str(home.root),
        "champion": None,
        "next_cutoff": None,
        "data_through": through,
        "last_cutoff_scored": last,
        "open_alerts": [path.name for path in open_alerts(home)],
        "waiting_batches": waiting.to_dict("records"),
        "nowcasts": nowcasts.to_dict("records"),
    }
    if rows:
        row = rows[-1]
        data["champion"] = {
            "model_id": row.model_id,
            "kind": row.kind,
            "training_cutoff": row.training_cutoff,
            "history_months": row.history_months,
            "pred_months": row.pred_months,
            "baseline_rmse": row.baseline_rmse,
            "baseline_r2": row.baseline_r2,
            "baseline_method": row.baseline_method,
            "season_known": _season_known(registry, row.model_id),
        }
        data["next_cutoff"] = Schedule.of(config, row.model_id, row.labels_end).next_cutoff
    return data


def status_text(data: Mapping[str, Any]) -> str:
    """Return the report as Markdown."""
    lines = [f"home: {data['home']}", *_champion(data)]
    lines += [f"data through: {data['data_through'] or NO_RUN}"]
    lines += [f"last cutoff scored: {data['last_cutoff_scored'] or 'none'}"]
    lines.append(f"open alerts: {', '.join(data['open_alerts']) or 'none'}")
    nowcasts = pd.DataFrame(data["nowcasts"])
    if data["waiting_batches"]:
        waiting = with_nowcasts(pd.DataFrame(data["waiting_batches"]), nowcasts)
        lines += ["", "batches waiting to mature:", "", markdown_table(waiting)]
    lines += [f"\n{implausible_line(row)}" for row in data["nowcasts"] if row["is_implausible"]]
    return "\n".join(lines)


def _champion(data: Mapping[str, Any]) -> list[str]:
    champion = data["champion"]
    if champion is None:
        return ["champion: none yet; run `clv train`"]
    r2 = float("nan") if champion["baseline_r2"] is None else champion["baseline_r2"]
    lines = [
        f"champion: {champion['model_id']} ({champion['kind']}, trained at "
        f"{champion['training_cutoff']}, {champion['history_months']} + "
        f"{champion['pred_months']} months)",
        f"baseline: RMSE {champion['baseline_rmse']:.4g}, "
        f"R² {r2:.4g} ({champion['baseline_method']})",
        f"next cutoff: {data['next_cutoff']}",
    ]
    return lines if champion["season_known"] is not False else [*lines, NO_SEASON]


def _season_known(registry: Registry, model_id: str) -> bool | None:
    """Say whether the champion knows a season; None where its card cannot be read."""
    try:
        return season_of(registry.card(model_id).champion) is not None
    except ClvError:
        return None


def _batches(home: Home) -> tuple[str | None, str | None, pd.DataFrame, pd.DataFrame]:
    """Return data_through, the last cutoff, the batches that wait, and their newest nowcasts."""
    none = pd.DataFrame()
    if not home.database.exists():
        return None, None, none, none
    with reading(home.database) as connection:
        through = _value(connection, "select data_through from int_clv__log_days")
        last = _value(connection, "select max(cutoff) from clv_predictions")
        try:
            waiting = connection.execute(WAITING).df()
        except duckdb.CatalogException:  # nothing was scored yet
            return through, last, none, none
        return through, last, waiting, newest_nowcasts(connection)


def _value(connection: duckdb.DuckDBPyConnection, query: str) -> str | None:
    try:
        row = connection.execute(query).fetchone()
    except duckdb.CatalogException:  # the table is not there before its first run
        return None
    return str(row[0]) if row and row[0] is not None else None
