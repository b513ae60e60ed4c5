"""What all tests of the whole project share."""

from collections.abc import Iterator

import pytest
from made_once import shared_folder
from parsing import parsed_once


@pytest.fixture(scope="session", autouse=True)
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with parsed_once(shared_folder(tmp_path_factory, "parsed")):
        yield
