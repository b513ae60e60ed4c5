"""The log contract: what ends a run until it is accepted, what is noted, and what is no change."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import pytest
from log_world import IDS, START, days, noted, refused, verdict

from clv.project import log_acceptance
from clv.project.home import Home
from clv.project.log_contract import path_of, read_contract, shape, write_contract
from clv.project.log_fingerprints import fingerprints, twins
from clv.project.log_seen import SEEN
from clv.registry.verify import verify

OTHERS = [[f"{n + 900:012x}", str(n)] for n in range(1, 41)]


@pytest.fixture
def home(tmp_path) -> Path:
    """Return a home whose contract is the sound log of 60 days."""
    noted(tmp_path, "kept")
    log_acceptance.kept(str(tmp_path))
    assert not path_of(tmp_path).exists()  # no model was trained on the log yet
    path_of(tmp_path).parent.mkdir()
    log_acceptance.kept(str(tmp_path))
    return tmp_path


def changed_days(*numbers: int, rows: int = 1, money: float = 0.0) -> list[list[str]]:
    found = days()
    for number in numbers:
        day, had, customers, had_money = found[number]
        found[number] = [day, str(int(had) + rows), customers, f"{float(had_money) + money:.4f}"]
    return found


DOUBLED = [[d, str(2 * int(r)), c, str(2 * float(m))] for d, r, c, m in days()]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (
            {"days": DOUBLED},
            [
                "rows and money of 59 days are exactly 2 times what they were",
                "2020-01-01 (rows 10 -> 20, customers 9 -> 9, money 100.50 -> 201.00), 2020-01-02",
                "2020-01-03",
                "delivered again?",
                "--accept-log",
                "accept_log: true",
            ],
        ),
        ({"days": [*DOUBLED[:3], *days()[3:]]}, ["of 3 days are exactly 2 times"]),
        (
            {"days": days(40)},
            ["it ends on 2020-02-09, and ended on 2020-02-29", "its history changed by 38.5%"],
        ),
        ({"days": days(59)}, ["it ends on 2020-02-28, and ended on 2020-02-29"]),
        ({"days": days()[20:]}, ["(on 20 days), first 2020-01-01 (rows 10 -> 0"]),
        (
            {"days": changed_days(*range(10, 40), rows=2)},
            ["its history changed by 10.0% (on 30 days)"],
        ),
        (
            {"days": changed_days(5, rows=0, money=900)},
            ["2020-01-06 (rows 10 -> 10, customers 9 -> 9, money 105.50"],
        ),
        ({"days": days(60, dt.date(2020, 3, 1))}, ["its history changed by 100.0%"]),
        (
            {"ids": OTHERS, "ids_of_before": OTHERS},
            [
                "40 of 40 sampled customers are not in it any more",
                "looked like 0099, 0009 and now like 99, 9",
            ],
        ),
        ({"columns": {"id": "VARCHAR"}}, ["the column 'amount' is gone"]),
        (
            {"columns": {"id": "BIGINT", "amount": "VARCHAR", "new": "DATE"}},
            ["the column 'id' is of type BIGINT, and was of VARCHAR"],
        ),
        (
            {"days": days(40), "location": "other.csv"},
            ["read from 'other.csv', and was from 'orders.csv'"],
        ),
        (
            {"days": changed_days(5), "max_changed_share": 0.0},
            ["its history changed by 0.2% (on 1 day)"],
        ),
        (
            {"days": days(60, START, 30), "latest_date": "2020-02-15"},
            ["its history changed by 217.4%"],
        ),
    ],
)
def test_a_log_that_is_not_what_it_was_ends_the_run_until_it_is_accepted(home, changed, words):
    before = path_of(home).read_bytes()
    refused(home, "at the last accepted run", *words, **changed)
    assert SEEN.contract is None and log_acceptance.kept(str(home)) == ""
    assert path_of(home).read_bytes() == before
    noted(home, "accepted as the log: ", **changed, accept_log=True)
    log_acceptance.kept(str(home))
    contract = read_contract(home)
    assert contract is not None and len(contract.acknowledged) == 1
    assert words[0] in "; ".join(contract.acknowledged[0].changes)
    assert len(verdict(home, **changed)["notes"]) == 1  # what was accepted is what the log was


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, []),
        ({"days": days(90)}, []),
        ({"days": [*days(59), ["2020-02-29", "25", "20", "900.0"]]}, []),  # the last day goes on
        ({"days": changed_days(5, 9, money=3)},
         ["history has changed since", "(on 2 days), first 2020-01-06 (rows 10 -> 11"]),
        ({"data_through": "2020-01-31"}, []),  # an older day is no other log
        ({"data_through": "2020-03-10"}, []),
        # nor is a part of it
        ({"days": days(40), "latest_date": "2020-02-09", "ids_of_before": IDS[:3]}, []),
        ({"days": days()[10:], "earliest_date": "2020-01-11"}, []),
        ({"location": "moved.csv"}, []),
        ({"ids_of_before": IDS[1:]}, []),  # one customer was deleted
        ({"columns": {"id": "VARCHAR", "amount": "VARCHAR", "new": "DATE"}}, []),
    ],
)  # fmt: skip
def test_a_log_that_goes_on_or_is_corrected_a_little_is_noted_at_most(home, changed, words):
    answer = verdict(home, **changed)
    assert "notes" in answer, answer
    assert len(answer["notes"]) == 1 + bool(words)
    for word in words:
        assert word in answer["notes"][1]


def test_days_out_of_sight_stay_in_the_contract(home):
    before = read_contract(home)
    noted(home, "kept", days=days(30)[10:], latest_date="2020-01-30", earliest_date="2020-01-11")
    log_acceptance.kept(str(home))
    after = read_contract(home)
    assert before is not None and after is not None and after.days == before.days


def test_a_command_of_clv_writes_the_contract_itself(tmp_path):
    noted(tmp_path, "kept")
    SEEN.kept_by_clv = True
    try:
        assert log_acceptance.kept(str(tmp_path)) == "" and not path_of(tmp_path).exists()
    finally:
        SEEN.kept_by_clv = False
    assert SEEN.contract is not None
    write_contract(tmp_path, SEEN.contract)
    kept = read_contract(tmp_path)
    assert kept is not None and kept.sha256 == SEEN.contract.content_sha256
    assert replace(kept, sha256="") == SEEN.contract
    assert json.loads(log_acceptance.sampled(json.dumps({"home": str(tmp_path), "days": days(9)}))) == {
        "now": ["2020-01-01", "2020-01-09"], "before": ["2020-01-01", "2020-02-29"], "below": IDS[-1][0],
    }  # fmt: skip


@pytest.mark.parametrize("content", ["", "{", "[]", '{"days": 1}', "\x00", "{}"])
def test_a_spoilt_contract_is_one_message(home, content):
    path_of(home).write_text(content)
    refused(home, "the log contract", str(path_of(home)), "Restore it from a backup, or delete it")


@pytest.mark.parametrize(
    ("old", "new"),
    [('"rows":10', '"rows":11'), ('"2020-01-05"', '"2020-01-06"'), ('"id":"VARCHAR"', '"id":"BIGINT"'),
     ('"acknowledged":[]', '"acknowledged":[{"at":"x","changes":[]}]')],
)  # fmt: skip
def test_a_contract_that_somebody_edited_ends_a_run_and_clv_verify_names_it(home, old, new):
    path = path_of(home)
    assert verify(Home(home)).findings == []
    written = path.read_text()
    assert old in written
    path.write_text(written.replace(old, new, 1))
    refused(home, str(path), "its SHA-256 is not the one that it holds")
    (finding,) = verify(Home(home)).findings
    assert str(path) in str(finding) and "SHA-256" in str(finding) and "delete it" in str(finding)
    path.write_text("{")
    (finding,) = verify(Home(home)).findings
    assert str(path) in str(finding)
    path.write_text(written)
    assert verify(Home(home)).findings == []


def test_the_same_file_twice_ends_the_run_unless_lines_have_ids(tmp_path):
    header = "customer_id,ordered_at,amount\n"
    for name, text in (("a", "1,2020-01-01,5\n"), ("b", "1,2020-01-01,5\n"), ("c", "2,2020-01-01,5\n"),
                       ("d", ""), ("e", "")):  # fmt: skip
        (tmp_path / f"{name}.csv").write_text(header + text)
    files = tuple(str(tmp_path / f"{name}.csv") for name in "abcde")
    assert twins(files) == [("a.csv", "b.csv")]
    refused(
        tmp_path,
        "1 of its 5 files are there twice",
        "'a.csv' and 'b.csv'",
        "--accept-log",
        files=files,
    )
    noted(tmp_path, "line_id leaves their rows out", files=files, has_lines=True)
    noted(tmp_path, "accepted as the log", files=files, accept_log=True)


def test_a_file_is_read_again_only_where_its_size_or_time_has_changed(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_text("one")
    (first,) = fingerprints([str(path)], [])
    monkeypatch.setattr("clv.project.log_fingerprints.sha256_of", lambda *_: "read")
    assert fingerprints([str(path)], [first]) == [first]
    path.write_text("other")
    assert fingerprints([str(path)], [first])[0].sha256 == "read"


def test_a_champion_without_a_contract_knows_its_log_by_its_card(tmp_path):
    registry = tmp_path / "registry"
    (registry / "cards").mkdir(parents=True)
    name = "clv_20200131_h1_p1_20200301T000000Z"
    (registry / "clv_model_latest.metrics.json").write_text(json.dumps({"model_id": name}))
    data = {"through": "2020-01-31", "customer_days": 31 * 9, "net_amount": "3580.5000",
            "first_day": "2020-01-01"}  # fmt: skip
    card = registry / "cards" / f"{name}.json"
    card.write_text(json.dumps({"data": data}))
    noted(tmp_path, "kept", days=days(70))
    refused(tmp_path, "not the log that the champion was trained on", "customer days 279 -> 0",
            days=days(70, dt.date(2021, 1, 1)))  # fmt: skip
    card.write_text("{")  # other checks say what is wrong with it
    noted(tmp_path, "kept", days=days(70, dt.date(2021, 1, 1)))


@pytest.mark.parametrize(
    ("customer_id", "looks"),
    [("0042", "0099"), ("42", "99"), ("0", "0"), ("ann@shop.org", "xxx@xxxx.xxx"), ("Ü-7", "x-9"), ("", "")],
)  # fmt: skip
def test_ids_are_remembered_by_what_they_look_like(customer_id, looks):
    assert shape(customer_id) == looks
