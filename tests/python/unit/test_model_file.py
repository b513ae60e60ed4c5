"""A model file holds containers and arrays; whatever else a file asks for does not happen."""

from __future__ import annotations

import io
import pickle
import zlib
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from registry_world import named
from sklearn.linear_model import LinearRegression

from clv.errors import ClvError
from clv.registry.model_file import FORMAT, ModelFile

pytestmark = pytest.mark.slow

ID = named()
MODEL = ModelFile(
    ID,
    {
        "kind": "extra_trees",
        "words": ["a", "ä", ""],
        "pair": (1, 2.5, None, True, 10**30),
        "trees": {"left": np.arange(6, dtype="<i4").reshape(2, 3), "on": np.array([True, False])},
        "nothing": np.empty((0, 3)),
    },
    {"centres": [[0.1, 1 / 3]]},
    {"sample": b"\x00\x01", "customers": 2},
)


class Trap:
    """Writes a file where it is opened by an unpickler that trusts it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.write_text, (self.path, "it ran"))


def same(left: Any, right: Any) -> bool:
    if isinstance(left, np.ndarray):
        return left.dtype == right.dtype and np.array_equal(left, right)
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    return type(left) is type(right) and left == right


def compressed(value: Any) -> bytes:
    return zlib.compress(pickle.dumps(value))


def test_what_was_written_is_read() -> None:
    again = ModelFile.from_bytes(MODEL.to_bytes(), "the file")
    for part in ("champion", "clusters", "baseline"):
        assert same(getattr(again, part), getattr(MODEL, part)), part
    assert again.model_id == ID


def test_the_same_model_gives_the_same_bytes() -> None:
    again = ModelFile.from_bytes(MODEL.to_bytes(), "the file")
    assert again.to_bytes() == MODEL.to_bytes()
    word = "".join(["ki", "nd"])  # equal text that is another object
    twin = ModelFile(ID, {word: "x", "other": "x"}, {})
    assert twin.to_bytes() == ModelFile(ID, {"kind": "x", "other": "".join(["x"])}, {}).to_bytes()


def test_joblib_opens_it_too_and_finds_plain_containers() -> None:
    stored = joblib.load(io.BytesIO(MODEL.to_bytes()))
    assert stored["format"] == FORMAT and type(stored["model"]["model_id"]) is str


@pytest.mark.parametrize("where", ["whole", "beside the format", "inside the model"])
def test_code_in_a_file_never_runs(tmp_path: Path, where: str) -> None:
    trap = Trap(tmp_path / "ran")
    stored: Any = {
        "whole": trap,
        "beside the format": {"format": FORMAT, "model": {}, "more": trap},
        "inside the model": {"format": FORMAT, "model": {"champion": {"x": trap}}},
    }[where]
    content = compressed(stored)
    with pytest.raises(ClvError, match="It was not opened"):
        ModelFile.from_bytes(content, "the file")
    assert not (tmp_path / "ran").exists()
    pickle.loads(zlib.decompress(content))  # else the trap would prove nothing
    assert (tmp_path / "ran").exists()


def former() -> bytes:
    buffer = io.BytesIO()
    estimator = io.BytesIO()
    joblib.dump(LinearRegression(), estimator, compress=3)
    joblib.dump({"champion": {"model": {"bytes": estimator.getvalue()}}}, buffer, compress=3)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        former(), compressed(LinearRegression()), compressed(np.arange(3)), compressed(range(3)),
        b"", b"x" * 99,
    ],
    ids=["former", "estimator", "array", "range", "empty", "noise"],
)  # fmt: skip
def test_a_file_of_another_format_is_named_with_the_way_on(content: bytes) -> None:
    with pytest.raises(ClvError, match=r"former format.*Run `clv train`|cut off.*`clv train`"):
        ModelFile.from_bytes(content, "the file")


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "model",
    [
        None, [], {"model_id": "x"}, {"model_id": "../../x", "champion": {}, "clusters": {}},
        {"model_id": ID, "champion": [], "clusters": {}},
        {"model_id": ID, "champion": {"a": deep(100)}, "clusters": {}},
        {"model_id": ID, "champion": {1: 2}, "clusters": {}},
        {"model_id": ID, "champion": {"a": {1, 2}}, "clusters": {}},
        {"model_id": ID, "champion": {"a": {"array": ("|O", (1,), b"12345678")}}, "clusters": {}},
        {"model_id": ID, "champion": {"a": {"array": ("<f8", (9,), b"12345678")}}, "clusters": {}},
        {"model_id": ID, "champion": {"a": {"array": ("<f8", (-1,), b"12345678")}}, "clusters": {}},
        {"model_id": ID, "champion": {}, "clusters": {}, "more": 1},
    ],
)  # fmt: skip
def test_a_model_of_another_shape_is_refused(model: Any) -> None:
    if isinstance(model, dict) and model.get("model_id") == ID:
        model = {**model, "model_id": str(ID)}
    with pytest.raises(ClvError):
        ModelFile.from_bytes(compressed({"format": FORMAT, "model": model}), "the file")


def test_no_change_of_a_byte_ends_otherwise_than_in_one_message() -> None:
    text, rng = zlib.decompress(MODEL.to_bytes()), np.random.default_rng(11)
    refused = 0
    for _ in range(3000):
        changed = bytearray(text)
        changed[rng.integers(len(text))] = rng.integers(256)
        try:
            ModelFile.from_bytes(zlib.compress(bytes(changed), 1), "the file")
        except ClvError:
            refused += 1
    assert refused > 500


@pytest.mark.parametrize("value", [object(), {1: 2}, np.array([object()]), {"array": 1}, {1, 2}])
def test_what_is_not_plain_is_not_written(value: Any) -> None:
    with pytest.raises(TypeError, match="not stored"):
        ModelFile(ID, {"value": value}, {}).to_bytes()
