"""How good a prediction was. The same measures as the model `clv_accuracy`, for training time."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from scipy.stats import rankdata

from clv.core.arrays import Vector
from clv.prediction.gini import in_order, normalized_gini


@dataclass(frozen=True)
class Accuracy:
    """Measures over one set of customers; money in the log's currency.

    Attributes
    ----------
    rmse, mae : float
        Root mean squared and mean absolute error, per customer.
    r2 : float
        1 - squared error / squared deviation from the actual mean; NaN when actuals are constant.
    bias : float
        Mean of predicted - actual.
    normalized_gini : float
        Gini of actuals ordered by prediction over that of actuals ordered by themselves: 1 is
        the perfect order, 0 a random one.
    top_decile_share : float
        Share of the actual total held by the tenth of customers predicted highest.
    spearman : float
        Rank correlation of predicted and actual, ties at their mean rank.
    """

    customers: int
    rmse: float
    r2: float
    mae: float
    bias: float
    normalized_gini: float
    top_decile_share: float
    spearman: float

    def to_dict(self) -> dict[str, float | int | None]:
        """Return the measures for JSON, NaN as None."""
        return {k: None if v != v else v for k, v in asdict(self).items()}


def measure(predicted: Vector, actual: Vector) -> Accuracy:
    """Compare predictions with actuals, arrays of shape (n,), in a fixed order of customers.

    Customers with the same prediction share the mean of what they spent wherever order counts.
    """
    error = predicted - actual
    total_squares = float(np.sum((actual - actual.mean()) ** 2))
    # What rounding leaves of the spread of equal actuals means nothing.
    differ = bool(np.ptp(actual) > 0) and total_squares > 0
    _, money = in_order(predicted, actual)
    total = float(actual.sum())
    top = int(np.ceil(len(actual) / 10))
    return Accuracy(
        customers=len(actual),
        rmse=float(np.sqrt(np.mean(error**2))),
        r2=1 - float(np.sum(error**2)) / total_squares if differ else float("nan"),
        mae=float(np.mean(np.abs(error))),
        bias=float(np.mean(error)),
        normalized_gini=normalized_gini(predicted, actual) if differ else float("nan"),
        top_decile_share=float(money[:top].sum()) / total if total else float("nan"),
        spearman=_correlation(rankdata(predicted), rankdata(actual)),
    )


def decile_calibration(predicted: Vector, actual: Vector) -> list[dict[str, float]]:
    """Return mean predicted and actual of the tenths of customers, the highest predicted first.

    Customers with the same prediction share the mean of what they spent, as in `measure`.
    """
    order, money = in_order(predicted, actual)
    tenths = zip(np.array_split(order, 10), np.array_split(money, 10), strict=True)
    return [
        {
            "decile": float(number),
            "customers": float(len(part)),
            "mean_predicted": float(predicted[part].mean()),
            "mean_actual": float(spent.mean()),
        }
        for number, (part, spent) in enumerate(tenths, start=1)
        if len(part)
    ]


def _correlation(left: Vector, right: Vector) -> float:
    left, right = left - left.mean(), right - right.mean()
    size = float(np.sqrt((left**2).sum() * (right**2).sum()))
    return float((left * right).sum()) / size if size > 0 else float("nan")
