"""One module opens stored files: whatever is wrong with one is one error with file, cause and fix."""

import json
import os
import signal
import socket
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from clv.errors import ClvError
from clv.project.stored import (
    APPEND_ONLY,
    DEEPEST,
    Kind,
    MissingFileError,
    StoredFileError,
    listed,
    read_bytes,
    read_csv,
    read_json,
    read_text,
    sha256_of,
    shown,
    stands,
    whole_number,
)

KIND = Kind("the card", "Restore it.", largest=2_000)


class Card(BaseModel):
    model_config = ConfigDict(extra="forbid")

    model_id: str
    months: int


@pytest.fixture(autouse=True)
def no_waiting():
    def late(*_):
        raise TimeoutError("a reader waits")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(10)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def folder(path):
    path.mkdir()


def fifo(path):
    os.mkfifo(path)


def unix_socket(path):
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)


def device(path):
    path.symlink_to("/dev/zero")


def dangling(path):
    path.symlink_to(path.parent / "nowhere")


def looped(path):
    path.symlink_to(path)


def large(path):
    path.write_bytes(b"x" * 2_001)


@pytest.mark.parametrize(
    ("make", "cause"),
    [
        (folder, "is a folder, not a file"),
        (fifo, "is a FIFO, not a file"),
        (unix_socket, "is a socket, not a file"),
        (device, "is a device, not a file"),
        (dangling, "is a link to .*nowhere, where nothing is"),
        (looped, "is a link that leads back to itself"),
        (large, "has 2,001 bytes or more, which is beyond the 2,000"),
    ],
)
def test_what_is_no_file_of_a_sensible_size_is_refused_without_waiting(tmp_path, make, cause):
    path = tmp_path / "x"
    make(path)
    with pytest.raises(StoredFileError, match=rf"the card .*x {cause}.*Restore it\.") as caught:
        read_bytes(path, KIND)
    assert not isinstance(caught.value, MissingFileError)
    assert caught.value.path == path
    assert caught.value.fix == KIND.fix
    assert stands(path, KIND)
    if make is not large:
        with pytest.raises(StoredFileError, match=cause):
            sha256_of(path, KIND)


def test_a_link_to_a_file_is_followed(tmp_path):
    (tmp_path / "a").write_text("x")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert read_text(tmp_path / "b", KIND) == "x"


def test_a_file_that_is_not_there_is_an_error_of_its_own(tmp_path):
    assert not stands(tmp_path / "a" / "b", KIND)
    with pytest.raises(MissingFileError, match=r"the card .*b is missing"):
        read_text(tmp_path / "a" / "b", KIND)


def test_a_name_that_cannot_be_is_one_message(tmp_path):
    for name in ("x" * 300, "a\0b"):
        with pytest.raises(StoredFileError, match=r"too long|null byte"):
            stands(tmp_path / name, KIND)
        with pytest.raises(StoredFileError, match=r"too long|null byte"):
            read_bytes(tmp_path / name, KIND)


def test_a_file_or_a_broken_link_in_the_place_of_the_folder_is_said(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(StoredFileError, match="a file stands where a folder is expected"):
        stands(tmp_path / "file" / "x.json", KIND)
    with pytest.raises(StoredFileError, match="where nothing is"):
        stands(tmp_path / "link" / "x.json", KIND)
    with pytest.raises(StoredFileError, match="a file stands where a folder is expected"):
        listed(tmp_path / "file", "*.json", KIND)
    assert listed(tmp_path / "none", "*.json", KIND) == []


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"\xff\xfea\x00", r"is not UTF-8 text \(byte 1: ff fe 61 00\)"),
        (b"ab\x00c", r"has a NUL at character 3"),
        (b"\xed\xa0\x80", r"is not UTF-8 text"),
    ],
)
def test_text_is_utf_8_without_nul(tmp_path, content, cause):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(StoredFileError, match=cause):
        read_text(tmp_path / "x", KIND)


