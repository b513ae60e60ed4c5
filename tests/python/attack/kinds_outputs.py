"""What is printed and written: closed and full streams, secrets, and text that acts where it is shown."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator

import duckdb
from arena import Arena, Outcome, Situation
from world import evil_ids

from clv.core.render import csv_value

SECRET = "s3cretWord77"
SIGNED = "Sig9nature8Value"
TOKEN = "jiraTok3nValue"
ADDRESSES = {
    "user and password": f"s3://anna:{SECRET}@bucket/orders.csv",
    "password with an @": f"https://anna:{SECRET}@x@127.0.0.1:9/orders.csv",
    "a token for a user": f"https://{SECRET}@127.0.0.1:9/orders.parquet",
    "signed": f"https://127.0.0.1:9/o.csv?X-Amz-Credential=AK&X-Amz-Signature={SIGNED}",
    "a shared access signature": f"https://127.0.0.1:9/o.csv?sv=1&sig={SIGNED}",
    "a token": f"https://127.0.0.1:9/o.csv?token={SECRET}",
    "a connection string": f"postgres://anna:{SECRET}@127.0.0.1:9/shop",
    "upper case": f"HTTPS://ANNA:{SECRET}@127.0.0.1:9/O.CSV",
}
SECRETS = (SECRET, SIGNED, TOKEN)


def secrets() -> Iterator[Situation]:
    for name, address in ADDRESSES.items():
        for command in (("status",), ("purge", "--dry-run"), ("verify",), ("tickets", "--dry-run")):
            yield Situation(
                "secrets",
                f"log: {name}",
                command,
                env={"CLV_TRANSACTIONS": address},
                secrets=SECRETS,
            )
        for command in ("run", "train"):
            early = (
                command,
                "--cutoff",
                "soon",
                "--vars",
                f"{{transactions: '{address}', cutoff: 1}}",
            )
            yield Situation("secrets", f"vars: {name}", early, secrets=SECRETS, must_refuse=True)
    yield Situation(
        "secrets",
        "log: read by dbt",
        ("monitor",),
        env={"CLV_TRANSACTIONS": ADDRESSES["user and password"]},
        secrets=SECRETS,
        must_refuse=True,
    )
    yield Situation(
        "secrets",
        "vars: read by dbt",
        ("monitor", "--vars", f"{{transactions: '{ADDRESSES['signed']}'}}"),
        env={"CLV_TRANSACTIONS": ""},
        secrets=SECRETS,
        must_refuse=True,
    )
    jira = {"CLV_JIRA_PROJECT": "CLV", "CLV_JIRA_TOKEN": TOKEN}
    urls = {
        "userinfo": f"https://anna:{SECRET}@127.0.0.1:9", "a token in the query": f"http://127.0.0.1:9/?token={SECRET}",
        "no scheme": f"anna:{SECRET}@127.0.0.1", "a file": f"file:///etc/passwd?token={SECRET}", "not an address": f"http://[{SECRET}",
        "a line end": f"http://127.0.0.1:9\n/{SECRET}", "ftp": f"ftp://anna:{SECRET}@127.0.0.1",
    }  # fmt: skip
    for name, url in urls.items():
        for user in ("", "anna@example.org"):
            env = {**jira, "CLV_JIRA_URL": url, "CLV_JIRA_USER": user}
            yield Situation(
                "secrets",
                f"JIRA: {name}{', a user' if user else ''}",
                ("tickets",),
                env=env,
                secrets=SECRETS,
                must_refuse=True,
            )
    for token in (f"{TOKEN}\n", f"{TOKEN}\x1b", f"{TOKEN}é☃", f" {TOKEN} "):
        env = {**jira, "CLV_JIRA_URL": "http://127.0.0.1:9", "CLV_JIRA_TOKEN": token}
        yield Situation(
            "secrets",
            f"JIRA: token {token!a}",
            ("tickets",),
            env=env,
            secrets=(TOKEN,),
            must_refuse=True,
        )
    for words in (f"see https://anna:{SECRET}@host/x", f"token={SECRET}"):
        yield Situation(
            "secrets",
            "a card",
            ("card", "{challenger}"),
            planted_log(words),
            secrets=(),
            check=not_printed,
        )


def planted_log(words: str) -> Callable[[Arena], None]:
    def prepare(arena: Arena) -> None:
        path = arena.home / "registry" / "cards" / f"{arena.challenger}.json"
        path.write_text(path.read_text().replace(str(arena.log), words))

    return prepare


def not_printed(_: Arena, outcome: Outcome) -> list[str]:
    return ["a secret was printed"] if SECRET in outcome.out + outcome.err else []


ACTS = (
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "'=1+1", "＝1+1", "a|b", "<script>alert(1)</script>",
    "[x](http://evil)", "![x](http://evil/i.png)", "`code`", "**bold**", "# heading", "\\| a", "a\\",
    "| --- |", "&lt;b&gt;", "http://evil.example", "~~x~~", "<img src=x onerror=alert(1)>",
)  # fmt: skip
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def shown() -> Iterator[Situation]:
    for words in ACTS:
        yield Situation(
            "formulas and escapes",
            f"decision {words}",
            ("ack", "{batch}", "--by", words, "--decision", words),
            check=harmless_cells,
        )
        yield Situation(
            "formulas and escapes",
            f"reported {words}",
            ("tickets", "--dry-run"),
            alert_says(words),
            check=harmless_terminal,
        )
    for name in evil_ids():
        yield Situation(
            "formulas and escapes",
            f"customer {name!a} in CSV files",
            ("status",),
            check=csv_of(name),
        )
        yield Situation(
            "formulas and escapes",
            f"customer {name!a} shown",
            ("show",),
            top_customer(name),
            check=harmless_table,
        )
    for words in ("\x1b[31mred", "\x1b]0;t\x07", "a\rb", "\u202eabc", "\x9b31m", "a\x00b", "\x7f"):
        yield Situation(
            "formulas and escapes",
            f"alert {words!a}",
            ("tickets", "--dry-run"),
            alert_says(words),
            check=harmless_terminal,
        )
        yield Situation(
            "formulas and escapes",
            f"an alert's name {words!a}",
            ("status",),
            alert_named(words),
            check=harmless_terminal,
        )
        yield Situation(
            "formulas and escapes",
            f"a card {words!a}",
            ("card", "{challenger}"),
            card_says(words),
            check=harmless_terminal,
        )


def alert_says(words: str) -> Callable[[Arena], None]:
    def prepare(arena: Arena) -> None:
        path = arena.home / "outputs" / f"drift_alert_{arena.batch}.md"
        path.write_text(f"# {words}\n\n{words}\n", encoding="utf-8", errors="surrogateescape")

    return prepare


def alert_named(words: str) -> Callable[[Arena], None]:
    def prepare(arena: Arena) -> None:
        if "\x00" not in words:
            (arena.home / "outputs" / f"drift_alert_{words}.md").write_text("# x\n")

    return prepare


def card_says(words: str) -> Callable[[Arena], None]:
    def prepare(arena: Arena) -> None:
        import json

        path = arena.home / "registry" / "cards" / f"{arena.challenger}.json"
        card = json.loads(path.read_text())
        card["baseline"]["explanation"] = words
        for candidate in card.get("candidates", []):
            candidate["left_out_because"] = words
        path.write_text(json.dumps(card))

    return prepare


def top_customer(name: str) -> Callable[[Arena], None]:
    """Make a customer the first of the latest batch, so that `show` has to show it."""

    def prepare(arena: Arena) -> None:
        with duckdb.connect(str(arena.home / "clv.duckdb")) as connection:
            tables = connection.execute(
                "select table_name from duckdb_tables() where table_name in ('clv_predictions', 'customer_segments')"
            ).fetchall()
            for (table,) in tables:
                connection.execute(
                    f"update {table} set predicted_clv = 1e6 where customer_id = ?", [name]
                )

    return prepare


def harmless_terminal(_: Arena, outcome: Outcome) -> list[str]:
    return ["a terminal would obey what was printed"] if UNSEEN.search(outcome.out) else []


def harmless_table(arena: Arena, outcome: Outcome) -> list[str]:
    wrong = harmless_terminal(arena, outcome)
    blocks = re.findall(r"(?:^\|.*\n)+", outcome.out, re.MULTILINE)
    for block in blocks:
        if len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) > 1:
            wrong.append("a table has rows with more borders than others")
    if "<script>" in outcome.out.replace("\\<", ""):
        wrong.append("HTML was printed as it is")
    return wrong


def harmless_cells(arena: Arena, outcome: Outcome) -> list[str]:
    with (arena.home / "registry" / "alert_decisions.csv").open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    wrong = [
        f"a formula is stored: {cell[:30]!r}"
        for cell in cells
        if cell[:1] in tuple("=+-@＝＋－＠\t\r")
    ]
    return wrong + harmless_terminal(arena, outcome)


def csv_of(name: str) -> Callable[[Arena, Outcome], list[str]]:
    """Look whether a customer's id is in the CSV files, as text that is no formula."""

    def check(arena: Arena, _: Outcome) -> list[str]:
        files = sorted((arena.home / "outputs").glob("clv_predictions_2*.csv"))
        wrong, ids = [] if files else ["there is no CSV file"], set[str]()
        for path in files:
            with path.open(newline="", encoding="utf-8") as file:
                cells = [row["customer_id"] for row in csv.DictReader(file)]
            ids |= {csv_value(cell) for cell in cells}
            wrong += [
                f"{path.name} holds a formula: {cell[:30]!r}"
                for cell in cells if cell[:1] and cell[0] in "=+-@＝＋－＠\t\r"
            ][:1]  # fmt: skip
        return wrong + (
            []
            if {name, name.strip(), name.strip("\x1b\x07")} & ids
            else ["the customer is in no CSV file"]
        )

    return check


def streams() -> Iterator[Situation]:
    for command in (("status",), ("show",), ("verify",), ("card", "champion"), ("tickets", "--dry-run"),
                    ("ack", "{batch}", "--decision", "wait"), ("--help",), ("run", "--help"), ("--version",)):  # fmt: skip
        for stream in ("stdout", "stderr"):
            yield Situation(
                "streams", f"{stream} full", command, env={"ATTACK_STREAM": f"{stream} full"}
            )
    for command in (
        ("status",),
        ("verify",),
        ("ack", "{batch}", "--decision", "wait"),
        ("nosuch",),
    ):
        for what in (
            "stdout closed",
            "stderr closed",
            "both closed",
            "stdout full",
            "a pipe that closed",
            "stdin closed",
        ):
            yield Situation("streams", what, command, env={"ATTACK_STREAM": what}, process=True)


def situations() -> list[Situation]:
    return [*secrets(), *shown(), *streams()]
