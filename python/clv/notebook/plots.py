"""Three plots of a batch of predictions: calibration, gains, and frequency by recency."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Groups of repeat purchase days, and of days since the last one, as shares of the longest.
FREQUENCIES = (0, 1, 2, 3, 5, 8, 13, np.inf)
STEPS = 6


def calibration(rows: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Plot mean predicted and mean actual spend by tenth of the ranking.

    Parameters
    ----------
    rows : DataFrame
        `clv_calibration` of one batch: decile, mean_predicted_clv, mean_actual_clv, in the log's currency.
    """
    axes = _axes(ax)
    axes.plot(rows["decile"], rows["mean_actual_clv"], marker="o", label="spent")
    axes.plot(rows["decile"], rows["mean_predicted_clv"], marker="s", ls="--", label="predicted")
    axes.set(
        xlabel="tenth of customers, best first", ylabel="mean per customer", title="Calibration"
    )
    axes.legend()
    return axes


def gains(rows: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Plot the share of all spend that the best customers by prediction held.

    Parameters
    ----------
    rows : DataFrame
        `clv_gains` of one batch: top_percent, share_of_value, best_possible_share.
    """
    axes = _axes(ax)
    percent = [0, *rows["top_percent"], 100]
    axes.plot(percent, [0, *rows["best_possible_share"], 1], ls=":", label="perfect order")
    axes.plot(percent, [0, *rows["share_of_value"], 1], marker="o", label="by prediction")
    axes.plot([0, 100], [0, 1], color="grey", lw=1, label="at random")
    axes.set(xlabel="best customers, per cent", ylabel="share of all spend", title="Gains")
    axes.legend()
    return axes


def frequency_recency(rows: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Plot the mean prediction by repeat purchase days and by days since the last purchase.

    Parameters
    ----------
    rows : DataFrame
        `customer_segments`: frequency, days_since_last, predicted_clv.
    """
    axes = _axes(ax)
    longest = max(float(rows["days_since_last"].max()), 1.0)
    edges = np.linspace(0, longest, STEPS + 1)
    since = np.clip(np.digitize(rows["days_since_last"], edges) - 1, 0, STEPS - 1)
    often = np.digitize(rows["frequency"], FREQUENCIES) - 1
    totals, counts = (
        np.zeros((STEPS, len(FREQUENCIES) - 1)),
        np.zeros((STEPS, len(FREQUENCIES) - 1)),
    )
    np.add.at(totals, (since, often), rows["predicted_clv"].to_numpy(float))
    np.add.at(counts, (since, often), 1)
    grid = np.divide(totals, counts, out=np.full_like(totals, np.nan), where=counts > 0)
    image = axes.imshow(grid, aspect="auto", cmap="viridis", origin="lower")
    axes.figure.colorbar(image, ax=axes, label="mean predicted_clv")
    axes.set_xticks(range(len(FREQUENCIES) - 1), _names())
    axes.set_yticks(np.arange(STEPS + 1) - 0.5, [f"{edge:.0f}" for edge in edges])
    axes.set(xlabel="repeat purchase days", ylabel="days since the last purchase",
             title="Frequency and recency")  # fmt: skip
    return axes


def _names() -> list[str]:
    names = []
    for first, after in itertools.pairwise(FREQUENCIES):
        last = after - 1
        names.append(
            f"{first}+" if np.isinf(after) else f"{first}" if first == last else f"{first}-{last}"
        )
    return names


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    from matplotlib import pyplot

    return pyplot.subplots(figsize=(6, 4), layout="constrained")[1]
