"""Config, homes and arguments that are not as they should be."""

from collections.abc import Callable

import pytest
from arena import Situation
from kinds_settings import situations


@pytest.mark.parametrize("situation", situations(), ids=str)
def test_settings(attack: Callable[[Situation], None], situation: Situation) -> None:
    attack(situation)
