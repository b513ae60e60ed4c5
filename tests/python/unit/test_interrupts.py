"""Whatever a library makes of a signal to stop, the block around it ends as stopped."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from clv.project.interrupts import stopped_by_signals


def _stop() -> None:
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait(5)  # the handler runs here at the latest


def _lost() -> None:
    try:
        _stop()
    except KeyboardInterrupt:
        return


def _made_an_error() -> None:
    try:
        _stop()
    except KeyboardInterrupt as error:
        raise RuntimeError("a node failed") from error


@pytest.fixture(autouse=True)
def handler():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("library", [_stop, _lost, _made_an_error])
def test_a_stop_ends_the_block_whatever_the_library_makes_of_it(library, handler):
    with pytest.raises(KeyboardInterrupt), stopped_by_signals():
        library()
    assert signal.getsignal(signal.SIGINT) is handler


def test_without_a_signal_errors_and_results_stay_as_they_are(handler):
    with pytest.raises(ValueError, match="as it is"), stopped_by_signals():
        raise ValueError("as it is")
    with stopped_by_signals():
        pass
    assert signal.getsignal(signal.SIGINT) is handler
