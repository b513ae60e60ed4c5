"""Kills, commands at once, and engines that wait."""

from collections.abc import Callable

import pytest
from arena import Situation
from kinds_processes import situations


@pytest.mark.parametrize("situation", situations(), ids=str)
def test_processes(attack: Callable[[Situation], None], situation: Situation) -> None:
    attack(situation)
