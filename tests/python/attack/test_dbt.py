"""SQL in vars and addresses, and logs that are none: what dbt is started for."""

from collections.abc import Callable

import pytest
from arena import Situation
from kinds_settings import slow_situations


@pytest.mark.parametrize("situation", slow_situations(), ids=str)
def test_dbt(attack: Callable[[Situation], None], situation: Situation) -> None:
    attack(situation)
