"""Challenger and champion side by side, and what may be concluded from it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from clv.core.window import Window
from clv.core.wording import counted
from clv.prediction.accuracy import Accuracy

NOW = "judged now"
TRAINING = "of its training"
LEARNT = "no test: it has learnt from this window"


@dataclass(frozen=True)
class Side:
    """One model's result on the compared customers.

    Attributes
    ----------
    skill : float
        1 - RMSE / RMSE of the best naive rule on the same customers and prediction window.
    figures : str
        NOW where the model was judged on the compared window now; TRAINING where it has learnt
        from that window since, and the figures are those of its own contest, before it had;
        LEARNT where there are no such figures, and these are no test of it.
    """

    model_id: str
    kind: str
    window: Window
    accuracy: Accuracy
    skill: float
    figures: str

    @property
    def rmse_per_30_days(self) -> float:
        """RMSE over 30 days of the prediction window, which windows of any length can be compared by."""
        return self.accuracy.rmse * 30 / self.window.days


@dataclass(frozen=True)
class Comparison:
    """Challenger and champion as of one cutoff on the same customers."""

    cutoff: dt.date
    customers: int
    challenger: Side
    champion: Side | None

    @property
    def same_window(self) -> bool:
        """Whether both predict the same number of months."""
        return (
            self.champion is None
            or self.champion.window.pred_months == self.challenger.window.pred_months
        )

    @property
    def undecided(self) -> bool:
        """Whether a figure is no test of its model, so that none of the two is shown to be better."""
        return any(s is not None and s.figures == LEARNT for s in (self.challenger, self.champion))

    @property
    def worse(self) -> bool:
        """Whether the challenger errs more: by RMSE on one window, by skill on two."""
        if self.champion is None:
            return self.challenger.skill < 0
        if self.same_window:
            return self.challenger.accuracy.rmse > self.champion.accuracy.rmse
        return self.challenger.skill < self.champion.skill

    def table(self) -> pd.DataFrame:
        """Return a row per measure and a column per model."""
        sides = {"challenger": self.challenger}
        if self.champion:
            sides["champion"] = self.champion
        rows = {
            name: {
                "model": side.model_id,
                "kind": side.kind,
                "history + prediction": str(side.window.lengths),
                "predicted window ends": side.window.window_end.isoformat(),
                "RMSE": side.accuracy.rmse,
                "RMSE per 30 days": side.rmse_per_30_days,
                "skill over the best naive rule": side.skill,
                "R²": side.accuracy.r2,
                "MAE": side.accuracy.mae,
                "bias": side.accuracy.bias,
                "normalized Gini": side.accuracy.normalized_gini,
                "figures": side.figures,
            }
            for name, side in sides.items()
        }
        frame = pd.DataFrame(rows)
        return frame.rename_axis("measure").reset_index()

    def remarks(self) -> list[str]:
        """Say what a person has to know to read the table."""
        lines = [
            f"as of {self.cutoff}, on the {counted(self.customers, 'customer', 'customers')} "
            "who bought in every history window compared"
        ]
        if not self.same_window:
            lines.append("the prediction windows differ, so the skill decides, not the RMSE")
        sides = (("challenger", self.challenger), ("champion", self.champion))
        for name, side in ((name, side) for name, side in sides if side is not None):
            if side.figures == TRAINING:
                lines.append(
                    f"the {name} has learnt from this window since, so its figures are those of "
                    "its own contest, out-of-sample, on "
                    f"{counted(side.accuracy.customers, 'customer', 'customers')}"
                )
            elif side.figures == LEARNT:
                lines.append(
                    f"the {name} has learnt from days in this window, so its figures are no test"
                )
        return lines
