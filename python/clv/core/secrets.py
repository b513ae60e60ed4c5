"""Secrets in addresses, taken out before anything is printed or written down."""

from __future__ import annotations

import re

# What stands in place of a secret. It names no length and no first letters.
HIDDEN = "***"
# Words that say that a parameter of an address, or a `key=value`, is a secret or a signature.
_SECRET_WORDS = (
    r"sig(?:nature)?|se?cret|token|password|passwd|pwd|api[-_]?key|access[-_]?key|account[-_]?key"
    r"|credential|auth(?:orization)?|session|sas|private[-_]?key"
)
_USERINFO = re.compile(r"(?<=://)[^/@\s?#'\"]*(?:/[^/@\s?#'\"]*)?@(?=[^\s])")
_PARAMETER = re.compile(rf"(?i)(?<![\w%-])([\w%.-]*(?:{_SECRET_WORDS})[\w%.-]*=)[^&\s;'\"#,)}}]+")
_HEADER = re.compile(r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]{8,}")


def redact(text: str) -> str:
    """Return `text` without the secrets that addresses carry.

    Left out are user and password before the host (`https://user:password@host`), signatures, tokens
    and keys among the parameters (`?sig=…`, `X-Amz-Signature=…`, `password=…`), and what follows
    `Bearer` or `Basic`. Everything else stays, so that a person still sees which address it was.

    Examples
    --------
    >>> redact("s3://key:secret@bucket/orders.csv?X-Amz-Signature=ab12&part=1")
    's3://***@bucket/orders.csv?X-Amz-Signature=***&part=1'
    """
    text = _USERINFO.sub(f"{HIDDEN}@", text)
    text = _PARAMETER.sub(rf"\1{HIDDEN}", text)
    return _HEADER.sub(rf"\1 {HIDDEN}", text)
