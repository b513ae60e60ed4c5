"""Stored files × mutations × commands that read them; forged registries; model files that run."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import pickle
import shutil
import socket
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import joblib
from arena import Arena, Situation

from clv.registry.manifest_row import ManifestRow

Edit = Callable[[bytes], bytes]


def replaced(content: bytes) -> Callable[[Path], None]:
    return lambda path: put(path, content)


def edited(edit: Edit) -> Callable[[Path], None]:
    return lambda path: put(path, edit(path.read_bytes()))


def instead(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def mutate(path: Path) -> None:
        path.unlink()
        make(path)

    return mutate


def put(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def bind(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket may have 108 bytes
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)


MUTATIONS: dict[str, Callable[[Path], None]] = {
    "missing": lambda path: path.unlink(),
    "empty": replaced(b""),
    "blank": replaced(b" \n\n"),
    "cut off": edited(lambda content: content[: max(1, len(content) // 2)]),
    "binary": replaced(bytes(range(256)) * 9),
    "nul": edited(lambda content: content[:40] + b"\0" + content[40:]),
    "folder": instead(lambda path: path.mkdir()),
    "fifo": instead(os.mkfifo),
    "socket": instead(bind),
    "endless": instead(lambda path: path.symlink_to("/dev/zero")),
    "link to nothing": instead(lambda path: path.symlink_to("nowhere")),
    "link to itself": instead(lambda path: path.symlink_to(path.name)),
    "deep": replaced(b"[" * 40_000),
    "huge field": edited(lambda content: content.rstrip() + b"x" * 1_200_000 + b"\n"),
    "another shape": replaced(b'[1, "a", null]\n'),
    "a number": replaced(b"7\n"),
    "a superscript": edited(lambda content: content.replace(b"1", "²".encode())),
    "utf-16": edited(lambda content: content.decode("latin-1").encode("utf-16")),
    "latin": edited(lambda content: content + "é\n".encode("latin-1")),
    "half a character": replaced(b'{"a": "\\ud800"}\n'),
    "not a number": replaced(b'{"a": NaN, "b": Infinity}\n'),
    "escape": edited(lambda content: content + b"\x1b]0;owned\x07\n"),
}
MANIFEST = "registry/champion_manifest.csv"
HEAD = "registry/champion_manifest.head.json"
# Each file with commands that read it; the second is tried for every other mutation.
READ_BY: dict[str, tuple[tuple[str, ...], ...]] = {
    "config/model_config.yaml": (("status",), ("run",)),
    MANIFEST: (("status",), ("verify",)),
    HEAD: (("verify",), ("run",)),
    "registry/cards/{champion}.json": (("card", "champion"), ("show",)),
    "registry/cards/{challenger}.json": (("promote", "{challenger}", "--reason", "x", "--yes"), ("verify",)),
    "registry/models/{champion}.joblib": (("verify",), ("card", "champion")),
    "registry/models/{challenger}.joblib": (("promote", "{challenger}", "--reason", "x", "--yes", "--force"), ("verify",)),
    "registry/clv_model_latest.metrics.json": (("status",), ("verify",)),
    "registry/alert_decisions.csv": (("status",), ("ack", "{batch}", "--decision", "wait")),
    "registry/purge_log.csv": (("verify",), ("purge", "--dry-run")),
    "registry/shop_id": (("tickets", "--dry-run"), ("status",)),
    "registry/tickets/{batch}.json": (("tickets", "--dry-run"), ("status",)),
    "outputs/outbox/{batch}.json": (("tickets", "--dry-run"), ("status",)),
    "outputs/drift_alert_{batch}.md": (("status",), ("ack", "{batch}", "--decision", "wait")),
    "clv.duckdb": (("status",), ("show",)),
    ".clv.lock": (("purge", "--dry-run"), ("tickets",)),
    ".clv.lock.holder": (("purge", "--dry-run"), ("tickets",)),
    "logs/clv.log": (("purge", "--dry-run"), ("tickets",)),
}  # fmt: skip
# Where dbt would be started on a home that is whole enough, only these are tried: each costs seconds.
FREE_TO_CHANGE = (".clv.lock", "logs/", "clv_model_latest")
GOES_ON = ("missing",)


def file_of(arena: Arena, name: str) -> Path:
    for key in ("champion", "challenger", "batch"):
        name = name.replace(f"{{{key}}}", getattr(arena, key))
    return arena.home / name


def spoilt(name: str, mutate: Callable[[Path], None]) -> Callable[[Arena], None]:
    def prepare(arena: Arena) -> None:
        path = file_of(arena, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text("x\n")
        mutate(path)

    return prepare


def stored_files() -> Iterator[Situation]:
    for name, commands in READ_BY.items():
        for number, (mutation, mutate) in enumerate(MUTATIONS.items()):
            if name == "clv.duckdb" and mutation in ("fifo", "socket", "endless"):
                continue  # in kinds_processes: an engine that waits has to be killed
            command = commands[0] if number % 3 else commands[1]
            yield Situation("stored files", f"{name}: {mutation}", command, spoilt(name, mutate))


def swapped(arena: Arena, model_id: str, content: bytes) -> None:
    """Put content in the place of a model, and hashes that fit into its card, row and head."""
    registry = arena.home / "registry"
    (registry / "models" / f"{model_id}.joblib").write_bytes(content)
    card = registry / "cards" / f"{model_id}.json"
    held = json.loads(card.read_text())
    held["model_sha256"] = hashlib.sha256(content).hexdigest()
    reseal(held)
    card.write_text(json.dumps(held, indent=2) + "\n")
    rows = list(csv.DictReader(io.StringIO((registry / "champion_manifest.csv").read_text())))
    previous = rows[0]["previous_row_sha256"]
    for row in rows:
        row["previous_row_sha256"] = previous
        if row["model_id"] == model_id:
            row["model_sha256"] = held["model_sha256"]
            row["card_sha256"] = hashlib.sha256(card.read_bytes()).hexdigest()
        previous = ManifestRow.of_cells(row).sha256
    write_rows(registry / "champion_manifest.csv", rows)
    head = registry / "champion_manifest.head.json"
    head.write_text(json.dumps(json.loads(head.read_text()) | {"last_row_sha256": previous}))


def reseal(card: dict[str, Any]) -> None:
    """Give a card the hash of itself that fits, as somebody with the code can."""
    from clv.registry import card as module

    if hasattr(module, "content_sha256"):
        card["content_sha256"] = module.content_sha256(card)
        return
    card.pop("content_sha256", None)
    sealed = module.ModelCard.sealed(card, card["model_sha256"])
    card.clear()
    card.update(json.loads(sealed.to_json()))


def write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue())


class Gadget:
    """An object whose pickle calls a function when it is loaded."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


