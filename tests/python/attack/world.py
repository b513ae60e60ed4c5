"""A log small enough to train on in seconds, with customers whose ids act where they are shown."""

from __future__ import annotations

import numpy as np
import pandas as pd

EVIL = (
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\tTAB", "<script>alert(1)</script>",
    "a|b|c", "`rm -rf`", "[x](http://evil)", "\x1b[31mred", "\x1b]0;title\x07", "‮abc", "![i](x)",
    "'; drop table canary; --", "{{ 7 * 7 }}", "a,b\"c", "０１２", "＝1+1",
)  # fmt: skip


def evil_ids() -> tuple[str, ...]:
    return EVIL


def orders(customers: int = 70, days: int = 330, seed: int = 3) -> pd.DataFrame:
    """Orders of 2022: each customer buys at a rate of its own; the first have the evil ids."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(customers):
        name = EVIL[number] if number < len(EVIL) else f"{number:04d}"
        day = float(rng.uniform(0, 90))
        while day < days:
            date = pd.Timestamp("2022-01-01") + pd.Timedelta(days=int(day))
            rows.append((name, date.date().isoformat(), round(float(rng.gamma(3, 10)) + 1, 2)))
            day += 1 + rng.exponential(25 + number)
    return pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount"])
