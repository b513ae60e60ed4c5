"""JIRA, seen through its client library: one ticket per label, and comments on it.

Whatever goes wrong there ends in a TrackerError with one line for a person: a ticket is never worth
more than the run that asks for it.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field
from typing import Any

LONGEST_TEXT = 32_000  # JIRA takes 32,767 characters
TIMEOUT_SECONDS = 10.0


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
    """

    url: str
    project: str
    token: str = field(repr=False)
    user: str = ""
    issue_type: str = "Task"
    timeout: float = TIMEOUT_SECONDS

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
        try:
            timeout = float(_env("TIMEOUT") or TIMEOUT_SECONDS)
        except ValueError as error:
            raise TrackerError("CLV_JIRA_TIMEOUT is not a number of seconds") from error
        return cls(
            url=_env("URL"),
            project=_env("PROJECT"),
            token=_env("TOKEN"),
            user=_env("USER"),
            issue_type=_env("ISSUE_TYPE") or "Task",
            timeout=timeout,
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
        login: dict[str, Any] = {"token_auth": self.token}
        if self.user:
            login = {"basic_auth": (self.user, self.token)}
        try:
            client = jira.JIRA(
                self.url, timeout=self.timeout, max_retries=0, logging=False, **login
            )
        except Exception as error:
            raise self._problem(error) from None
        return Connection(self, client)

    def _problem(self, error: Exception) -> TrackerError:
        """Say in one line what went wrong; nothing of the request, which holds the token."""
        import jira
        import requests

        if isinstance(error, requests.Timeout):
            return TrackerError(f"JIRA gave no answer within {self.timeout:g} seconds")
        if isinstance(error, requests.JSONDecodeError):  # a ConnectionError of requests' as well
            return TrackerError("JIRA's answer is not what it should be (not JSON)")
        if isinstance(error, requests.ConnectionError):
            return TrackerError(f"JIRA cannot be reached at {self.url}")
        if isinstance(error, jira.JIRAError) and error.status_code:
            status = int(error.status_code)
            if status in (401, 403):
                return TrackerError(
                    f"JIRA refused the credentials (HTTP {status}): check CLV_JIRA_TOKEN, "
                    "CLV_JIRA_USER and what they may do in the project"
                )
            said = " ".join((error.text or "").replace(self.token, "***").split())
            said = "" if said.startswith("<") else f": {said[:150]}"
            return TrackerError(
                f"JIRA answered HTTP {status}{said}", lasting=status >= 500 or status == 429
            )
        return TrackerError(f"JIRA's answer is not what it should be ({type(error).__name__})")


@dataclass(frozen=True)
class Connection:
    """A JIRA that has answered."""

    tracker: Tracker
    client: Any

    def find(self, labels: list[str]) -> str | None:
        """Return the key of the oldest ticket that has all the labels."""
        wanted = " AND ".join(f'labels = "{label}"' for label in labels)
        jql = f'project = "{self.tracker.project}" AND {wanted} ORDER BY created ASC'
        found = self._ask(
            lambda: self.client.search_issues(
                jql, maxResults=1, fields=["summary"], json_result=True
            )["issues"]
        )
        return self._ask(lambda: str(found[0]["key"])) if found else None

    def create(self, summary: str, text: str, labels: list[str]) -> str:
        """Create a ticket and return its key."""
        fields = {
            "project": {"key": self.tracker.project},
            "issuetype": {"name": self.tracker.issue_type},
            "summary": summary[:250],
            "description": text[:LONGEST_TEXT],
            "labels": labels,
        }
        return str(self._ask(lambda: self.client.create_issue(fields=fields, prefetch=False).key))

    def says(self, key: str, words: str) -> bool | None:
        """Say whether the words stand in the ticket or a comment of it; None: no such ticket."""
        import jira

        try:
            issue = self.client.issue(key, fields="description,comment")
            texts = [issue.fields.description or ""]
            texts += [comment.body for comment in self.client.comments(key)]
        except jira.JIRAError as error:
            if error.status_code == 404:
                return None
            raise self.tracker._problem(error) from None
        except Exception as error:
            raise self.tracker._problem(error) from None
        return any(words in text for text in texts)

    def comment(self, key: str, text: str) -> None:
        """Add a comment to a ticket."""
        self._ask(lambda: self.client.add_comment(key, text[:LONGEST_TEXT]))

    def _ask(self, request: Any) -> Any:
        try:
            return request()
        except Exception as error:
            raise self.tracker._problem(error) from None


def _env(name: str) -> str:
    return os.environ.get(f"CLV_JIRA_{name}", "").strip()
