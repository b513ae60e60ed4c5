"""`clv status`: where things stand, from files and the database, without running anything."""

from __future__ import annotations

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


def status_text(home: Home, config: Config) -> str:
    """Return the report as Markdown."""
    rows = Registry(home.registry).rows()
    lines = [f"home: {home.root}"]
    if rows:
        champion = rows[-1]
        r2 = float("nan") if champion.baseline_r2 is None else champion.baseline_r2
        schedule = Schedule.of(config, champion.model_id, champion.labels_end)
        lines += [
            f"champion: {champion.model_id} ({champion.kind}, trained at "
            f"{champion.training_cutoff}, {champion.history_months} + "
            f"{champion.pred_months} months)",
            f"baseline: RMSE {champion.baseline_rmse:.4g}, "
            f"R² {r2:.4g} ({champion.baseline_method})",
            f"next cutoff: {schedule.next_cutoff}",
            *_season(Registry(home.registry), champion.model_id),
        ]
    else:
        lines.append("champion: none yet; run `clv train`")
    through, last, waiting, implausible = _batches(home)
    lines += [f"data through: {through}", f"last cutoff scored: {last}"]
    alerts = open_alerts(home)
    lines.append(f"open alerts: {', '.join(path.name for path in alerts) or 'none'}")
    if waiting is not None and len(waiting):
        lines += ["", "batches waiting to mature:", "", markdown_table(waiting)]
    lines += [f"\n{line}" for line in implausible]
    return "\n".join(lines)


def _season(registry: Registry, model_id: str) -> list[str]:
    """Say so where the champion knows no season; nothing where its card cannot be read."""
    try:
        known = season_of(registry.card(model_id).champion)
    except ClvError:
        return []
    return [] if known is not None else [NO_SEASON]


def _batches(home: Home) -> tuple[str, str, pd.DataFrame | None, list[str]]:
    if not home.database.exists():
        return NO_RUN, "none", None, []
    with reading(home.database) as connection:
        through = _value(connection, "select data_through from int_clv__log_days")
        last = _value(connection, "select max(cutoff) from clv_predictions")
        try:
            waiting = connection.execute(WAITING).df()
        except duckdb.CatalogException:  # nothing was scored yet
            return through or NO_RUN, last or "none", None, []
        nowcasts = newest_nowcasts(connection)
    implausible = nowcasts[nowcasts["is_implausible"]] if len(nowcasts) else nowcasts
    said = [implausible_line(row) for row in implausible.to_dict("records")]
    return through or NO_RUN, last or "none", with_nowcasts(waiting, nowcasts), said


def _value(connection: duckdb.DuckDBPyConnection, query: str) -> str | None:
    try:
        row = connection.execute(query).fetchone()
    except duckdb.CatalogException:  # the table is not there before its first run
        return None
    return str(row[0]) if row and row[0] is not None else None
