"""Heat maps of a grid search as PNG files."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clv.core.arrays import Matrix
from clv.core.window import WindowLengths
from clv.project.files import replacing

FRAME = 0.75  # inches between the map and the edges, where the axes are labelled


@dataclass(frozen=True)
class HeatMap:
    """What a heat map shows: a value per cell, or the reason why a cell has none."""

    title: str
    values: Mapping[WindowLengths, float]
    empty: Mapping[WindowLengths, str]
    winner: WindowLengths
    caption: str
    lower_is_better: bool

    @property
    def histories(self) -> list[int]:
        """The lengths of history, in months, from the top down."""
        return sorted({cell.history_months for cell in (*self.values, *self.empty)})

    @property
    def preds(self) -> list[int]:
        """The prediction windows, in months, from left to right."""
        return sorted({cell.pred_months for cell in (*self.values, *self.empty)})

    def table(self) -> Matrix:
        """Return the values, shape (histories, preds); NaN where a cell is empty."""
        table = np.full((len(self.histories), len(self.preds)), np.nan)
        for cell, value in self.values.items():
            table[self.place(cell)] = value
        return table

    def place(self, cell: WindowLengths) -> tuple[int, int]:
        """Return row and column of a cell."""
        return self.histories.index(cell.history_months), self.preds.index(cell.pred_months)

    def notes(self) -> list[str]:
        """Return the caption, and why cells are empty, each reason once."""
        return [
            self.caption,
            *(f"Empty: {reason}." for reason in dict.fromkeys(self.empty.values())),
        ]


def draw(path: Path, heat_map: HeatMap) -> None:
    """Draw a cell per pair of windows; the winner is framed, empty cells are hatched and explained.

    Dark always means good. Nothing of matplotlib's global state is touched, and no display needed.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows, columns = len(heat_map.histories), len(heat_map.preds)
    width = max(7.5, 2.4 + 1.2 * columns)
    lines = [line for note in heat_map.notes() for line in textwrap.wrap(note, int(width * 14.5))]
    below, map_height = FRAME + 0.165 * len(lines), max(0.62 * rows, 1.2)
    height = below + map_height + 0.4
    figure = Figure(figsize=(width, height), dpi=150)
    FigureCanvasAgg(figure)
    box = (below / height, map_height / height)
    axes = figure.add_axes((FRAME / width, box[0], 1 - 1.75 / width, box[1]))
    scale = figure.add_axes((1 - 0.85 / width, box[0], 0.2 / width, box[1]))
    colours = "viridis" if heat_map.lower_is_better else "viridis_r"
    image = axes.imshow(heat_map.table(), cmap=colours, aspect="auto")
    _write_cells(axes, heat_map)
    _frame_winner(axes, heat_map)
    axes.set_xticks(range(columns), [str(months) for months in heat_map.preds])
    axes.set_yticks(range(rows), [str(months) for months in heat_map.histories])
    axes.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="both", length=0)
    axes.set_xlabel("prediction window (months)")
    axes.set_ylabel("history window (months)")
    axes.set_title(heat_map.title, loc="left", fontsize=12)
    figure.colorbar(image, cax=scale)
    text = "\n".join(lines)
    figure.text(
        0.15 / width, 0.12 / height, text, fontsize=8, va="bottom", color="0.2", linespacing=1.35
    )
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png")


def _write_cells(axes: Any, heat_map: HeatMap) -> None:
    """Write each cell's figure, in a colour that can be read on it; hatch the empty ones."""
    from matplotlib.patches import Rectangle

    table = heat_map.table()
    low, high = np.nanmin(table), np.nanmax(table)
    winner = heat_map.place(heat_map.winner)
    for (y, x), value in np.ndenumerate(table):
        if np.isnan(value):
            corner = (x - 0.5, y - 0.5)
            axes.add_patch(
                Rectangle(corner, 1, 1, fill=False, hatch="///", edgecolor="0.8", linewidth=0)
            )
            axes.text(x, y, "log too\nshort", ha="center", va="center", fontsize=8, color="0.35")
            continue
        depth = (value - low) / (high - low) if high > low else 0.0
        dark = depth < 0.6 if heat_map.lower_is_better else depth > 0.4
        chosen = (y, x) == winner
        axes.text(
            x, y, label(value) + ("\nchosen" if chosen else ""), ha="center", va="center",
            fontsize=10, color="white" if dark else "black",
            fontweight="bold" if chosen else "normal",
        )  # fmt: skip


def _frame_winner(axes: Any, heat_map: HeatMap) -> None:
    from matplotlib.patches import Rectangle

    y, x = heat_map.place(heat_map.winner)
    corner = (x - 0.47, y - 0.46)
    axes.add_patch(Rectangle(corner, 0.94, 0.92, fill=False, edgecolor="red", linewidth=2.5))


def label(value: float) -> str:
    """Write a cell's figure: three digits, or all of a larger number's; no exponents."""
    return f"{value:,.0f}" if abs(value) >= 99.95 else f"{value:#.3g}"
