"""One situation tried on one command, and what came of it, measured without excuses."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from clv.cli.exits import guarded
from clv.cli.main import cli

LONGEST_SECONDS = 10.0
FAULTS = ("traceback", "hang", "executed", "lost", "leaked", "accepted", "unclear")
KEPT = ("config", "registry", "outputs")
CANARY_TABLE = "canary"
# What a command may change where it does its work; all else stays as it was.
WRITES = {
    "ack": ("registry/alert_decisions.csv",),
    "tickets": ("registry/tickets/", "registry/shop_id", "outputs/outbox/"),
    "promote": ("registry/champion_manifest", "registry/clv_model_latest", "registry/journal/"),
    "purge": ("registry/purge_log.csv", "registry/journal/"),
    "run": (
        "outputs/",
        "config/model_config.yaml",
        "registry/journal/",
        "registry/batch_hashes",
        "registry/log_contract",
    ),
    "monitor": ("outputs/", "registry/journal/", "registry/batch_hashes", "registry/log_contract"),
    "train": ("registry/",),
}
MADE_AGAIN = ("registry/clv_model_latest.metrics.json", "outputs/clv_marts", "outputs/marts/")


class Late(BaseException):
    """A command that is at work, or waits, for too long."""


@dataclass(frozen=True)
class Arena:
    """Where a situation takes place: a home of its own, the log, and what must not happen."""

    home: Path
    log: Path
    challenger: str
    champion: str
    batch: str

    @property
    def canary(self) -> Path:
        """A file that code or SQL would write that must not run."""
        return self.home.parent / "canary_file"

    def filled(self, text: str) -> str:
        """Return a text with the arena's own names in it."""
        names = {
            "{canary}": self.canary, "{home}": self.home, "{parent}": self.home.parent,
            "{challenger}": self.challenger, "{champion}": self.champion, "{batch}": self.batch,
        }  # fmt: skip
        for name, meant in names.items():
            text = text.replace(name, str(meant))
        return text


@dataclass(frozen=True)
class Situation:
    """What is in the way of a command.

    Parameters
    ----------
    prepare : callable
        Spoils the home.
    must_refuse : bool
        Whether going through is a fault.
    secrets : tuple of str
        What must stand in no output and no file of the home.
    check : callable
        Returns what else is wrong, a line each.
    process : bool
        Whether it needs a process of its own.
    """

    kind: str
    name: str
    command: tuple[str, ...]
    prepare: Callable[[Arena], None] | None = None
    env: dict[str, str] = field(default_factory=dict)
    must_refuse: bool = False
    secrets: tuple[str, ...] = ()
    check: Callable[[Arena, Outcome], list[str]] | None = None
    process: bool = False
    stdin: str = ""

    def __str__(self) -> str:
        return f"{self.name} | {' '.join(self.command)}"[:150]


@dataclass
class Outcome:
    """What a command did: exit code, texts, and faults by their name."""

    code: int
    out: str
    err: str
    faults: dict[str, str] = field(default_factory=dict)


def tried(situation: Situation, arena: Arena) -> Outcome:
    """Try a situation and judge it; the home is left as the command left it."""
    if situation.prepare:
        situation.prepare(arena)
    before, database = contents(arena.home), stamp(arena.home / "clv.duckdb")
    names = {name: arena.filled(text) for name, text in situation.env.items()}
    arguments = [arena.filled(part) for part in situation.command]
    environment = {
        "CLV_HOME": str(arena.home), "CLV_TRANSACTIONS": str(arena.log),
        "CLV_CONNECT_ATTEMPTS": "1", "DBT_EXCLUDE_RESOURCE_TYPES": "test unit_test",
        "CLV_JIRA_URL": "", **names,
    }  # fmt: skip
    run = in_a_process if situation.process else in_process
    outcome = run(arguments, environment, situation.stdin)
    judge(situation, arena, outcome, before)
    if stamp(arena.home / "clv.duckdb") != database and (ran := executed_sql(arena)):
        outcome.faults["executed"] = ran
    return outcome


def stamp(path: Path) -> tuple[int, ...]:
    """Return what tells a changed file from an unchanged one."""
    if not os.path.lexists(path):
        return ()
    status = path.lstat()
    return status.st_size, status.st_mtime_ns, status.st_mode


