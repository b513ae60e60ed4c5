"""What all tests of the whole project share."""

import os
from collections.abc import Iterator

import pytest
from parsing import parsed_once


@pytest.fixture(scope="session", autouse=True)
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.getbasetemp()
    folder = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "parsed"
    folder.mkdir(exist_ok=True)
    with parsed_once(folder):
        yield
