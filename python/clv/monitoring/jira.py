"""JIRA, seen through its client library: one ticket per label, and comments on it.

Whatever goes wrong there ends in a TrackerError with one line for a person: a ticket is never worth
more than the run that asks for it. So a delivery has a deadline for all that it asks, and what JIRA
answers is quoted without secrets and without what would act on a terminal.
"""

from __future__ import annotations

import logging
import math
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from clv.core.deadline import answer_until
from clv.core.render import terminal
from clv.core.secrets import Secret, hide, redact, secret_parts

Answer = TypeVar("Answer")

LONGEST_TEXT = 32_000  # JIRA takes 32,767 characters
TIMEOUT_SECONDS = 10.0
DEADLINE_SECONDS = 60.0
LONGEST_SECONDS = 3_600.0
ISSUE_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}-[0-9]{1,18}")


class TrackerError(Exception):
    """JIRA did not do what was asked; `lasting` is False when only this ticket is refused."""

    def __init__(self, message: str, lasting: bool = True) -> None:
        super().__init__(message)
        self.lasting = lasting


@dataclass(frozen=True)
class Tracker:
    """A project of a JIRA server.

    Parameters
    ----------
    user : str
        With a user the token is the password of basic authentication (JIRA Cloud), without one a
        bearer token (Data Center).
    timeout : float
        Seconds that JIRA may be silent.
    deadline : float
        Seconds for all that a delivery asks, however slowly JIRA answers.
    """

    url: str = field(repr=False)  # may hold a password
    project: str
    token: Secret
    user: str = ""
    issue_type: str = "Task"
    timeout: float = TIMEOUT_SECONDS
    deadline: float = DEADLINE_SECONDS

    @classmethod
    def named(cls) -> bool:
        """Say whether the environment names a JIRA."""
        return bool(_env("URL"))

    @classmethod
    def of_environment(cls) -> Tracker:
        """Return the JIRA that CLV_JIRA_URL, _PROJECT, _TOKEN and perhaps _USER name.

        Raises
        ------
        TrackerError
            When one is missing.
        """
        missing = [f"CLV_JIRA_{name}" for name in ("URL", "PROJECT", "TOKEN") if not _env(name)]
        if missing:
            raise TrackerError(f"{' and '.join(missing)} not set in the environment")
        return cls(
            url=_env("URL"),
            project=_env("PROJECT"),
            token=Secret(_env("TOKEN")),
            user=_env("USER"),
            issue_type=_env("ISSUE_TYPE") or "Task",
            timeout=_seconds("TIMEOUT", TIMEOUT_SECONDS),
            deadline=_seconds("DEADLINE", DEADLINE_SECONDS),
        )

    def connect(self) -> Connection:
        """Ask the server who it is, once and without retries.

        Raises
        ------
        TrackerError
        """
        try:
            import jira
        except ImportError as error:
            raise TrackerError("the JIRA client is missing: pip install 'clv[jira]'") from error
        # The library reports what it also raises; one line is enough.
        logging.getLogger("jira").addHandler(logging.NullHandler())
        logging.getLogger("jira").propagate = False
        login: dict[str, Any] = {"token_auth": self.token.reveal()}
        if self.user:
            login = {"basic_auth": (self.user, self.token.reveal())}
        until = time.monotonic() + self.deadline
        client = self.ask(
            lambda: jira.JIRA(
                self.url, timeout=self.timeout, max_retries=0, logging=False, **login
            ),
            until,
        )
        return Connection(self, client, until)

    def ask(self, request: Callable[[], Answer], until: float) -> Answer:
        """Return what a request returns; give up at the moment `until`, whatever the server does.

        What a request that was given up may still do there is found by its labels the next time.

        Raises
        ------
        TrackerError
        """
        try:
            return answer_until(until, request)
        except TimeoutError:
            raise TrackerError(
                f"JIRA was not done within {self.deadline:g} seconds (CLV_JIRA_DEADLINE)"
            ) from None
        except Exception as error:
            raise self._problem(error) from None

    def _secrets(self) -> list[Secret]:
        """Return what no message may hold: the token, alone and as it is sent, and the address's."""
        texts = [f"{self.user}:{self.token.reveal()}", *secret_parts(self.url)]
        return [self.token, *map(Secret, texts)]

    def _problem(self, error: Exception) -> TrackerError:
        """Say in one line what went wrong; nothing of the request, which holds the token."""
        import jira
        import requests

        if isinstance(error, requests.Timeout):
            return TrackerError(f"JIRA gave no answer within {self.timeout:g} seconds")
        if isinstance(error, requests.JSONDecodeError):  # a ConnectionError of requests' as well
            return TrackerError("JIRA's answer is not what it should be (not JSON)")
        if isinstance(error, requests.ConnectionError):
            return TrackerError(f"JIRA cannot be reached at {terminal(redact(self.url))}")
        if isinstance(error, jira.JIRAError) and error.status_code:
            status = int(error.status_code)
            if status in (401, 403):
                return TrackerError(
                    f"JIRA refused the credentials (HTTP {status}): check CLV_JIRA_TOKEN, "
                    "CLV_JIRA_USER and what they may do in the project"
                )
            text = hide(error.text or "", self._secrets())[:1_000]
            said = terminal(" ".join(text.split()))
            said = "" if said.startswith("<") else f": {said[:150]}"
            return TrackerError(
                f"JIRA answered HTTP {status}{said}", lasting=status >= 500 or status == 429
            )
        return TrackerError(f"JIRA's answer is not what it should be ({type(error).__name__})")


