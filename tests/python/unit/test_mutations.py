"""Every file of a home, spoilt in every way that happens, under every command that reads it.

A command ends with 0, 1 or 3 and one message, soon, and leaves the spoilt file and its folder as
they were. Manifest, head, cards, model files and metrics have tests of their own.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from shop import Result, Shop

from clv.monitoring.decisions import decide
from clv.monitoring.tickets import queue
from clv.project.home import Home
from clv.registry.purge_log import Entry, append

pytestmark = pytest.mark.slow

BATCH = "19980623_pred3m"
LONGEST_SECONDS = 10

COMMANDS = {
    "status": ("status",),
    "show": ("show",),
    "verify": ("verify",),
    "ack": ("ack", BATCH, "--decision", "wait a month", "--by", "me"),
    "tickets": ("tickets",),
    "tickets --dry-run": ("tickets", "--dry-run"),
    "purge": ("purge",),
    "purge --dry-run": ("purge", "--dry-run"),
    "run": ("run",),
    "monitor": ("monitor",),
}
# Each file with the commands that read it; the first is the one that must name the file.
READERS = {
    "config/model_config.yaml": ("status", "run", "monitor", "purge", "purge --dry-run"),
    "registry/alert_decisions.csv": ("status", "ack", "tickets", "tickets --dry-run"),
    "registry/purge_log.csv": ("verify", "purge"),
    "registry/shop_id": ("tickets --dry-run", "tickets"),
    f"registry/tickets/{BATCH}.json": ("tickets --dry-run", "tickets"),
    f"outputs/outbox/{BATCH}.json": ("tickets --dry-run", "tickets"),
    f"outputs/drift_alert_{BATCH}.md": ("status", "ack", "tickets --dry-run", "tickets"),
    "clv.duckdb": ("status", "show", "verify", "purge --dry-run", "purge"),
    ".clv.lock.holder": ("purge",),
    ".clv.lock": ("purge",),
    "logs/clv.log": ("purge", "run"),
}
# What may be any text, or is written anew whatever it holds.
FREE = (".clv.lock", ".clv.lock.holder", "logs/clv.log", f"outputs/drift_alert_{BATCH}.md")
BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))


def replaced(content: bytes) -> Callable[[Path], None]:
    def mutate(path: Path) -> None:
        path.write_bytes(content)

    return mutate


def edited(edit: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def mutate(path: Path) -> None:
        path.write_bytes(edit(path.read_bytes()))

    return mutate


def instead(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def mutate(path: Path) -> None:
        path.unlink()
        make(path)

    return mutate


def bind(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket may have 108 bytes
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)


def keys_twice(content: bytes) -> bytes:
    if content.startswith(b"{"):
        return content.replace(b"{", b'{"report": "x", "report": "y", ', 1)
    first, _, rest = content.partition(b"\n")
    return first + b"," + first.partition(b",")[0] + b"\n" + rest


def wrong_types(content: bytes) -> bytes:
    if content.startswith(b"{"):
        return json.dumps({key: [1, {"a": None}] for key in json.loads(content)}).encode()
    return re.sub(rb": ?[0-9][^\n]*", b": [[x]]", content.replace(b",", b",\xc2\xb2"))


MUTATIONS = {
    "missing": lambda path: path.unlink(),
    "empty": replaced(b""),
    "a line end": replaced(b"\n"),
    "truncated": edited(lambda content: content[: max(1, len(content) * 2 // 3)]),
    "binary": replaced(bytes(range(256)) * 40),
    "nul": edited(lambda content: content + b"\0\n"),
    "folder": instead(lambda path: path.mkdir()),
    "fifo": instead(os.mkfifo),
    "socket": instead(bind),
    "device": instead(lambda path: path.symlink_to("/dev/zero")),
    "unreadable": lambda path: path.chmod(0),
    "dangling link": instead(lambda path: path.symlink_to("nowhere")),
    "looped link": instead(lambda path: path.symlink_to(path.name)),
    "deep": replaced(b"[" * 50_000 + b"]" * 50_000),
    "deep objects": replaced(b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
    "huge field": edited(lambda content: content + b"x" * 1_100_000 + b"\n"),
    "large": edited(lambda content: content + b"# x\n" * 3_000_000),
    "wrong shape": replaced(b'["a", 1]\n'),
    "wrong types": edited(wrong_types),
    "a table": replaced(b"a,b\n1,2,3\n"),
    "byte order mark": edited(lambda content: b"\xef\xbb\xbf" + content),
    "utf-16": edited(lambda content: content.decode("latin-1").encode("utf-16")),
    "keys twice": edited(keys_twice),
    "alias bomb": replaced(BOMB.encode()),
    "terminal": edited(lambda content: content + b"\x1b]0;owned\x07\x1b[31m\n"),
}  # fmt: skip


@contextlib.contextmanager
def soon() -> Iterator[None]:
    def late(*_: object) -> None:
        pytest.fail(f"the command took more than {LONGEST_SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(LONGEST_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home with every file but those of the registry's models."""
    home = Home(tmp_path_factory.mktemp("whole") / "home")
    home.ensure()
    home.outputs.mkdir()
    (home.outputs / f"drift_alert_{BATCH}.md").write_text("# RMSE rose by 30 %\n\ntext\n")
    queue(home)
    decide(home, BATCH, "wait, and look again", "me")
    ticket = home.registry / "tickets" / f"{BATCH}.json"
    ticket.parent.mkdir()
    ticket.write_text(json.dumps({"key": "CLV-1", "report": "0" * 64}) + "\n")
    append(home, [Entry("2026-01-01", "model file", "registry/models/x", "deleted", "", "old")])
    duckdb.connect(str(home.database)).close()
    home.logs.mkdir()
    for name in (".clv.lock", ".clv.lock.holder", "logs/clv.log"):
        (home.root / name).write_text("x\n")
    for arguments in COMMANDS.values():  # imports what they need: that is not what is timed
        Shop(home.root).clv(*arguments, "--help")
    return home.root


