"""Streams, secrets, and text that acts where it is shown."""

from collections.abc import Callable

import pytest
from arena import Situation
from kinds_outputs import situations


@pytest.mark.parametrize("situation", situations(), ids=str)
def test_outputs(attack: Callable[[Situation], None], situation: Situation) -> None:
    attack(situation)