@dataclass(frozen=True)
class Connection:
    """A JIRA that has answered; it is asked nothing after the moment `until`."""

    tracker: Tracker
    client: Any
    until: float

    def find(self, labels: list[str]) -> str | None:
        """Return the key of the oldest ticket that has all the labels."""
        wanted = " AND ".join(f"labels = {_quoted(label)}" for label in labels)
        jql = f"project = {_quoted(self.tracker.project)} AND {wanted} ORDER BY created ASC"

        def first() -> str | None:
            answer = self.client.search_issues(
                jql, maxResults=1, fields=["summary"], json_result=True
            )
            return _key(answer["issues"][0]["key"]) if answer["issues"] else None

        return self._ask(first)

    def create(self, summary: str, text: str, labels: list[str]) -> str:
        """Create a ticket and return its key."""
        fields = {
            "project": {"key": self.tracker.project},
            "issuetype": {"name": self.tracker.issue_type},
            "summary": summary[:250],
            "description": text[:LONGEST_TEXT],
            "labels": labels,
        }
        return self._ask(lambda: _key(self.client.create_issue(fields=fields, prefetch=False).key))

    def says(self, key: str, words: str) -> bool | None:
        """Say whether the words stand in the ticket or a comment of it; None: no such ticket."""
        import jira

        def texts() -> list[str] | None:
            try:
                issue = self.client.issue(key, fields="description,comment")
                bodies = [comment.body for comment in self.client.comments(key)]
                return [str(text or "") for text in (issue.fields.description, *bodies)]
            except jira.JIRAError as error:
                if error.status_code == 404:
                    return None
                raise

        found = self._ask(texts)
        return None if found is None else any(words in text for text in found)

    def comment(self, key: str, text: str) -> None:
        """Add a comment to a ticket."""
        self._ask(lambda: self.client.add_comment(key, text[:LONGEST_TEXT]))

    def _ask(self, request: Callable[[], Answer]) -> Answer:
        return self.tracker.ask(request, self.until)


def is_key(text: object) -> bool:
    """Say whether a text is the key of a ticket, such as CLV-12."""
    return isinstance(text, str) and ISSUE_KEY.fullmatch(text) is not None


def _key(text: object) -> str:
    if not is_key(text):
        raise ValueError("no key of a ticket")
    return str(text)


def _quoted(text: str) -> str:
    """Write a text as JQL does."""
    escaped = terminal(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _seconds(name: str, default: float) -> float:
    try:
        seconds = float(_env(name) or default)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= LONGEST_SECONDS:
        raise TrackerError(
            f"CLV_JIRA_{name} is not a number of seconds above 0 and up to {LONGEST_SECONDS:g}"
        )
    return seconds


def _env(name: str) -> str:
    return os.environ.get(f"CLV_JIRA_{name}", "").strip()