# 50 MB of zeros, in 220 KB.
BOMB = zlib.compress(b"\0" * 50_000_000, 1)


def gadgets(canary: str) -> dict[str, bytes]:
    """Return model files that write the canary file when something in them runs."""
    touch = f"touch '{canary}'"
    text = f"open({canary!r}, 'w')"
    plain: dict[str, Any] = {
        "os.system": Gadget(os.system, touch),
        "exec": Gadget(exec, text),
        "eval": Gadget(eval, text),
        "open": Gadget(open, canary, "w"),
        "Path.touch": Gadget(Path.touch, Path(canary)),
        "shutil.copy": Gadget(shutil.copy, "/etc/hostname", canary),
        "nested": {"format": "clv model 1", "model": {"model_id": Gadget(os.system, touch)}},
        "in a list": [[[Gadget(os.system, touch)]]],
        "as a key": {"format": "clv model 1", "model": {}, 1: Gadget(os.system, touch)},
    }
    files = {}
    for name, what in plain.items():
        for protocol in (0, 2, 4):
            files[f"{name}, zlib, protocol {protocol}"] = zlib.compress(
                pickle.dumps(what, protocol)
            )
    call = plain["os.system"]
    files["no compression"] = pickle.dumps(call)
    for method in (("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 3)):
        stored = io.BytesIO()
        joblib.dump({"champion": call}, stored, compress=method)
        files[f"joblib {method[0]}"] = stored.getvalue()
    files["GLOBAL and REDUCE"] = zlib.compress(
        f"cos\nsystem\n(S'{touch}'\ntR.".replace("'touch '", '"touch ')
        .replace("''", "'\"")
        .encode()
    )
    files["INST"] = zlib.compress(f'(S"{touch}"\nios\nsystem\n.'.encode())
    files["OBJ"] = zlib.compress(f'(cos\nsystem\nS"{touch}"\no.'.encode())
    files["persistent id"] = zlib.compress(f"P{touch}\n.".encode())
    files["EXT"] = zlib.compress(b"\x80\x02\x82\x01.")
    files["endless memo"] = zlib.compress(b"\x80\x04]\x94" + b"h\x00a" * 200_000 + b".")
    files["zlib bomb"] = BOMB
    files["deep"] = zlib.compress(b"\x80\x04" + b"]" * 100_000 + b"a" * 99_999 + b".")
    files["huge frame"] = zlib.compress(b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7fN.")
    files["huge text"] = zlib.compress(b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x7fabc.")
    files["cut off"] = zlib.compress(pickle.dumps({"a": [1] * 99}))[:40]
    files["not a model"] = zlib.compress(pickle.dumps({"format": "clv model 1", "model": {}}))
    files["a list for a model"] = zlib.compress(pickle.dumps([1, 2]))
    array = {"array": ("<f8", (10**9, 10**9), b"")}
    model = {"model_id": "{id}", "champion": {"a": array}, "clusters": {}, "baseline": None}
    files["array of another size"] = zlib.compress(
        pickle.dumps({"format": "clv model 1", "model": model})
    )
    array = {"array": ("O", (1,), b"12345678")}
    model = {**model, "champion": {"a": array}}
    files["array of objects"] = zlib.compress(
        pickle.dumps({"format": "clv model 1", "model": model})
    )
    return files


PROMOTE = ("promote", "{challenger}", "--reason", "x", "--yes", "--force")


def model_files() -> Iterator[Situation]:
    """Each malicious file, in the challenger's and in the champion's place, with hashes that fit."""
    for name in gadgets("/canary"):

        def plant(arena: Arena, of: str, name: str = name) -> None:
            model_id = getattr(arena, of)
            content = gadgets(str(arena.canary))[name]
            swapped(arena, model_id, content)

        yield Situation(
            "model files", f"challenger: {name}", PROMOTE,
            lambda arena, plant=plant: plant(arena, "challenger"), must_refuse=True,
        )  # fmt: skip
        if "zlib, protocol" not in name or name.startswith("os.system"):
            yield Situation(
                "model files", f"champion: {name}", ("verify",),
                lambda arena, plant=plant: plant(arena, "champion"),
            )  # fmt: skip
        yield Situation(
            "model files", f"swapped without hashes: {name}", ("run",) if name in ("no compression", "os.system, zlib, protocol 4") else ("verify",),
            lambda arena, name=name: put(
                file_of(arena, "registry/models/{champion}.joblib"),
                gadgets(str(arena.canary))[name],
            ), must_refuse=True,
        )  # fmt: skip


CELLS = (
    "'; drop table canary; --", "{{ 7 * 7 }}", "../../../etc/passwd", "=cmd|' /C calc'!A0", "",
    "\x1b[31m", "²", "1e309", "nan", "x" * 200_000,
)  # fmt: skip


def forged_rows() -> Iterator[Situation]:
    """Cells of the manifest, with and without hashes that fit, and rows that nobody promoted."""

    def cell(column: str, value: str, fits: bool) -> Callable[[Arena], None]:
        def prepare(arena: Arena) -> None:
            path = arena.home / MANIFEST
            rows = list(csv.DictReader(io.StringIO(path.read_text())))
            rows[-1][column] = value
            write_rows(path, rows)
            if fits:
                head = arena.home / HEAD
                try:
                    digest = ManifestRow.of_cells(rows[-1]).sha256
                except Exception:
                    digest = "0" * 64
                head.write_text(
                    json.dumps(json.loads(head.read_text()) | {"last_row_sha256": digest})
                )

        return prepare

    for number, value in enumerate(CELLS):
        for column in ("model_id", "manifest_row", "training_cutoff", "baseline_rmse", "reason"):
            command = (("verify",), ("status",), ("run",), ("card", "champion"))[number % 4]
            fits = column == "model_id"
            yield Situation(
                "forged registry", f"{column} = {value[:30]!r}{', head fits' if fits else ''}", command,
                cell(column, value, fits), must_refuse=command[0] in ("run", "verify"),
            )  # fmt: skip

    def second(arena: Arena, **changes: str) -> None:
        path = arena.home / MANIFEST
        rows = list(csv.DictReader(io.StringIO(path.read_text())))
        last = ManifestRow.of_cells(rows[-1])
        card = arena.home / "registry" / "cards" / f"{arena.challenger}.json"
        held = json.loads(card.read_text())
        row = {
            **rows[-1], "manifest_row": str(int(rows[-1]["manifest_row"]) + 1),
            "model_id": arena.challenger, "previous_row_sha256": last.sha256,
            "model_sha256": held["model_sha256"],
            "card_sha256": hashlib.sha256(card.read_bytes()).hexdigest(), **changes,
        }  # fmt: skip
        write_rows(path, [*rows, row])

    for command in (
        ("run",),
        ("verify",),
        PROMOTE,
        ("purge", "--dry-run"),
        ("monitor",),
        ("train",),
    ):
        yield Situation(
            "forged registry", "a row that nobody promoted, with the right hash before it", command,
            second, must_refuse=command[0] in ("run", "verify", "monitor", "promote", "train"),
        )  # fmt: skip

    def settings(arena: Arena, fits: bool) -> None:
        card = arena.home / "registry" / "cards" / f"{arena.challenger}.json"
        held = json.loads(card.read_text())
        inject = "1 as x; drop table canary; select customer_id"
        held["settings"]["vars"] = {"columns": {"customer_id": inject}, "transactions": inject}
        if fits:
            reseal(held)
        card.write_text(json.dumps(held))

    for command in (("reproduce", "{challenger}"), ("card", "{challenger}"), PROMOTE, ("verify",)):
        for fits in (False, True):
            if fits and command[0] in ("reproduce", "promote"):
                continue  # these go on to dbt: in kinds_injection
            yield Situation(
                "forged registry", f"SQL in a card's settings{', hash fits' if fits else ''}", command,
                lambda arena, fits=fits: settings(arena, fits),
                must_refuse=command[0] == "reproduce",
            )  # fmt: skip


def situations() -> list[Situation]:
    return [*stored_files(), *model_files(), *forged_rows()]