def in_process(arguments: list[str], environment: dict[str, str], stdin: str) -> Outcome:
    """Run a command in this process, with streams as strict as a terminal's."""
    out, err = (
        io.TextIOWrapper(io.BytesIO(), "utf-8", errors, write_through=True)
        for errors in ("strict", "backslashreplace")
    )
    faults: dict[str, str] = {}
    kept, before, given = dict(os.environ), Path.cwd(), sys.stdin
    os.environ.update(environment)
    sys.stdin = io.StringIO(stdin)
    code = -1
    broken = environment.get("ATTACK_STREAM", "")
    try:
        with contextlib.ExitStack() as stack:
            full = stack.enter_context(Path("/dev/full").open("w", buffering=1))
            stack.callback(discard, full)
            stdout, stderr = (
                full if broken == f"{name} full" else stream
                for name, stream in (("stdout", out), ("stderr", err))
            )
            stack.enter_context(contextlib.redirect_stdout(stdout))
            stack.enter_context(contextlib.redirect_stderr(stderr))
            stack.enter_context(soon())
            code = guarded(lambda: cli.main(arguments, prog_name="clv", standalone_mode=False))
            code = flushed_in_process(code)
    except Late as late:
        faults["hang"] = str(late)
    except BaseException as error:
        faults["traceback"] = f"escaped: {type(error).__name__}: {error}"
    finally:
        os.environ.clear()
        os.environ.update(kept)
        os.chdir(before)
        sys.stdin = given
    texts = [stream.buffer.getvalue().decode("utf-8", "replace") for stream in (out, err)]  # type: ignore[attr-defined]
    return Outcome(code, texts[0], texts[1], faults)


def discard(full: io.TextIOBase) -> None:
    """Close a stream that could not take what was written to it."""
    with contextlib.suppress(OSError):
        full.close()