def state(home: Path) -> dict[str, tuple[int, bytes]]:
    """Return kind and content of everything in the home but the logs."""
    found = {}
    for path in sorted(home.rglob("*")):
        mode = path.lstat().st_mode
        readable = path.is_file() and not path.is_symlink() and os.access(path, os.R_OK)
        content = path.read_bytes() if readable else b""
        found[str(path.relative_to(home))] = (mode, content)
    return {name: entry for name, entry in found.items() if not name.startswith(("logs", ".clv."))}


@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize("name", READERS)
def test_a_spoilt_file_is_one_message_whatever_reads_it(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, mutation: str
) -> None:
    if mutation == "unreadable" and os.geteuid() == 0:
        pytest.skip("root reads everything")
    monkeypatch.delenv("CLV_JIRA_URL", raising=False)
    for command in READERS[name]:
        home = tmp_path / re.sub(r"\W", "_", command)
        shutil.copytree(whole, home)
        MUTATIONS[mutation](home / name)
        before = state(home)
        with soon():
            done = Shop(home).clv(*COMMANDS[command])
        assert_clean(done, command)
        if done.code == 0 or command == "ack":
            changed = {key for key in before if state(home).get(key) != before[key]}
            assert changed <= {"registry/alert_decisions.csv"} if command == "ack" else not changed
        else:
            assert state(home) == before
        shutil.rmtree(home)


def assert_clean(done: Result, command: str) -> None:
    said = done.out + done.err
    assert done.code in (0, 1, 3), said
    assert "Traceback" not in said and "a defect of clv" not in said, said
    assert "\x1b" not in done.err and "\0" not in said
    if done.code == 1:
        assert done.err.startswith("clv: "), said
        assert len(done.err) < 3_000, said


STRICT = [name for name in READERS if name not in FREE and name != "clv.duckdb"]


@pytest.mark.parametrize(
    "mutation", ["empty", "binary", "folder", "fifo", "dangling link", "looped link", "deep"]
)
@pytest.mark.parametrize("name", STRICT)
def test_the_message_names_file_and_fix(
    whole: Path, tmp_path: Path, name: str, mutation: str
) -> None:
    home = tmp_path / "home"
    shutil.copytree(whole, home)
    MUTATIONS[mutation](home / name)
    with soon():
        done = Shop(home).clv(*COMMANDS[READERS[name][0]])
    assert done.code == 1
    assert str(home / name) in done.err
    assert re.search(r"[Rr]estore it|Remove it|Correct", done.err)
