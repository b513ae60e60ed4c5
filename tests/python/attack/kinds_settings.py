"""Config forms, homes, logs, arguments, and SQL and code in vars and options."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from arena import Arena, Outcome, Situation

CONFIG = "config/model_config.yaml"
BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))


def with_config(edit: Callable[[str], str]) -> Callable[[Arena], None]:
    def prepare(arena: Arena) -> None:
        path = arena.home / CONFIG
        path.write_text(arena.filled(edit(path.read_text())), newline="")

    return prepare


def value(key: str, written: str) -> Callable[[str], str]:
    """Return an edit that writes a value behind a key of the config."""

    def edit(text: str) -> str:
        lines = text.splitlines(keepends=True)
        return "".join(
            f"{line[: len(line) - len(line.lstrip())]}{key}: {written}\n"
            if line.strip().startswith(f"{key}:") else line
            for line in lines
        )  # fmt: skip

    return edit


def configs() -> Iterator[Situation]:
    refused: dict[str, Callable[[str], str]] = {
        "twice the same section": lambda text: text + "\nrun:\n  last_score_cutoff: 2022-09-30\n",
        "twice the same key": lambda text: text.replace(
            "training:\n", "training:\n  pred_months: 7\n", 1
        ),
        "an alias": lambda text: text.replace("run:", "x: &x {}\nrun: *x\ny:", 1),
        "a merge": lambda text: text + "\nbase: &b {a: 1}\nmore:\n  <<: *b\n",
        "a tag": lambda text: text + "\nx: !!python/object/apply:os.system ['touch {canary}']\n",
        "another tag": lambda text: text + "\nx: !custom 1\n",
        "an alias bomb": lambda _: BOMB,
        "two documents": lambda text: text + "\n---\na: 1\n",
        "tabs": lambda text: text.replace("  ", "\t"),
        "deep": lambda text: text + "x: " + "[" * 5000 + "]" * 5000,
        "a list": lambda _: "- a\n- b\n",
        "a text": lambda _: "only text\n",
        "a key that is not known": lambda text: text + "\nsurprise: 1\n",
        "a key that is a list": lambda text: text + "\n? [a, b]\n: 1\n",
        "a key that is null": lambda text: text + "\n~: 1\n",
        "a byte order mark in the middle": lambda text: text + "\ufeff\n",
        "open quotes": lambda text: text + '\nx: "abc\n',
        "no sections": lambda _: "{}\n",
        "control characters": lambda text: text + "\nx: \x07\n",
    }
    for name, edit in refused.items():
        for command in (("status",), ("run",)):
            if "bomb" in name and command == ("run",):
                continue
            yield Situation("config", name, command, with_config(edit), must_refuse=True)
    wrong = {
        "history_months": ("0", "-3", "9.5", "1e3", "nine", "[9]", "true", "'9'", "0x9", "121", "²", ".inf"),
        "pred_months": ("0", "null", "2021-12-31", "{a: 1}", "99999999999999999999"),
        "last_score_cutoff": ("soon", "0001-01-01", "9999-12-31", "2022-02-30", "20220930", "[2022-09-30]", "1.5", "true", "2022-09-30 25:00", "'2022-09-30; drop table canary'"),
        "drift_threshold_rmse": (".nan", ".inf", "-0.1", "lots", "'0.2'", "true", "1e400", "[]"),
        "schedule_model_id": ("[a]", "{a: b}", "'../../x'", "9", "'\\x1b[31m'"),
    }  # fmt: skip
    for key, values in wrong.items():
        for number, written in enumerate(values):
            command = ("run",) if number % 3 == 0 and key != "schedule_model_id" else ("status",)
            yield Situation(
                "config", f"{key}: {written}", command, with_config(value(key, written)),
                must_refuse=command == ("run",) and key != "schedule_model_id",
            )  # fmt: skip
    taken: dict[str, Callable[[str], str]] = {
        "a byte order mark": lambda text: "\ufeff" + text,
        "windows line ends": lambda text: text.replace("\n", "\r\n"),
        "no line end": lambda text: text.rstrip("\n"),
        "a document mark": lambda text: "---\n" + text,
        "a comment of many kinds": lambda text: text + "# ☃ {{ x }} ; drop table canary\n",
    }
    for name, edit in taken.items():
        yield Situation("config", name, ("status",), with_config(edit))


def homes() -> Iterator[Situation]:
    def file_in_place(arena: Arena) -> None:
        (arena.home.parent / "a file").write_text("x")

    def loop(arena: Arena) -> None:
        path = arena.home.parent / "loop"
        path.unlink(missing_ok=True)
        path.symlink_to("loop")

    def dangling(arena: Arena) -> None:
        path = arena.home.parent / "dangling"
        path.unlink(missing_ok=True)
        path.symlink_to("nowhere at all")

    def fifo(arena: Arena) -> None:
        path = arena.home.parent / "fifo"
        path.unlink(missing_ok=True)
        os.mkfifo(path)

    def spoilt(name: str, make: Callable[[Path], object]) -> Callable[[Arena], None]:
        def prepare(arena: Arena) -> None:
            path = arena.home / name
            shutil.rmtree(path)
            make(path)

        return prepare

    named = {
        "missing": ("{canary}.missing", lambda arena: shutil.rmtree(f"{arena.canary}.missing", ignore_errors=True)),
        "a file": ("{canary}/../a file", file_in_place),
        "below a file": ("{canary}/../a file/home", file_in_place),
        "very long": ("/tmp/" + "x" * 5000, None),
        "a long part": ("/tmp/" + "y" * 300, None),
        "no such user": ("~nosuchuser/home", None),
        "a loop": ("{parent}/loop", loop),
        "below a loop": ("{parent}/loop/home", loop),
        "a link to nothing": ("{parent}/dangling", dangling),
        "a fifo": ("{parent}/fifo", fifo),
        "a device": ("/dev/null", None),
        "/proc": ("/proc/clv", None),
        "not UTF-8": ("{parent}/h\udcff", None),
        "a line end": ("{parent}/missing\nclv: forged", None),
        "escapes": ("{parent}/missing\x1b[31m", None),
        "quotes": ("{parent}/mis'sing\"; drop", None),
        "jinja": ("{parent}/{{ 7 * 7 }}", None),
    }  # fmt: skip
    commands = (
        ("status",),
        ("verify",),
        ("ack", "{batch}", "--decision", "wait"),
        ("purge", "--dry-run"),
    )
    for number, (name, (home, prepare)) in enumerate(named.items()):
        for command in (commands[number % 4], commands[(number + 1) % 4]):
            yield Situation("homes", name, command, prepare, {"CLV_HOME": home})
    inner = {
        "a file for registry": ("registry", lambda path: path.write_text("x")),
        "a loop for registry": ("registry", lambda path: path.symlink_to(path.name)),
        "a link to nothing for registry": ("registry", lambda path: path.symlink_to("nowhere")),
        "a fifo for registry": ("registry", os.mkfifo),
        "a file for outputs": ("outputs", lambda path: path.write_text("x")),
        "a loop for outputs": ("outputs", lambda path: path.symlink_to(path.name)),
        "a fifo for outputs": ("outputs", os.mkfifo),
        "a file for config": ("config", lambda path: path.write_text("x")),
        "a loop for config": ("config", lambda path: path.symlink_to(path.name)),
        "a file for logs": ("logs", lambda path: path.write_text("x")),
        "a fifo for logs": ("logs", os.mkfifo),
        "a loop for logs": ("logs", lambda path: path.symlink_to(path.name)),
        "a file for cards": ("registry/cards", lambda path: path.write_text("x")),
        "a file for models": ("registry/models", lambda path: path.write_text("x")),
        "a fifo for tickets": ("registry/tickets", os.mkfifo),
        "a file for the outbox": ("outputs/outbox", lambda path: path.write_text("x")),
    }  # fmt: skip
    for name, (part, make) in inner.items():
        for command in (
            ("status",),
            ("verify",),
            ("tickets", "--dry-run"),
            ("ack", "{batch}", "--decision", "w"),
        ):
            yield Situation("homes", name, command, spoilt(part, make))


BAD_DATES = ("2022-02-30", "soon", "", " ", "20220930", "2022-9-3", "９９９９-01-01", "0000-00-00", "-1",
             "2022-09-30; drop table canary", "1e9", "x" * 10_000, "2022-09-30T25:00", "{{ 7*7 }}", "10000-01-01")  # fmt: skip
BAD_NUMBERS = (
    "0",
    "-1",
    "²",
    "９",
    "1e3",
    "",
    "nine",
    "99999999999999999999",
    "nan",
    "1.5",
    "x" * 5000,
)
BAD_TEXTS = (
    "",
    "  ",
    "\x1b[31mred",
    "a\nclv: forged",
    "\udcff",
    "x" * 200_000,
    "\u202eabc",
    "\x07",
    "\ufeff",
    "a\tb",
)
BAD_IDS = ("../../x/m", "..", ".", "/etc/passwd", "", " ", "a/b", "clv_\n", "clv_19970930_h9_p3_20200101T000000Z/../x",
           "*", "~root", "\udcff", "x" * 5000, "%2e%2e%2fx", "champion/../x", "C:\\x", "$(touch {canary})",
           "`touch {canary}`", "'; drop table canary; --", "{{ 7*7 }}", "\x1b]0;x\x07", "--help=x", "clv_19970930_h9_p3_20200101T００００００Z")  # fmt: skip


def arguments() -> Iterator[Situation]:
    for bad in BAD_DATES:
        for command in (
            ("run", "--cutoff", bad), ("run", "--until", bad), ("run", "--data-through", bad),
            ("monitor", "--relabel", "--", bad), ("train", "--cutoff", bad),
        ):  # fmt: skip
            early = bad not in ("10000-01-01",)
            yield Situation("arguments", "a date", command, must_refuse=early and bool(bad.strip()))
    for bad in BAD_NUMBERS:
        for command in (
            ("train", "--history-months", bad), ("train", "--pred-months", bad),
            ("tune", "--yes", "--origins", bad), ("tune", "--yes", "--pred-months", bad),
        ):  # fmt: skip
            if bad == "９" or (bad in ("1e3", "nan", "1.5") and command[2] == "--sample"):
                continue
            yield Situation("arguments", "a number", command, must_refuse=True)
    for bad in ("0", "-0.1", "1.1", "nan", "inf", "-inf", "half", "", "0x1p-1_"):
        yield Situation(
            "arguments", "a share", ("tune", "--yes", "--sample", bad), must_refuse=True
        )
    for bad in BAD_TEXTS:
        yield Situation(
            "arguments", "a decision", ("ack", "{batch}", "--decision", bad), check=still_reads
        )
        yield Situation(
            "arguments",
            "who decided",
            ("ack", "{batch}", "--decision", "wait", "--by", bad),
            check=still_reads,
        )
        yield Situation(
            "arguments", "a batch", ("ack", bad, "--decision", "wait"), must_refuse=True
        )
        yield Situation(
            "arguments",
            "a reason",
            ("promote", "clv_x", "--yes", "--reason", bad),
            must_refuse=True,
        )
        yield Situation("arguments", "a head", ("verify", "--head", bad), must_refuse=True)
    for bad in BAD_IDS:
        yield Situation(
            "arguments",
            "a model id",
            ("promote", bad, "--reason", "x", "--yes", "--force"),
            planted,
            must_refuse=True,
        )
        yield Situation("arguments", "a model id", ("card", bad), planted, must_refuse=True)
        yield Situation("arguments", "a model id", ("reproduce", bad), planted, must_refuse=True)
    for bad in ("{", "[]", "- a", "a: b: c", "!!python/object/apply:os.system ['touch {canary}']", "null", "7",
                "{cutoff: 2022-09-30}", "{training_windows: []}", "{relabel: true}", "&a [*a]", "\x00", "{1: 2, 1: 3}",
                "{x: " * 3000 + "1" + "}" * 3000, BOMB, "{training_sample: 0}"):  # fmt: skip
        yield Situation(
            "arguments",
            f"vars {bad[:30]!r}",
            ("purge", "--dry-run", "--vars", bad),
            must_refuse=bad != "{1: 2, 1: 3}",
        )
    for bad in (("",), ("nosuch",), ("--nosuch",), ("run", "extra"), ("status", "--x"), ("--log-format", "xml", "status"),
                ("ack",), ("promote",), ("\udcff",), ("run", "--cutoff"), ("run", "--cutoff", "2022-09-30", "--until", "2022-10-30")):  # fmt: skip
        yield Situation("arguments", "usage", bad, must_refuse=True)
    yield Situation(
        "arguments",
        "an archive that is a file",
        ("purge", "--archive", "{home}/clv.duckdb"),
        must_refuse=True,
    )
    yield Situation(
        "arguments", "an archive without a name", ("purge", "--archive", ""), must_refuse=True
    )


def planted(arena: Arena) -> None:
    """Put a card and a file where a path in an id would lead."""
    for folder in ("x", "registry/x", "registry/cards/x"):
        (arena.home / folder).mkdir(exist_ok=True)
        for name in ("m.json", "m.joblib"):
            (arena.home / folder / name).write_bytes(b"{}")


def still_reads(arena: Arena, outcome: Outcome) -> list[str]:
    """Look whether `status` still reads what was written."""
    from arena import in_process

    again = in_process(
        ["status"], {"CLV_HOME": str(arena.home), "CLV_TRANSACTIONS": str(arena.log)}, ""
    )
    wrong = [f"status ends with {again.code} afterwards"] if again.code else []
    text = (arena.home / "registry" / "alert_decisions.csv").read_bytes()
    return wrong + (["an escape is stored"] if b"\x1b" in text or b"\x07" in text else [])


# Each of these starts dbt, which takes seconds: one per way in.
EXPRESSIONS = (
    ("customer_id", "1 as x; copy (select 1) to '{canary}'; drop table canary; commit; describe select customer_id"),
    ("customer_id", "(select content from read_text('/etc/passwd'))"),
    ("customer_id", "customer_id) from log; create table owned as select 1; select (1"),
    ("amount", "amount + (select max(kept) from canary)"),
    ("order_id", "getenv('HOME')"),
    ("order_id", "{{ run_query('drop table canary') }}"),
    ("line_id", "query('drop table canary')"),
    ("amount", "case when 1=1 then amount end union select 1"),
)  # fmt: skip
ALSO = (
    "{transactions: \"read_text('/etc/passwd')\"}",
    "{transactions: \"x.csv'); drop table canary; select * from read_csv('x.csv\"}",
    "{transactions: 'main.canary; drop table canary'}",
    "{ordered_at_format: \"%Y'); drop table canary; select ('\"}",
    '{data_through: "2022-10-20\' ; drop table canary; --"}',
    '{earliest_date: "2022-01-01\'; drop table canary; --"}',
    "{latest_date: [1, 2]}",
    '{nobodys_ids: ["x\'); drop table canary; --"]}',
    "{columns: {customer_id: [1]}}",
    '{columns: {"customer_id; drop table canary": x}}',
    "{data_through_slack_days: '1; drop table canary'}",
    '{season_months: "1\'; drop table canary"}',
)


def injections() -> Iterator[Situation]:
    for role, expression in EXPRESSIONS:
        variables = json.dumps({"columns": {role: expression}})
        yield Situation(
            "injection",
            f"columns.{role}: {expression[:60]}",
            ("monitor", "--vars", variables),
            must_refuse=True,
        )
    for variables in ALSO:
        yield Situation(
            "injection",
            variables,
            ("monitor", "--vars", variables),
            env={"CLV_TRANSACTIONS": ""} if "transactions:" in variables else {},
        )
    for bad in ("'; drop table canary; --", "main.canary; drop table canary", "read_csv('/etc/passwd')",
                "x.csv'); copy (select 1) to '{canary}'; --", "{{ 7 * 7 }}.csv", "main.canary where 1=1"):  # fmt: skip
        yield Situation(
            "injection",
            f"CLV_TRANSACTIONS={bad}",
            ("monitor",),
            env={"CLV_TRANSACTIONS": bad},
            must_refuse=True,
        )


def logs() -> Iterator[Situation]:
    folder = "{canary}.logs"

    def made(name: str, content: bytes | None) -> Callable[[Arena], None]:
        def prepare(arena: Arena) -> None:
            path = Path(f"{arena.canary}.logs")
            path.mkdir(exist_ok=True)
            if content is None:
                (path / name).mkdir(exist_ok=True)
            else:
                (path / name).write_bytes(content)

        return prepare

    whole = b"customer_id,ordered_at,amount\n1,2022-01-05,5\n"
    for name, content in {
        "missing.csv": b"", "empty.csv": b"", "folder.csv": None, "binary.csv": bytes(range(256)) * 40,
        "wrong.csv": b"a,b\n1,2\n", "header.csv": b"customer_id,ordered_at,amount\n",
        "utf16.csv": whole.decode().encode("utf-16"), "notparquet.parquet": whole, "notgzip.csv.gz": whole,
        "nul.csv": whole + b"\0\0\0\n", "long.csv": whole + b"x" * 3_000_000 + b",2022-01-01,5\n",
        "quotes.csv": whole + b'"1,2022-01-01,5\n', "same twice.csv": b"customer_id,customer_id,ordered_at,amount\n1,2,2022-01-01,5\n",
        "none.xlsx": whole, "huge amounts.csv": whole + b"2,2022-03-01,1e300\n3,2022-03-01,inf\n",
    }.items():  # fmt: skip
        prepare = None if name == "missing.csv" else made(name, content)
        yield Situation(
            "logs",
            name,
            ("monitor",),
            prepare,
            {"CLV_TRANSACTIONS": f"{folder}/{name}"},
            must_refuse=name not in ("huge amounts.csv", "utf16.csv"),
        )
    for name, address in {
        "a glob with no match": f"{folder}/none*.parquet", "a table that is not there": "shop.orders",
        "a directory": folder, "not a name": "orders", "not UTF-8": f"{folder}/l\udcff.csv", "escapes": f"{folder}/\x1b[31m.csv",
        "very long": "/tmp/" + "x" * 5000 + ".csv", "no such user": "~nosuchuser/x.csv", "the database itself": "{home}/clv.duckdb",
        "a device": "/dev/zero", "a table of our own": "main.clv_predictions",
    }.items():  # fmt: skip
        env = {"CLV_TRANSACTIONS": address}
        yield Situation("logs", name, ("monitor",), env=env, must_refuse=True)


def situations() -> list[Situation]:
    return [*configs(), *homes(), *arguments()]


def slow_situations() -> list[Situation]:
    return [*injections(), *logs()]
