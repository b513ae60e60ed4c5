"""The log: text for a person, JSON lines for a machine, and the file that keeps them."""

import json

import click
import pytest

from clv.cli.exits import guarded
from clv.cli.main import cli
from clv.errors import ClvError
from clv.project import events
from clv.project.events import say


def lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    monkeypatch.delenv("CLV_LOG_FORMAT", raising=False)


def test_a_person_gets_the_message_and_nothing_else(capsys):
    record = events.start()
    record.event("marts_published", rows={"clv_predictions": 3})
    say("the next cutoff is 2021-12-31")
    with record.step("log_read"):
        pass
    assert capsys.readouterr() == ("", "the next cutoff is 2021-12-31\n")


def test_quiet_leaves_warnings_and_errors_and_the_file_gets_all(capsys, tmp_path):
    record = events.start()
    record.quiet = True
    record.keep_in(tmp_path / "clv.log")
    say("the next cutoff is 2021-12-31")
    say("warning: look at this")
    record.event("failed", "clv: it failed", level="error")
    assert capsys.readouterr() == ("", "warning: look at this\nclv: it failed\n")
    assert len((tmp_path / "clv.log").read_text().splitlines()) == 3


def test_a_machine_gets_every_line_with_the_run_and_the_time(capsys, monkeypatch):
    monkeypatch.setenv("CLV_LOG_FORMAT", "json")
    record = events.start()
    with record.step("log_read") as done:
        done["rows"] = 7
    say("größer")
    read, note = lines(capsys.readouterr().err)
    assert read["event"] == "log_read" and read["rows"] == 7 and read["ok"] is True
    assert read["seconds"] >= 0
    assert note["message"] == "größer" and note["level"] == "info"
    assert read["run_id"] == note["run_id"] and read["at"] <= note["at"]


def test_a_step_that_fails_says_so_and_how_long_it_took(capsys, monkeypatch):
    monkeypatch.setenv("CLV_LOG_FORMAT", "json")
    with pytest.raises(ClvError), events.start().step("log_read"):
        raise ClvError("no")
    (read,) = lines(capsys.readouterr().err)
    assert read["ok"] is False


def test_the_file_gets_lines_from_before_it_was_known(tmp_path, capsys):
    record = events.start()
    say("first")
    record.keep_in(tmp_path / "logs" / "clv.log")
    say("second")
    events.start().keep_in(tmp_path / "logs" / "clv.log")
    say("third")
    kept = lines((tmp_path / "logs" / "clv.log").read_text("utf-8"))
    assert [line["message"] for line in kept] == ["first", "second", "third"]
    assert kept[0]["run_id"] == kept[1]["run_id"] != kept[2]["run_id"]


def test_a_file_that_grew_large_is_set_aside_and_three_are_kept(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(events, "LARGEST_BYTES", 10)
    for number in range(6):
        events.start().keep_in(tmp_path / "clv.log")
        say(f"run {number} is longer than ten bytes")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [
        "clv.log",
        "clv.log.1",
        "clv.log.2",
        "clv.log.3",
    ]
    assert "run 2" in (tmp_path / "clv.log.3").read_text("utf-8")


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    events.start().keep_in(tmp_path / "file" / "clv.log")
    say("still here")
    assert capsys.readouterr().err == "still here\n"


def test_a_command_is_logged_from_its_start_to_its_exit_code(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CLV_HOME", str(tmp_path))
    monkeypatch.setenv("CLV_TRANSACTIONS", "shop.orders")
    arguments = ["--log-format", "json", "run"]
    assert guarded(lambda: cli.main(arguments, prog_name="clv", standalone_mode=False)) == 1
    err = lines(capsys.readouterr().err)
    assert [line["event"] for line in err] == ["command_started", "failed", "command_ended"]
    assert err[0]["command"] == "run"
    assert "no champion yet" in err[1]["message"]
    assert err[2]["exit_code"] == 1 and err[2]["seconds"] >= 0
    assert lines((tmp_path / "logs" / "clv.log").read_text("utf-8")) == err


def test_wrong_usage_is_a_line_as_well(monkeypatch, capsys):
    arguments = ["--log-format", "json", "run", "--nothing"]
    assert guarded(lambda: cli.main(arguments, prog_name="clv", standalone_mode=False)) == 2
    refused = [line for line in lines(capsys.readouterr().err) if line["event"] == "refused"]
    assert "--nothing" in refused[0]["message"]


def test_a_defect_is_loud_one_message_and_keeps_its_traceback(tmp_path, capsys):
    def broken():
        events.current().keep_in(tmp_path / "clv.log")
        raise KeyError("status")

    assert guarded(broken) == 1
    err = capsys.readouterr().err
    assert err.count("clv:") == 1 and "KeyError: 'status'" in err and "Traceback" not in err
    crashed, _ = lines((tmp_path / "clv.log").read_text("utf-8"))
    assert "in broken" in crashed["traceback"]


def test_a_person_who_stops_a_command_is_told_where_it_stands(capsys):
    def stopped():
        raise click.Abort

    assert guarded(stopped) == 1
    assert "nothing is half-written" in capsys.readouterr().err
