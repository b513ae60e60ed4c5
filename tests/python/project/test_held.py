"""A batch that nothing in the past explains is held: nothing of it is published until a person accepts it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from shop import Shop, same

HELD, GOOD = "1998-06-30", "1998-01-31"


def hundredfold(log: Path, to: Path) -> Path:
    """Write the log as a shop would whose till gives cents from May on."""
    frame = pd.read_csv(log, dtype=str)
    amounts = frame["amount"].astype(float)
    frame["amount"] = amounts.where(frame["ordered_at"] < "19980501", amounts * 100)
    frame.to_csv(to, index=False)
    return to


def test_a_held_batch_leaves_nothing_behind_and_is_published_when_it_is_accepted(
    fresh: Callable[[str], Shop], tmp_path: Path
) -> None:
    shop = fresh("short")
    assert isinstance(shop.log, Path)
    shop.log = hundredfold(shop.log, tmp_path / "log.csv")
    refused = shop.score(f"{{cutoff: {HELD}}}")
    assert refused.code == 1
    assert f"{HELD} for 3 months: it says" in " ".join(refused.out.split())
    tables = set(shop.query("select table_name from information_schema.tables")["table_name"])
    assert not tables & {"clv_predictions", "clv_features", "clv_clusters", "customer_segments"}

    accepted = shop.clv("run", "--cutoff", HELD, "--accept")
    assert accepted.code == 0, accepted.err
    assert "was held, and is published since it was accepted" in accepted.err
    said = shop.query("select held_because from clv_batch_totals")["held_because"]
    assert said.str.contains("the limits of the total are").tolist() == [True]


@pytest.mark.exhaustive  # the test above stands for it
def test_readers_keep_the_last_good_batch_until_a_held_one_is_accepted(
    fresh: Callable[[str], Shop], tmp_path: Path
) -> None:
    shop = fresh("held")
    assert shop.clv("run", "--cutoff", GOOD).code == 0
    before, files = shop.tables(), shop.files()
    assert isinstance(shop.log, Path)
    shop.log = hundredfold(shop.log, tmp_path / "log.csv")

    refused = shop.clv("run", "--cutoff", HELD)
    assert refused.code == 1
    for part in (
        f"{HELD} for 3 months: it says",
        "the limits of the total are",
        f"--accept {HELD}",
    ):
        assert part in refused.err
    assert "Traceback" not in refused.err
    plain = shop.score(f"{{cutoff: {HELD}}}")
    assert plain.code == 1 and f"{HELD} for 3 months: it says" in " ".join(plain.out.split())
    # whoever reads the tables or the files has the last good batch, whole
    same(before, shop.tables())
    assert shop.files() == files

    accepted = shop.clv("run", "--cutoff", HELD, "--accept")
    assert accepted.code == 0, accepted.err
    assert "was held, and is published since it was accepted" in accepted.err
    segments = shop.query("select distinct cutoff from customer_segments")
    assert segments["cutoff"].astype(str).tolist() == [HELD]
    said = shop.query("select cutoff, held_because from clv_batch_totals order by cutoff")
    assert said["held_because"].notna().tolist() == [False, True]
    lines = (shop.home / "logs" / "clv.log").read_text("utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    assert [e["batch"] for e in events if e["event"] == "batch_accepted"] == ["19980630_pred3m"]

    # an accepted batch stays accepted: scoring it again, here by plain dbt, leaves it as it is
    published = shop.tables()
    assert shop.score(f"{{cutoff: {HELD}}}").code == 0
    same(published, shop.tables())
