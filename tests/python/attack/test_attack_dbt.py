"""SQL in vars and addresses, and logs that are none: what dbt is started for, which takes seconds."""

from collections.abc import Callable

import pytest
from arena import Situation
from kinds_settings import slow_situations

SITUATIONS = slow_situations()
ALWAYS = range(0, len(SITUATIONS), 5)


@pytest.mark.parametrize(
    "situation",
    [
        pytest.param(one, marks=() if number in ALWAYS else pytest.mark.exhaustive, id=str(one))
        for number, one in enumerate(SITUATIONS)
    ],
)
def test_dbt(attack: Callable[[Situation], None], situation: Situation) -> None:
    attack(situation)
