"""`clv ack`: who decided what about which alert."""

import csv
from concurrent.futures import ThreadPoolExecutor

import pytest

from clv.cli.exits import guarded
from clv.cli.main import cli
from clv.errors import ClvError
from clv.monitoring.decisions import decide, decisions, open_alerts
from clv.project.home import Home

BATCH = "19980623_pred3m"


@pytest.fixture
def home(tmp_path, monkeypatch) -> Home:
    monkeypatch.setenv("CLV_HOME", str(tmp_path))
    home = Home(tmp_path)
    home.outputs.mkdir()
    for batch in (BATCH, "19980707_pred3m"):
        (home.outputs / f"drift_alert_{batch}.md").write_text(f"# Alert of {batch}\n")
    return home


def clv(*arguments: str) -> int:
    return guarded(lambda: cli.main(list(arguments), prog_name="clv", standalone_mode=False))


def names(home: Home) -> list[str]:
    return [path.name for path in open_alerts(home)]


@pytest.mark.parametrize(
    "written", [BATCH, f"drift_alert_{BATCH}.md", f"outputs/drift_alert_{BATCH}.md"]
)
def test_a_decision_says_who_when_and_what_and_closes_the_alert(home, capsys, written):
    assert clv("ack", written, "--decision", " wait a\nmonth, then look ", "--by", "jane") == 0
    (row,) = decisions(home)
    assert (row["batch"], row["decided_by"]) == (BATCH, "jane")
    assert row["decision"] == "wait a month, then look"
    assert row["decided_at"].endswith("+00:00")
    assert names(home) == ["drift_alert_19980707_pred3m.md"]
    assert "wait a month" in capsys.readouterr().out
    assert clv("status") == 0
    shown = capsys.readouterr().out
    assert "open alerts: drift_alert_19980707_pred3m.md\n" in shown


def test_an_alert_that_says_something_else_is_open_again(home):
    decide(home, BATCH, "a campaign", by="jane")
    (home.outputs / f"drift_alert_{BATCH}.md").write_text("# Alert, worse than before\n")
    assert f"drift_alert_{BATCH}.md" in names(home)
    decide(home, BATCH, "tune", by="joe")
    assert f"drift_alert_{BATCH}.md" not in names(home)


def test_decisions_are_added_and_never_replaced(home):
    decide(home, BATCH, 'first, "quoted"', by="jane")
    before = (home.registry / "alert_decisions.csv").read_bytes()
    decide(home, BATCH, "second", by="joe")
    after = (home.registry / "alert_decisions.csv").read_bytes()
    assert after.startswith(before)
    assert [row["decision"] for row in decisions(home)] == ['first, "quoted"', "second"]


def test_without_a_name_the_user_of_the_system_decided(home, monkeypatch):
    monkeypatch.setenv("LOGNAME", "night-shift")
    assert decide(home, BATCH, "wait")["decided_by"] == "night-shift"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["19990101_pred3m", "--decision", "x"], "Batches with an alert: 19980623_pred3m, 1998"),
        ([BATCH, "--decision", "  "], "the decision is empty"),
    ],
)
def test_what_cannot_be_decided_is_refused(home, capsys, arguments, said):
    assert clv("ack", *arguments) == 1
    assert said in capsys.readouterr().err
    assert not home.registry.exists()


def test_without_a_decision_it_is_wrong_usage(home, capsys):
    assert clv("ack", BATCH) == 2
    assert "--decision" in capsys.readouterr().err


def test_a_ledger_that_somebody_edited_is_named(home):
    home.registry.mkdir()
    (home.registry / "alert_decisions.csv").write_text("who,what\n")
    with pytest.raises(ClvError, match="restore it from a backup"):
        open_alerts(home)


def test_people_who_decide_at_once_lose_nothing(home):
    with ThreadPoolExecutor(8) as people:
        list(people.map(lambda n: decide(home, BATCH, f"by {n}", by=str(n)), range(8)))
    assert sorted(row["decided_by"] for row in decisions(home)) == [str(n) for n in range(8)]


def test_a_decision_that_a_spreadsheet_would_run_is_text_and_comes_back(home, capsys):
    said = "=1+cmd|' /C calc'!A0"
    assert clv("ack", BATCH, "--decision", said, "--by", "@jane") == 0
    assert said in capsys.readouterr().out
    decide(home, BATCH, "'quoted'", by="joe")
    first, second = decisions(home)
    assert (first["decision"], first["decided_by"]) == (said, "@jane")
    assert second["decision"] == "'quoted'"
    with (home.registry / "alert_decisions.csv").open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
