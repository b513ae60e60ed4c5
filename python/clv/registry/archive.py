"""Moving cards and the oldest manifest rows to an archive, so that what remains can be verified."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from clv.errors import ClvError
from clv.project.files import replacing
from clv.project.stored import sha256_of
from clv.registry.manifest import CARD, Head
from clv.registry.manifest_row import write_rows
from clv.registry.store import Registry


def move(
    registry: Registry, row_numbers: Sequence[int], cards: Sequence[Path], archive: Path
) -> None:
    """Copy, check, and only then remove; the caller holds the home's lock.

    The head keeps number and hash of the last archived row, so that the first remaining row still
    has something to follow. The order is: archive, head, manifest, cards. A kill between two of
    them leaves a registry that verifies, and the same call again goes on.

    Raises
    ------
    ClvError
        When the manifest's chain is broken: then nothing may be moved.
    """
    registry.check_chain()
    registry.settle()
    rows, head = registry.rows(), Head.read(registry.head)
    cards = [card for card in cards if card.exists()]
    for card in cards:
        copy = archive / "cards" / card.name
        with replacing(copy) as temporary:
            shutil.copyfile(card, temporary)
        if sha256_of(copy, CARD) != sha256_of(card, CARD):
            raise ClvError(
                f"{copy} is not a true copy of {card}; nothing was removed. Check the disk."
            )
    old = [row for row in rows if row.manifest_row in set(row_numbers)]
    if old and head is not None:
        first, last = old[0].manifest_row, old[-1].manifest_row
        write_rows(archive / f"champion_manifest_rows_{first:05d}_{last:05d}.csv", old)
        replace(head, archived_row=last, archived_row_sha256=old[-1].sha256).write(registry.head)
        registry.write_rows([row for row in rows if row not in old])
    for card in cards:
        card.unlink()
