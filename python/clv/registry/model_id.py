"""The name of a model, which is also the name of its files."""

from __future__ import annotations

import datetime as dt
import re

from clv.errors import ClvError

FORM = "clv_YYYYMMDD_h<months>_p<months>_YYYYMMDDTHHMMSSZ"
PATTERN = re.compile(
    r"clv_(?P<cutoff>[0-9]{8})_h(?P<history>[1-9][0-9]{0,2})_p(?P<pred>[1-9][0-9]{0,2})"
    r"_(?P<trained>[0-9]{8}T[0-9]{6})Z"
)
STAMP = "%Y%m%dT%H%M%S"
# As much of a wrong name as a message repeats.
SHOWN = 80


class ModelId(str):
    """A text that is a model's name; nothing else can be made into a path of the registry.

    Raises
    ------
    ClvError
        When the text is no such name, whether a person, a file or a row of the manifest gave it.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> ModelId:
        if isinstance(text, ModelId):
            return text
        if not is_model_id(text):
            raise ClvError(
                f"{str(text)[:SHOWN]!r} is no model id. One has the form {FORM}; `clv status` names "
                "the champion, and the files in registry/cards are named after all models."
            )
        return super().__new__(cls, text)

    @classmethod
    def of_training(
        cls, cutoff: dt.date, history_months: int, pred_months: int, trained_at: dt.datetime
    ) -> ModelId:
        """Return the name of the model that is trained at a cutoff, at a time in UTC."""
        return cls(
            f"clv_{cutoff:%Y%m%d}_h{history_months}_p{pred_months}_{trained_at.strftime(STAMP)}Z"
        )

    @property
    def trained_at(self) -> dt.datetime:
        """When the training ended, to the second."""
        return _time(PATTERN.fullmatch(self)["trained"])  # type: ignore[index]  # it matches


def is_model_id(text: object) -> bool:
    """Say whether a text is a model's name."""
    match = PATTERN.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return False
    try:
        dt.datetime.strptime(match["cutoff"], "%Y%m%d")
        _time(match["trained"])
    except ValueError:
        return False
    return True


def _time(stamp: str) -> dt.datetime:
    return dt.datetime.strptime(stamp, STAMP).replace(tzinfo=dt.timezone.utc)
