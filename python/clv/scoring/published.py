"""The table that says when the marts were published, and of what: it stands in the marts alone."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from clv.core.dates import now
from clv.project import events

TABLE = "clv_published"
DESCRIPTION = (
    "One row: when these tables were published, by which run, and how far they reach. It is made "
    "with the marts, and is not in clv.duckdb."
)
COLUMNS = {
    "published_at": "When the marts were published (UTC).",
    "run_id": "The run that published them, as each line of logs/clv.log names it.",
    "data_through": "The last day that the transaction log was complete for.",
    "latest_cutoff": "Cutoff of the latest batch, that of customer_segments.",
    "pred_months": "Length of the latest batch's prediction window in calendar months.",
    "model_id": "The champion that scored the latest batch.",
}


def write_published(marts: duckdb.DuckDBPyConnection) -> None:
    """Make the table in `marts`, to which the home's database is attached as `clv`."""
    marts.execute(
        f"""
        create table {TABLE} as
        select
            cast(? as timestamp) as published_at,
            cast(? as varchar) as run_id,
            (select max(data_through) from clv.main.int_clv__log_days) as data_through,
            max(cutoff) as latest_cutoff,
            max(pred_months) as pred_months,
            max(model_id) as model_id
        from customer_segments
        """,
        [now().replace(tzinfo=None), events.current().run_id],
    )


def published_comments() -> Iterator[tuple[str, str | None, str]]:
    """Yield table, column and description; the column is None where the table itself is described."""
    yield TABLE, None, DESCRIPTION
    for column, text in COLUMNS.items():
        yield TABLE, column, text
