"""Customer attributes as numbers: how the customers of a value did against all of them.

What is known of a customer beside the log is a JSON object of texts. Each attribute is one column: the mean
ratio of spend to expectation of those who share the value, over that of everybody, drawn towards 1 the
fewer they are (empirical Bayes; Micci-Barreca 2001, A preprocessing scheme for high-cardinality
categorical attributes). A value that is rare, or that was never seen, is 1, so that such customers are
predicted by all else; an unknown one counts as a value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clv.core.arrays import Matrix, Vector

Texts = NDArray[np.object_]
# A value counts where so many rows that count equally would weigh as those that have it: a country of
# one large customer is that customer.
SMALLEST = 30.0
# So many rows draw the value's mean halfway to that of everybody.
PRIOR = 200.0
# The furthest that a value may be from everybody, as a factor.
FURTHEST = 3.0
# The value of customers of whom an attribute is not known.
UNKNOWN = ""


@dataclass(frozen=True)
class AttributeCoder:
    """The number of each value, by attribute; attributes in the order of the columns."""

    values: dict[str, dict[str, float]]

    @classmethod
    def fit(cls, texts: Texts | None, ratio: Vector, weight: Vector) -> AttributeCoder:
        """Find the number of each value that enough of n customers have.

        Parameters
        ----------
        texts : array of shape (n,), optional
            A JSON object a customer, None where nothing is known.
        ratio, weight : arrays of shape (n,)
            Spend over expectation, and how much each customer counts in the fit.
        """
        level = float(np.average(ratio, weights=weight))
        if texts is None or level <= 0:
            return cls({})
        places, known = _distinct(texts)
        parts = (weight, weight**2, weight * ratio)
        sums: Matrix = np.array([np.bincount(places, part, len(known)) for part in parts], float).T
        names = sorted({name for values in known for name in values})
        chosen = {name: _numbers(name, known, sums, level) for name in names}
        return cls({name: values for name, values in chosen.items() if len(values) > 1})

    def columns(self, texts: Texts | None, customers: int) -> Matrix:
        """Return the columns of n customers, shape (n, attributes)."""
        if texts is None:
            texts = np.full(customers, None, dtype=object)
        places, known = _distinct(texts)
        rows = [
            [of.get(values.get(name, UNKNOWN), 1.0) for name, of in self.values.items()]
            for values in known
        ]
        return np.array(rows, dtype=float).reshape(len(known), len(self.values))[places]

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the numbers as plain containers; no word of the shop is a key."""
        return [
            {"attribute": name, "values": [*of], "numbers": [*of.values()]}
            for name, of in self.values.items()
        ]

    @classmethod
    def from_dict(cls, stored: Sequence[Mapping[str, Any]]) -> AttributeCoder:
        """Rebuild a coder from what `to_dict` gave.

        Raises
        ------
        ValueError
            When it holds anything but finite numbers above 0.
        """
        values = {
            part["attribute"]: dict(zip(part["values"], map(float, part["numbers"]), strict=True))
            for part in stored
        }
        if not all(0 < x < np.inf for of in values.values() for x in of.values()):
            raise ValueError("the number of an attribute's value is none above 0")
        return cls(values)


def _numbers(
    name: str, known: Sequence[Mapping[str, str]], sums: Matrix, level: float
) -> dict[str, float]:
    """Return the number of each value of an attribute that enough customers have.

    Parameters
    ----------
    known : sequence of length k
        The different objects.
    sums : array of shape (k, 3)
        Of the customers of each: weight, its square, and weighted ratio.
    level : float
        The mean ratio of everybody.
    """
    held: dict[str, Vector] = {}
    for values, part in zip(known, sums, strict=True):
        value = values.get(name, UNKNOWN)
        held[value] = held.get(value, np.zeros(3)) + part
    found = {}
    for value in sorted(held):
        weight, square, ratio = held[value].tolist()
        rows = weight**2 / square if square > 0 else 0.0
        if rows >= SMALLEST:
            mean = (rows * ratio / weight / level + PRIOR) / (rows + PRIOR)
            found[value] = min(max(mean, 1 / FURTHEST), FURTHEST)
    return found


def texts_of(features: pd.DataFrame) -> Texts | None:
    """Return what is known of each customer, shape (n,); None where nothing is of anybody."""
    if "attributes" not in features or not features["attributes"].notna().any():
        return None
    known = features["attributes"]
    texts: Texts = known.astype(object).where(known.notna(), None).to_numpy()
    return texts


def stacked_texts(parts: Sequence[tuple[Texts | None, int]]) -> Texts | None:
    """Return the texts of several windows, each with its customers, one below the other."""
    if all(texts is None for texts, _ in parts):
        return None
    return np.concatenate(
        [np.full(n, None, dtype=object) if texts is None else texts for texts, n in parts]
    )


def distinct_values(texts: Texts) -> dict[str, int]:
    """Return how many different values each attribute has, by its name, sorted."""
    _, known = _distinct(texts)
    names = sorted({name for values in known for name in values})
    return {name: len({values[name] for values in known if name in values}) for name in names}


def _distinct(texts: Texts) -> tuple[NDArray[np.intp], list[dict[str, Any]]]:
    """Return where each customer stands among the different objects, and these, each parsed once."""
    places, distinct = pd.factorize(texts, use_na_sentinel=False)
    return places, [json.loads(text) if isinstance(text, str) else {} for text in distinct]
