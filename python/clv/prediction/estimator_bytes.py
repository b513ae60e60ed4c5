"""Fitted scikit-learn estimators as bytes that are opened only by the version that made them."""

from __future__ import annotations

import io
from typing import Any

import joblib
import sklearn

from clv.errors import ClvError


def pack(estimator: Any) -> dict[str, Any]:
    """Return the estimator as bytes, with the version of scikit-learn beside them."""
    buffer = io.BytesIO()
    joblib.dump(estimator, buffer, compress=3)
    return {"scikit_learn": sklearn.__version__, "bytes": buffer.getvalue()}


def unpack(stored: dict[str, Any]) -> Any:
    """Open what `pack` gave; the file around it is the one whose SHA-256 was checked.

    Raises
    ------
    ClvError
        When another version of scikit-learn made it: its pickles change between versions.
    """
    if stored["scikit_learn"] != sklearn.__version__:
        raise ClvError(
            f"the champion was trained with scikit-learn {stored['scikit_learn']}, but "
            f"{sklearn.__version__} is installed, which may read it wrongly. Install "
            f"scikit-learn=={stored['scikit_learn']}, or run `clv train`."
        )
    return joblib.load(io.BytesIO(stored["bytes"]))
