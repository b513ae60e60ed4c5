"""Secrets, and texts without them: what is printed, logged or stored goes through here.

A log's address may hold a password (`s3://user:password@…`) or a signature (`?X-Amz-Signature=…`),
and whoever fails to open it tends to quote it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import Any, NoReturn
from urllib.parse import quote, quote_plus, unquote

HIDDEN = "***"

# What stands before the @ of an address: a user, a password, or a token in the place of either. A
# password may hold what an address would encode.
_USERINFO = re.compile(r"(?<=://)(?:[^/?#:\s'\"`<>]*:[^\s'\"`<>]*|[^/?#:\s'\"`<>]*)(?=@)")
_NAME = (
    r"(?:[\w.-]{0,64}(?:signature|token|passw(?:or)?d|passphrase|secret|credential|session|"
    r"authorization|(?:api|access|account|private)[_-]?key)[\w.-]{0,64}|"
    r"(?:[\w.-]{0,64}[_.-])?(?:pwd|sig|sas|auth))"
)
_SCHEME = r"(?:(?:basic|bearer)\s+)?"
_VALUE = r"""(?P<value>"[^"]*"|'[^']*'|[^\s&;,'"`)\]}]+)"""
# As in an address or a connection string (name=value), and as a key of YAML or JSON (name: value).
_NAMED = (
    re.compile(rf"""(?i)(?P<head>(?<![\w.-]){_NAME}["']?\s*(?:=|%3D)\s*{_SCHEME}){_VALUE}"""),
    re.compile(rf"""(?im)(?P<head>(?:^|(?<=[{{,]))\s*["']?{_NAME}["']?\s*:\s*{_SCHEME}){_VALUE}"""),
    re.compile(r"(?i)(?P<head>\b(?:basic|bearer)\s+)(?P<value>(?=\S*[\d=+/])[\w+/=.~-]{6,})"),
)
_KEY = re.compile(rf"(?i){_NAME}")
SHORTEST = 4


class Secret:
    """A text that no message, log or file gets by accident; `reveal` hands it over."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the text itself, for the one place that needs it."""
        return self._value

    def __str__(self) -> str:
        return HIDDEN if self._value else ""

    def __repr__(self) -> str:
        return f"Secret('{self}')"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not stored")


def redact(text: str) -> str:
    """Return a text without passwords, tokens and signatures: `***` stands in their place.

    What stands before the @ of an address goes whole. Of `name=value` the value goes where the name
    speaks of a secret, such as `X-Amz-Signature`, `sig`, `token`, `access_key` or `password`.
    What is no secret stays, so that a person still sees which address it was.

    Examples
    --------
    >>> redact("s3://key:secret@bucket/orders.csv?X-Amz-Signature=ab12&part=1")
    's3://***@bucket/orders.csv?X-Amz-Signature=***&part=1'
    """
    text = _USERINFO.sub(HIDDEN, text)
    for pattern in _NAMED:
        text = pattern.sub(_without_value, text)
    return text


def redact_values(value: Any) -> Any:
    """Return plain data (mappings, lists, scalars) without secrets, those under telling keys too."""
    if isinstance(value, dict):
        return {
            key: HIDDEN
            if isinstance(inner, str) and inner and _KEY.fullmatch(str(key))
            else redact_values(inner)
            for key, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [redact_values(inner) for inner in value]
    return redact(value) if isinstance(value, str) else value


def secret_parts(text: str) -> list[str]:
    """Return what `redact` would take out of a text, longest first."""
    parts = {found.group() for found in _USERINFO.finditer(text)}
    parts |= {part for info in set(parts) for part in info.split(":")[1:]}
    for pattern in _NAMED:
        parts |= {found["value"].strip("'\"") for found in pattern.finditer(text)}
    return sorted({part for part in parts if part and part != HIDDEN}, key=len, reverse=True)


def hide(text: str, secrets: Iterable[Secret]) -> str:
    """Return a text without the given secrets, in whatever form a server may repeat them.

    That is as they are, percent-encoded, or in base64. A secret of fewer than four characters is
    no secret, and would take words of the message along.
    """
    forms: set[str] = set()
    for secret in secrets:
        value = secret.reveal()
        if len(value) < SHORTEST:
            continue
        encoded = base64.b64encode(value.encode("utf-8", "surrogateescape")).decode()
        forms |= {value, quote(value, safe=""), quote_plus(value), unquote(value), encoded}
        forms |= {encoded.rstrip("=")}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    return redact(text)


def _without_value(found: re.Match[str]) -> str:
    quoted = found["value"][0] if found["value"][0] in "'\"" else ""
    return f"{found['head']}{quoted}{HIDDEN}{quoted}"
