"""Tickets: one per batch, whatever JIRA does, and none lost."""

import base64
import time

import fake_jira
import pytest
from fake_jira import FakeJira

from clv.cli.exits import guarded
from clv.cli.main import cli
from clv.monitoring.decisions import decide
from clv.monitoring.jira import Tracker
from clv.monitoring.tickets import deliver_after_run, outbox
from clv.project import events
from clv.project.home import Home
from clv.project.lock import exclusive

pytestmark = pytest.mark.slow

BATCH = "19980623_pred3m"
TOKEN = "s3cret-t0ken"


@pytest.fixture
def jira(monkeypatch):
    server = FakeJira()
    for name, value in {
        "URL": server.url, "PROJECT": "CLV", "TOKEN": TOKEN, "USER": "", "TIMEOUT": "0.5",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"CLV_JIRA_{name}", value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield server
    server.close()


@pytest.fixture
def home(tmp_path, monkeypatch) -> Home:
    monkeypatch.setenv("CLV_HOME", str(tmp_path / "home"))
    events.start()
    home = Home(tmp_path / "home")
    home.ensure()
    home.outputs.mkdir()
    raise_alert(home)
    return home


def raise_alert(home: Home, text: str = "RMSE rose by 30 %", batch: str = BATCH) -> None:
    (home.outputs / f"drift_alert_{batch}.md").write_text(f"# Drift alert of {batch}\n\n{text}\n")


def clv(*arguments: str) -> int:
    return guarded(lambda: cli.main(list(arguments), prog_name="clv", standalone_mode=False))


def test_a_ticket_holds_the_report_and_is_found_by_its_labels(home, jira):
    deliver_after_run(home)
    (ticket,) = jira.issues.values()
    assert ticket["summary"] == f"Drift alert of {BATCH}"
    assert "RMSE rose by 30 %" in ticket["description"]
    assert ticket["labels"][0] == "clv-drift-19980623-pred3m"
    assert ticket["labels"][1].startswith("clv-shop-")
    assert ticket["project"] == {"key": "CLV"}
    assert jira.authorization == {f"Bearer {TOKEN}"}


def test_a_user_makes_it_basic_authentication(home, jira, monkeypatch):
    monkeypatch.setenv("CLV_JIRA_USER", "jane@example.com")
    deliver_after_run(home)
    assert [value.split()[0] for value in jira.authorization] == ["Basic"]


def test_100_repeated_runs_leave_one_ticket_and_ask_jira_once(home, jira):
    deliver_after_run(home)
    asked = len(jira.requests)
    for _ in range(99):
        deliver_after_run(home)
    assert len(jira.issues) == 1
    assert jira.texts("CLV-1")[1:] == []
    assert len(jira.requests) == asked


def test_100_repeated_runs_that_forgot_the_ticket_find_it_by_its_labels(home, jira):
    for _ in range(100):
        deliver_after_run(home)
        (home.registry / "tickets" / f"{BATCH}.json").unlink()
    assert len(jira.issues) == 1
    assert jira.texts("CLV-1")[1:] == []


def test_a_report_that_changed_is_one_comment_and_no_second_ticket(home, jira):
    deliver_after_run(home)
    raise_alert(home, "RMSE rose by 40 %")
    for _ in range(3):
        deliver_after_run(home)
    assert len(jira.issues) == 1
    first, comment = jira.texts("CLV-1")
    assert "30 %" in first and "40 %" in comment


def test_an_alert_that_was_withdrawn_is_said_so_once(home, jira):
    deliver_after_run(home)
    (home.outputs / f"drift_alert_{BATCH}.md").unlink()
    for _ in range(3):
        deliver_after_run(home)
    assert len(jira.texts("CLV-1")) == 2
    assert "withdrawn" in jira.texts("CLV-1")[1]


def test_a_ticket_that_somebody_deleted_is_made_again_when_the_report_changes(home, jira):
    deliver_after_run(home)
    jira.issues.clear()
    raise_alert(home, "RMSE rose by 40 %")
    deliver_after_run(home)
    assert "40 %" in jira.texts("CLV-1")[0]


def test_an_alert_that_was_decided_about_needs_no_ticket(home, jira):
    decide(home, BATCH, "a known campaign", by="jane")
    deliver_after_run(home)
    assert not jira.issues and not jira.requests


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        (fake_jira.SERVER_ERROR, "JIRA answered HTTP 500"),
        (fake_jira.UNAUTHORIZED, "refused the credentials (HTTP 401): check CLV_JIRA_TOKEN"),
        (fake_jira.TIMEOUT, "no answer within 0.5 seconds"),
        (fake_jira.MALFORMED, "not what it should be"),
        (fake_jira.REFUSED, "labels cannot be set"),
    ],
)
def test_each_fault_is_one_line_and_the_ticket_comes_later(home, jira, capfd, mode, said):
    jira.mode = mode
    deliver_after_run(home)
    err = capfd.readouterr().err
    assert err.count("\n") == 1, err
    assert said in err and "1 waiting in" in err
    assert TOKEN not in err
    assert [ticket.batch for ticket in outbox(home)] == [BATCH]
    jira.mode = fake_jira.OK
    deliver_after_run(home)
    assert len(jira.issues) == 1
    assert not outbox(home)


