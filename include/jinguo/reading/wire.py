"""A Reading as bytes, for the pipe out of the sandbox and for the warehouse; read back against its types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from jinguo.reading.model import Reading

_DTYPES = {1: np.dtype(np.uint8), 8: np.dtype("<f8")}  # states and numbers, by bytes a cell


@dataclass
class ReadAnswer:
    """What a reader process says of one request.

    ``fault``: our own mistake while reading it, as places in the code. ``error``: the file is not where it should be;
    then there is no reading.
    """

    reading: Reading | None = None
    fault: str = ""
    error: str = ""


def encode(value: Any) -> bytes:
    """The bytes of a reading, or of what holds one. Half a surrogate pair, which only a file's name can hold, becomes
    “?”."""
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError:
        plain = msgspec.to_builtins(value, builtin_types=(bytes,), enc_hook=_from_array)
        return _ENCODER.encode(_without_halves(plain))


def decode(data: bytes) -> Reading:
    """An equal reading; msgspec.MsgspecError when the bytes are not one."""
    return _READINGS.decode(data)


def decode_answer(data: bytes) -> ReadAnswer:
    """The same for an answer."""
    return _ANSWERS.decode(data)


def decoder_of(kind: type) -> msgspec.msgpack.Decoder:
    """What reads values of one kind back: a reading, or a record that holds one."""
    return msgspec.msgpack.Decoder(kind, dec_hook=_to_array)


def _from_array(value: Any) -> tuple[int, bytes]:
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{type(value).__name__} is not part of a reading")
    return value.itemsize, np.ascontiguousarray(value, dtype=_DTYPES[value.itemsize]).tobytes()


def _to_array(kind: type, value: Any) -> np.ndarray:
    size, data = value
    return np.frombuffer(data, dtype=_DTYPES[size]).copy()  # a view on bytes could not be written


def _without_halves(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_without_halves(key): _without_halves(item) for key, item in value.items()}
    return [_without_halves(item) for item in value] if isinstance(value, list | tuple) else value


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_from_array)
_READINGS = decoder_of(Reading)
_ANSWERS = decoder_of(ReadAnswer)
