"""Heat maps of a grid search as PNG files."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from clv.project.files import replacing
from clv.tuning.grid import Cell


def draw(
    path: Path,
    title: str,
    values: Mapping[Cell, float],
    empty: Mapping[Cell, str],
    winner: Cell,
    caption: str,
    *,
    lower_is_better: bool,
) -> None:
    """Draw a cell per pair of windows; the winner is framed, empty cells are hatched and explained.

    Dark always means good. Nothing of matplotlib's global state is touched, and no display needed.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    histories = sorted({cell.history_months for cell in (*values, *empty)})
    preds = sorted({cell.pred_months for cell in (*values, *empty)})
    table = np.full((len(histories), len(preds)), np.nan)
    for cell, value in values.items():
        table[histories.index(cell.history_months), preds.index(cell.pred_months)] = value
    notes = _notes(empty)
    width = max(7.5, 2.4 + 1.2 * len(preds))
    lines = [line for note in (caption, *notes) for line in textwrap.wrap(note, int(width * 14.5))]
    below, map_height = 0.75 + 0.165 * len(lines), max(0.62 * len(histories), 1.2)
    height = below + map_height + 0.4
    figure = Figure(figsize=(width, height), dpi=150)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.75 / width, below / height, 1 - 1.75 / width, map_height / height))
    scale = figure.add_axes((1 - 0.85 / width, below / height, 0.2 / width, map_height / height))
    image = axes.imshow(table, cmap="viridis" if lower_is_better else "viridis_r", aspect="auto")
    low, high = np.nanmin(table), np.nanmax(table)
    for y, history in enumerate(histories):
        for x, pred in enumerate(preds):
            value = table[y, x]
            if np.isnan(value):
                axes.add_patch(
                    Rectangle(
                        (x - 0.5, y - 0.5),
                        1,
                        1,
                        fill=False,
                        hatch="///",
                        edgecolor="0.8",
                        linewidth=0,
                    )
                )
                axes.text(
                    x, y, "log too\nshort", ha="center", va="center", fontsize=8, color="0.35"
                )
                continue
            depth = (value - low) / (high - low) if high > low else 0.0
            dark = depth < 0.6 if lower_is_better else depth > 0.4
            chosen = Cell(history, pred) == winner
            text = label(value) + ("\nchosen" if chosen else "")
            axes.text(
                x, y, text, ha="center", va="center", fontsize=10, color="white" if dark else "black",
                fontweight="bold" if chosen else "normal",
            )  # fmt: skip
    frame_x, frame_y = preds.index(winner.pred_months), histories.index(winner.history_months)
    axes.add_patch(
        Rectangle(
            (frame_x - 0.47, frame_y - 0.46), 0.94, 0.92, fill=False, edgecolor="red", linewidth=2.5
        )
    )
    axes.set_xticks(range(len(preds)), [str(p) for p in preds])
    axes.set_yticks(range(len(histories)), [str(h) for h in histories])
    axes.set_xticks(np.arange(len(preds) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(histories) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="both", length=0)
    axes.set_xlabel("prediction window (months)")
    axes.set_ylabel("history window (months)")
    axes.set_title(title, loc="left", fontsize=12)
    figure.colorbar(image, cax=scale)
    figure.text(
        0.15 / width,
        0.12 / height,
        "\n".join(lines),
        fontsize=8,
        va="bottom",
        color="0.2",
        linespacing=1.35,
    )
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png")


def label(value: float) -> str:
    """Write a cell's figure: three digits, or all of a larger number's; no exponents."""
    return f"{value:,.0f}" if abs(value) >= 99.95 else f"{value:#.3g}"


def _notes(empty: Mapping[Cell, str]) -> list[str]:
    reasons: dict[str, None] = {}
    for reason in empty.values():
        reasons.setdefault(reason)
    return [f"Empty: {reason}." for reason in reasons]