def test_nobody_listening_is_one_line_too(home, jira, capfd):
    jira.close()
    deliver_after_run(home)
    err = capfd.readouterr().err
    assert err.count("\n") == 1 and "cannot be reached" in err


def test_a_jira_that_breaks_after_it_took_the_ticket_gets_no_second_one(home, jira):
    jira.dies_after_creating = True
    deliver_after_run(home)
    assert len(jira.issues) == 1 and outbox(home)
    raise_alert(home, "RMSE rose by 40 %")
    deliver_after_run(home)
    jira.dies_after_creating = False
    deliver_after_run(home)
    assert len(jira.issues) == 1
    assert len(jira.texts("CLV-1")) == 2
    assert not outbox(home)


def test_one_refused_ticket_does_not_hold_up_the_others(home, jira, capfd):
    raise_alert(home, batch="19980707_pred3m")
    jira.mode = fake_jira.REFUSED
    deliver_after_run(home)
    err = capfd.readouterr().err
    assert f"{BATCH}: " in err and "19980707_pred3m: " in err and err.count("\n") == 1


@pytest.mark.parametrize("missing", ["PROJECT", "TOKEN"])
def test_a_missing_setting_is_named_and_the_ticket_waits(home, jira, capfd, monkeypatch, missing):
    monkeypatch.delenv(f"CLV_JIRA_{missing}")
    deliver_after_run(home)
    assert f"CLV_JIRA_{missing} not set" in capfd.readouterr().err
    assert outbox(home)


def test_without_jira_nothing_is_written_and_the_dry_run_shows_what_would_be_sent(
    home, capfd, monkeypatch
):
    monkeypatch.delenv("CLV_JIRA_URL", raising=False)
    deliver_after_run(home)
    assert clv("tickets", "--dry-run") == 0
    shown = capfd.readouterr()
    assert "clv-drift-19980623-pred3m" in shown.out and "RMSE rose by 30 %" in shown.out
    assert "1 ticket would be sent" in shown.err
    assert not (home.outputs / "outbox").exists() and not home.registry.exists()
    assert clv("tickets") == 1
    assert "CLV_JIRA_URL is not set" in capfd.readouterr().err


def test_the_command_delivers_what_waits_and_fails_where_it_cannot(home, jira, capfd):
    jira.mode = fake_jira.SERVER_ERROR
    assert clv("tickets") == 1
    assert "HTTP 500" in capfd.readouterr().err
    jira.mode = fake_jira.OK
    assert clv("tickets") == 0
    assert "ticket CLV-1: created for batch" in capfd.readouterr().out
    assert clv("tickets") == 0
    assert "no ticket waits" in capfd.readouterr().err


