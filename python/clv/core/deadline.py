"""Waiting for something outside, and no longer than to a moment that was set before."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

Answer = TypeVar("Answer")


def answer_until(moment: float, request: Callable[[], Answer]) -> Answer:
    """Return what a request returns, or give up at a moment of `time.monotonic`.

    A timeout of a connection begins anew with every byte; this one does not. A request that is given
    up goes on in a thread that ends with the process.

    Raises
    ------
    TimeoutError
        When the moment came first. Whatever the request raises is raised as well.
    """
    answer: Future[Answer] = Future()

    def work() -> None:
        try:
            answer.set_result(request())
        except Exception as error:
            answer.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    if wait([answer], timeout=max(moment - time.monotonic(), 0)).not_done:
        raise TimeoutError
    return answer.result()