def test_text_keeps_its_line_ends(tmp_path):
    (tmp_path / "x").write_bytes("a\r\nü\r".encode())
    assert read_text(tmp_path / "x", KIND) == "a\r\nü\r"


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        ("", "is not JSON: Expecting value"),
        ('{"model_id": "a", "mon', r"is not JSON: .* line 1, character 19"),
        ("[" * 900, f"is not JSON|nested deeper than {DEEPEST}"),
        ("[" * 100_000 + "]" * 100_000, "nested deeper"),
        ("[" * 50 + "]" * 50, "nested deeper"),
        ('{"model_id": "a", "model_id": "b", "months": 1}', "the key 'model_id' stands in it twice"),
        ('{"model_id": "a", "months": NaN}', "the number nan is not finite"),
        ('{"model_id": "a", "months": 1e999}', "the number inf is not finite"),
        ('{"model_id": "\\ud800", "months": 1}', "has a character that is none"),
        ('{"model_id": "a\\u0000", "months": 1}', "has a character that is none"),
        (f'{{"model_id": "a", "months": {"9" * 5000}}}', "is not JSON that is read here"),
        ("[]", "does not have its shape: the whole: .*not '\\[\\]'"),
        ('{"model_id": "a"}', "months: field required"),
        ('{"model_id": "a", "months": "²"}', "months: input should be a valid integer.*not .*²"),
        ('{"model_id": "a", "months": 1, "more": 2}', "more: extra inputs are not permitted"),
        ("\ufeff{}", "is not JSON: Unexpected UTF-8 BOM"),
    ],
)  # fmt: skip
def test_json_has_the_shape_of_its_schema(tmp_path, content, cause):
    (tmp_path / "x").write_text(content, "utf-8")
    with pytest.raises(StoredFileError, match=cause) as caught:
        read_json(tmp_path / "x", Card, Kind("the card", "Restore it."))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500 + len(str(tmp_path))


def test_json_arrives_as_its_schema(tmp_path):
    (tmp_path / "x").write_text('{"model_id": "ü", "months": 3}', "utf-8")
    assert read_json(tmp_path / "x", Card, KIND) == Card(model_id="ü", months=3)
    (tmp_path / "x").write_text("[NaN, 1.5]")
    assert read_json(tmp_path / "x", list[float], KIND, nan=True)[1] == 1.5


COLUMNS = ("batch", "decision")


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        ("", "does not have the columns batch, decision, but nothing"),
        ("batch,decided\na,b\n", "but 'batch,decided'"),
        ("\ufeffbatch,decision\n", "but '\\\\ufeffbatch,decision'"),
        ("batch,decision,decision\n", "does not have the columns"),
        ("batch,decision\na\n", "has 1 fields in place of 2 in line 2: 'a'"),
        ("batch,decision\na,b,c\n", "has 3 fields in place of 2 in line 2: 'a,b,c'"),
        ('batch,decision\na,"b\n', "has a fault in line 2: unexpected end of data"),
        ('batch,decision\na,"b"c\n', "has a fault in line 2"),
        ("batch,decision\na,wai", "is cut off in its last line: 'a,wai'"),
        (f"batch,decision\na,{'x' * 1_000_001}\n", "has a fault in line 2: field larger"),
    ],
)
def test_csv_has_exactly_its_columns(tmp_path, content, cause):
    (tmp_path / "x").write_text(content, "utf-8")
    with pytest.raises(StoredFileError, match=cause) as caught:
        read_csv(tmp_path / "x", COLUMNS, Kind("the decisions", APPEND_ONLY))
    assert str(caught.value).endswith("restore it from a backup.")


def test_a_field_beyond_the_limit_of_the_csv_module_is_read(tmp_path):
    (tmp_path / "x").write_text(f'batch,decision\r\na,"{"y" * 140_000}\nz"\r\n\r\n')
    (row,) = read_csv(tmp_path / "x", COLUMNS, Kind("the decisions"))
    assert row == {"batch": "a", "decision": "y" * 140_000 + "\nz"}


@pytest.mark.parametrize("text", ["²", "٣", "", "-1", "1.0", "1e3", " 1", "1_0", "9" * 5_000])
def test_a_whole_number_is_a_few_ascii_digits(text):
    assert whole_number(text) is None
    assert whole_number("012") == 12


def test_a_very_large_file_has_a_hash_and_is_no_text(tmp_path):
    (tmp_path / "x").write_bytes(b"\0" * 3_000_000)
    assert len(sha256_of(tmp_path / "x", KIND)) == 64
    with pytest.raises(StoredFileError, match="beyond the 2,000"):
        read_text(tmp_path / "x", KIND)


def test_an_example_is_short_and_harmless_to_a_terminal():
    assert shown("a" * 100) == f"'{'a' * 60}…'"
    assert "\x1b" not in shown("\x1b[31mred\n")
    assert shown("") == "nothing"


def test_every_failure_is_an_error_that_a_user_is_meant_to_see():
    assert issubclass(StoredFileError, ClvError)
    assert json.dumps(str(StoredFileError(None, KIND, "is missing")))