def flushed_in_process(code: int) -> int:
    """Flush stdout as the end of a process does; what cannot be printed is a failure."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        return 1
    return code


def in_a_process(arguments: list[str], environment: dict[str, str], stdin: str) -> Outcome:
    """Run a command as a process, which can be ended where it hangs."""
    command = [sys.executable, "-m", "clv", *arguments]
    redirected = {
        "stdout closed": ">&-", "stderr closed": "2>&-", "both closed": ">&- 2>&-",
        "stdout full": ">/dev/full", "a pipe that closed": "| true", "stdin closed": "<&-",
    }  # fmt: skip
    broken = redirected.get(environment.get("ATTACK_STREAM", ""), "")
    command = ["bash", "-o", "pipefail", "-c", f'"$@" {broken}', "sh", *command]
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    faults = {}
    try:
        out, err = process.communicate(stdin.encode(), timeout=6 * LONGEST_SECONDS)
    except subprocess.TimeoutExpired:
        faults["hang"] = f"{6 * LONGEST_SECONDS:.0f} s"
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
    texts = [text.decode("utf-8", "replace") for text in (out, err)]
    return Outcome(process.returncode, texts[0], texts[1], faults)


@contextlib.contextmanager
def soon() -> Iterator[None]:
    """Raise Late after ten seconds of computing, or of waiting for something.

    Looked at every second, since a machine that others use makes a second long.
    """
    began, used = time.monotonic(), time.process_time()

    def look(*_: object) -> None:
        waited, computed = time.monotonic() - began, time.process_time() - used
        if computed > 3 * LONGEST_SECONDS or (
            waited > LONGEST_SECONDS and computed < 0.05 * waited
        ):
            raise Late(f"{waited:.0f} s, {computed:.1f} of them computing")

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, 1, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def judge(
    situation: Situation, arena: Arena, outcome: Outcome, before: dict[str, bytes | None]
) -> None:
    """Name what is wrong with an outcome."""
    faults, said = outcome.faults, outcome.out + outcome.err
    if "Traceback (most recent" in said or "a defect of clv" in said:
        faults.setdefault("traceback", last_line(said))
    if arena.canary.exists():
        faults["executed"] = "the canary file was written"
    after = contents(arena.home)
    changed = lost(situation, outcome, before, after)
    if changed:
        faults["lost"] = ", ".join(changed)
    leaked = leaks(situation.secrets, said, arena.home)
    if leaked:
        faults["leaked"] = ", ".join(leaked)
    if situation.must_refuse and outcome.code in (0, 3):
        faults["accepted"] = f"exit {outcome.code}: {last_line(said)}"
    silent = bool(situation.env.get("ATTACK_STREAM"))
    wrong = unclear(outcome, silent) if not {"traceback", "hang"} & faults.keys() else ""
    more = situation.check(arena, outcome) if situation.check else []
    if wrong or more:
        faults["unclear"] = "; ".join([*more, *([wrong] if wrong else [])])


def executed_sql(arena: Arena) -> str:
    """Say what SQL ran that must not run: the canary table is gone, or another one was made."""
    database = arena.home / "clv.duckdb"
    if not database.is_file() or database.is_symlink():
        return ""
    try:
        with duckdb.connect(str(database), read_only=True) as connection:
            rows = connection.execute(f"select kept from {CANARY_TABLE}").fetchall()
            tables = connection.execute(
                "select count(*) from duckdb_tables() where table_name = 'owned'"
            )
            if tables.fetchall() != [(0,)]:
                return "the table owned was made"
    except duckdb.CatalogException:
        return "the canary table is gone"
    except duckdb.Error:
        return ""  # the database itself was spoilt
    return "" if rows == [(1,)] else "the canary table was changed"


def lost(
    situation: Situation,
    outcome: Outcome,
    before: dict[str, bytes | None],
    after: dict[str, bytes | None],
) -> list[str]:
    """Name files that a refused or reading command changed or removed, and halves of files."""
    allowed: tuple[str, ...] = MADE_AGAIN
    printed_or_not = bool(situation.env.get("ATTACK_STREAM"))  # what was done is done
    if outcome.code in (0, 3) or printed_or_not:
        allowed += WRITES.get(situation.command[0], ())
        if situation.command[0] == "tickets" and "--dry-run" in situation.command:
            allowed = (*MADE_AGAIN, "registry/shop_id")
    gone = [
        name for name, content in before.items()
        if after.get(name, b"") != content and not name.startswith(allowed)
    ]  # fmt: skip
    return gone + [name for name in after if ".tmp" in name and name not in before]


def contents(home: Path) -> dict[str, bytes | None]:
    """Return what is kept below a home: the bytes of files, None for all else."""
    found: dict[str, bytes | None] = {}
    for folder in KEPT:
        for path in (home / folder).rglob("*") if (home / folder).is_dir() else ():
            name = str(path.relative_to(home))
            if path.suffix == ".duckdb" or (path.is_dir() and not path.is_symlink()):
                continue
            found[name] = path.read_bytes() if path.is_file() else None
    return found


def leaks(secrets: tuple[str, ...], said: str, home: Path) -> list[str]:
    """Name where a secret stands: what was printed, or a file of the home."""
    places = ["output"] if any(secret in said for secret in secrets) else []
    wanted = [secret.encode() for secret in secrets]
    for path in home.rglob("*") if wanted else ():
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            if any(secret in content for secret in wanted):
                places.append(str(path.relative_to(home)))
    return places


def unclear(outcome: Outcome, silent: bool) -> str:
    """Say what is wrong with exit code and message; where a stream is broken there may be none."""
    if outcome.code not in (0, 1, 2, 3):
        return f"exit code {outcome.code}: {last_line(outcome.err)}"
    messages = len(re.findall(r"^clv: ", outcome.err, re.MULTILINE))
    if silent:
        return ""
    if outcome.code == 1 and messages != 1:
        return f"{messages} messages: {outcome.err[:200]!r}"
    if outcome.code == 2 and not re.search("Error: |usage", outcome.err, re.IGNORECASE):
        return f"no usage message: {outcome.err[:200]!r}"
    if re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", outcome.err.replace("\r", "")):
        return f"a terminal would obey this message: {outcome.err[:200]!r}"
    return ""


def last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1][:240] if lines else "nothing was said"


def restored(whole: Path, home: Path) -> None:
    """Make `home` what `whole` is, copying only what differs."""
    wanted = stamps(whole)
    found = stamps(home)
    for name in sorted(found, reverse=True):
        if name not in wanted or found[name] != wanted[name]:
            path = home / name
            if path.is_dir() and not path.is_symlink():
                if not any(path.iterdir()):
                    path.rmdir()
            else:
                path.unlink()
    for name, stamp in sorted(wanted.items()):
        path = home / name
        if stamp is None:
            path.mkdir(exist_ok=True, parents=True)
        elif found.get(name) != stamp:
            shutil.copy2(whole / name, path)


def stamps(home: Path) -> dict[str, tuple[int, ...] | None]:
    """Return size, time and mode of every file, which tell a changed one; None for a folder."""
    found: dict[str, tuple[int, ...] | None] = {}
    for path in home.rglob("*"):
        name, status = str(path.relative_to(home)), path.lstat()
        is_folder = path.is_dir() and not path.is_symlink()
        found[name] = None if is_folder else (status.st_size, status.st_mtime_ns, status.st_mode)
    return found
