"""The model file: plain containers and arrays as bytes, and nothing that could run.

The bytes are a compressed pickle of dicts, lists, tuples, text, bytes and numbers alone, for which no
class has to be looked up; an array is a dict of its type, shape and bytes. So the unpickler looks up
no class and calls nothing, whatever the file asks for. The same model gives the same bytes.
"""

from __future__ import annotations

import io
import pickle
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NoReturn

import numpy as np

from clv.errors import ClvError
from clv.registry.manifest import MODEL
from clv.registry.model_id import ModelId

FORMAT = "clv model 1"
COMPRESSION = 6
PROTOCOL = 4
LARGEST = 2**31  # bytes, uncompressed
DEEPEST = 32
DTYPES = ("|b1", "|u1", "<i4", "<i8", "<f4", "<f8")
ARRAY = "array"


@dataclass(frozen=True)
class ModelFile:
    """What a model file holds: the champion, its clusters, and the customers of its baseline."""

    model_id: ModelId
    champion: dict[str, Any]
    clusters: dict[str, Any]
    baseline: dict[str, Any] | None = None

    def to_bytes(self) -> bytes:
        """Return the bytes of the file."""
        text = io.BytesIO()
        pickler = pickle.Pickler(text, protocol=PROTOCOL)
        # Without its memory of objects seen, equal models give equal bytes.
        pickler.fast = True
        pickler.dump({"format": FORMAT, "model": _encoded(asdict(self))})
        return zlib.compress(text.getvalue(), COMPRESSION)

    @classmethod
    def from_bytes(cls, content: bytes, name: str) -> ModelFile:
        """Read a file whose SHA-256 was checked; `name` is how a message calls it.

        Raises
        ------
        ClvError
            When it is of another format, or holds anything but plain containers and arrays.
        """
        stored = _unpickled(_uncompressed(content, name), name)
        if not isinstance(stored, dict) or stored.get("format") != FORMAT:
            raise _former(name)
        try:
            model = _decoded(stored["model"])
            made = cls(**{**model, "model_id": ModelId(model["model_id"])})
        except (KeyError, TypeError, ValueError) as error:
            raise _broken(name, str(error)) from error
        parts: list[tuple[object, tuple[type, ...]]] = [
            (made.champion, (dict,)),
            (made.clusters, (dict,)),
            (made.baseline, (dict, type(None))),
        ]
        if not all(isinstance(part, kinds) for part, kinds in parts):
            raise _broken(name, "a part of it is of another type")
        return made


class _Unpickler(pickle.Unpickler):
    """An unpickler that knows no class and no function."""

    def find_class(self, module_name: str, global_name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"it asks for {module_name}.{global_name}")

    def persistent_load(self, pid: Any) -> NoReturn:
        raise pickle.UnpicklingError("it refers to an object outside of it")


def _uncompressed(content: bytes, name: str) -> bytes:
    try:
        stream = zlib.decompressobj()
        text = stream.decompress(content, LARGEST)
    except zlib.error as error:
        raise _former(name) from error
    if not stream.eof:
        raise _broken(name, "it is cut off, or larger than a model can be")
    return text


def _unpickled(text: bytes, name: str) -> Any:
    try:
        return _Unpickler(io.BytesIO(text)).load()
    except pickle.UnpicklingError as error:
        if "it asks for" in str(error):
            raise _former(name) from error
        raise _broken(name, str(error)) from error
    except Exception as error:  # a broken pickle may raise anything, says Python's documentation
        raise _broken(name, f"{type(error).__name__}: {error}") from error


def _encoded(value: Any) -> Any:
    """Return plain containers for a model that holds numbers of numpy and arrays."""
    if isinstance(value, np.ndarray):
        if value.dtype.newbyteorder("<").str not in DTYPES:
            raise TypeError(f"an array of {value.dtype} is not stored in a model file")
        array = np.ascontiguousarray(value.astype(value.dtype.newbyteorder("<"), copy=False))
        stored = (array.dtype.str, tuple(int(size) for size in array.shape), array.tobytes())
        return {ARRAY: stored}
    if isinstance(value, Mapping):
        if ARRAY in value or not all(isinstance(key, str) for key in value):
            raise TypeError(f"a key of {sorted(map(str, value))} is not stored in a model file")
        return {str(key): _encoded(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_encoded(part) for part in value)
    if isinstance(value, np.generic):
        return _encoded(value.item())
    for kind in (bool, int, float, str, bytes):
        if isinstance(value, kind):
            return kind(value)
    if value is None:
        return None
    raise TypeError(f"{type(value).__name__} is not stored in a model file")


def _decoded(value: Any, depth: int = 0) -> Any:
    """Return the model with its arrays; they cannot be written to."""
    if depth > DEEPEST:
        raise ValueError("it is nested too deeply")
    if isinstance(value, dict):
        if set(value) == {ARRAY}:
            return _array(*value[ARRAY])
        if not all(type(key) is str for key in value):
            raise ValueError("a key of it is no text")
        return {key: _decoded(part, depth + 1) for key, part in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_decoded(part, depth + 1) for part in value)
    if value is None or type(value) in (bool, int, float, str, bytes):
        return value
    raise ValueError(f"it holds a {type(value).__name__}")


def _array(dtype: Any, shape: Any, content: Any) -> Any:
    sizes = isinstance(shape, tuple) and all(type(n) is int and n >= 0 for n in shape)
    if dtype not in DTYPES or not sizes or type(content) is not bytes:
        raise ValueError("an array of it has no known type or shape")
    return np.frombuffer(content, dtype=dtype).reshape(shape)


def _former(name: str) -> ClvError:
    return ClvError(
        f"{name} is no model file of this version: it is of a former format, which could hold code, "
        "or no model at all. It was not opened. Run `clv train` to make a champion anew."
    )


def _broken(name: str, why: str) -> ClvError:
    return ClvError(f"{name} is no whole model file ({why}). {MODEL.fix}")