def test_the_outbox_is_written_before_jira_is_asked(home, jira, monkeypatch):
    seen = []
    monkeypatch.setattr(Tracker, "connect", lambda _: seen.extend(outbox(home)) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        deliver_after_run(home)
    assert [ticket.batch for ticket in seen] == [BATCH]


@pytest.mark.parametrize(
    "content",
    [b'{"a": 1}', b"", b"\x00\xff", b"[" * 50_000, None,
     b'{"batch": "../../x", "report": "r", "summary": "s", "labels": [], "text": "t"}'],
    ids=["other keys", "empty", "binary", "deep", "a folder", "another batch"],
)  # fmt: skip
def test_a_file_in_the_outbox_that_is_no_ticket_is_named_and_holds_up_nothing(
    home, jira, capfd, content
):
    bad = home.outputs / "outbox" / "x.json"
    bad.parent.mkdir()
    if content is None:
        bad.mkdir()
    else:
        bad.write_bytes(content)
    deliver_after_run(home)
    assert str(bad) in capfd.readouterr().err
    assert len(jira.issues) == 1 and not outbox(home)
    raise_alert(home, "RMSE rose by 40 %")
    assert clv("tickets") == 1
    assert str(bad) in capfd.readouterr().err and bad.exists()
    assert "40 %" in jira.texts("CLV-1")[-1] and not outbox(home)


def test_a_broken_ticket_whose_alert_stands_is_written_anew(home, jira, capfd):
    (home.outputs / "outbox").mkdir()
    (home.outputs / "outbox" / f"{BATCH}.json").write_text("{")
    deliver_after_run(home)
    assert len(jira.issues) == 1 and f"{BATCH}.json" not in capfd.readouterr().err


def test_a_jira_that_drips_bytes_is_given_up_at_the_deadline(home, jira, capfd, monkeypatch):
    monkeypatch.setenv("CLV_JIRA_DEADLINE", "0.8")
    jira.mode = fake_jira.DRIP
    started = time.monotonic()
    deliver_after_run(home)
    assert time.monotonic() - started < 3
    err = capfd.readouterr().err
    assert "not done within 0.8 seconds (CLV_JIRA_DEADLINE)" in err and "1 waiting" in err
    with exclusive(home):
        assert [ticket.batch for ticket in outbox(home)] == [BATCH]


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "soon", "1e9"])
@pytest.mark.parametrize("name", ["TIMEOUT", "DEADLINE"])
def test_seconds_that_are_none_are_named(home, jira, capfd, monkeypatch, name, seconds):
    monkeypatch.setenv(f"CLV_JIRA_{name}", seconds)
    deliver_after_run(home)
    assert f"CLV_JIRA_{name} is not a number of seconds" in capfd.readouterr().err
    assert outbox(home) and not jira.requests


def test_what_jira_repeats_is_shown_without_secrets_and_on_one_line(home, jira, capfd, monkeypatch):
    basic = base64.b64encode(f"jane:{TOKEN}".encode()).decode()
    monkeypatch.setenv("CLV_JIRA_USER", "jane")
    monkeypatch.setenv("CLV_JIRA_URL", jira.url.replace("://", f"://u:{TOKEN}@"))
    jira.mode = fake_jira.ECHO
    assert clv("tickets") == 1
    jira.close()
    assert clv("tickets") == 1
    shown = capfd.readouterr()
    assert "\\x1b[31mno" in shown.err and "\x1b" not in shown.err
    assert not [line for line in shown.err.splitlines() if line.startswith("clv: all is well")]
    written = b"".join(path.read_bytes() for path in home.root.rglob("*") if path.is_file())
    for secret in (TOKEN, basic):
        assert secret not in shown.err + shown.out and secret.encode() not in written
        assert secret not in repr(Tracker.of_environment())


def test_a_report_too_long_for_jira_keeps_the_words_that_it_is_found_by(home, jira):
    raise_alert(home, "x" * 40_000 + "{noformat}")
    deliver_after_run(home)
    (text,) = jira.texts("CLV-1")
    assert len(text) <= 32_000 and "\n{noformat}\nclv report " in text


def test_the_token_is_shown_nowhere(home, jira, capfd):
    jira.mode = fake_jira.UNAUTHORIZED
    clv("--log-format", "json", "tickets")
    assert TOKEN not in capfd.readouterr().err
    assert TOKEN not in repr(Tracker.of_environment())
    written = [path for path in home.root.rglob("*") if path.is_file()]
    assert written and not [p for p in written if TOKEN.encode() in p.read_bytes()]
