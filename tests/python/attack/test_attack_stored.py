"""Stored files: spoilt, forged, and made to run."""

from collections.abc import Callable

import pytest
from arena import Situation
from kinds_stored import situations


@pytest.mark.parametrize("situation", situations(), ids=str)
def test_stored(attack: Callable[[Situation], None], situation: Situation) -> None:
    attack(situation)
