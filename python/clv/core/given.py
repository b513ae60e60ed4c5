"""Text that a person gives and that is stored: one line, of a bounded length, of real characters."""

from __future__ import annotations

from pathlib import Path

from clv.errors import ClvError

LONGEST_TEXT = 2_000


def given_text(text: str, what: str, example: str) -> str:
    """Return the text with every run of blanks as one space.

    Parameters
    ----------
    what : str
        How the message calls it, such as `--reason`.
    example : str
        What to give in its place, a sentence.

    Raises
    ------
    ClvError
        When it is empty, longer than 2,000 characters, or holds what is no character.
    """
    words = " ".join(text.split())
    if not words:
        raise ClvError(f"{what} is empty. {example}")
    if len(words) > LONGEST_TEXT:
        raise ClvError(
            f"{what} has {len(words):,} characters, and {LONGEST_TEXT:,} are stored at most "
            f"(it begins with {words[:40]!r}). Say it shorter, and name a document for the rest."
        )
    wrong = next((c for c in words if not c.isprintable()), None)
    if wrong is not None:
        raise ClvError(f"{what} holds {wrong!a}, which is no printable character. {example}")
    return words


def given_path(text: str) -> Path:
    """Return the path that a person wrote, a leading ~ expanded.

    Raises
    ------
    ClvError
        When the ~ names a user that this machine does not know.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise ClvError(
            f"{text[:80]!r} names no folder here: {error}. Write the whole path."
        ) from error
