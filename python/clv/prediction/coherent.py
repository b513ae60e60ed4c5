"""What the columns of one customer's prediction owe each other.

Spend, purchases, being alive and the bounds come from several models, which know nothing of each other:
one may expect no money of a customer of whom another expects a purchase. Spend is left as it is, as the
champion was chosen for it; the others give way. `tests/dbt/rows_are_coherent.sql` holds every scored row
to the same rules.
"""

from __future__ import annotations

import numpy as np

from clv.core.arrays import Vector

# A date is given only where a purchase in the window is at least as likely as not.
LIKELY = 0.5


def coherent_purchases(
    predicted: Vector, purchases: Vector, probability: Vector
) -> tuple[Vector, Vector]:
    """Return expected purchases and the probability of any, arrays of shape (n,).

    Where no spend is predicted no purchase is, and nowhere is a purchase likelier than purchases are
    many: P(N >= 1) <= E[N].
    """
    spends = predicted > 0
    probability = np.where(spends, np.clip(probability, 0, 1), 0.0)
    return np.where(spends, np.maximum(purchases, probability), 0.0), probability


def coherent_alive(alive: Vector, probability: Vector) -> Vector:
    """Return the probability of being alive, at least that of a purchase; unknown stays NaN."""
    return np.asarray(np.maximum(alive, probability))


def coherent_bounds(
    predicted: Vector, bounds: tuple[Vector, Vector], probability: Vector
) -> tuple[Vector, Vector]:
    """Return lower and upper bound, arrays of shape (n,), on their sides of the prediction.

    An upper bound of 0, of a customer who most likely buys nothing, says something that the mean does
    not, and stays; one of a customer who is likelier to buy than not is at least what is predicted, as
    is every other above 0.
    """
    lower, upper = bounds
    says_nothing_comes = (upper <= 0) & (probability < LIKELY)
    return np.minimum(lower, predicted), np.where(
        says_nothing_comes, 0.0, np.maximum(upper, predicted)
    )
