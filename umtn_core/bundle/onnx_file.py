"""Reads what a graph takes, gives and weighs from an ONNX file, without running it.

The onnx package is not among the run time's needs, and opening a session for every
graph of a bundle takes seconds. What is wanted of the format is little: messages of
numbered fields (Protocol Buffers), a few of which are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umtn_core.errors import UmtnError

#: Numbers that ONNX gives to the element types in use here.
ELEMENT_TYPES: dict[int, type[np.generic]] = {1: np.float32, 7: np.int64}

# Field numbers, from onnx.proto.
MODEL_GRAPH = 7
GRAPH_INPUT, GRAPH_OUTPUT = 11, 12
GRAPH_INITIALIZER = 5
_VALUE_NAME, _VALUE_TYPE = 1, 2
_TYPE_TENSOR = 1
_TENSOR_TYPE_ELEMENT, _TENSOR_TYPE_SHAPE = 1, 2
_SHAPE_DIM = 1
_DIM_VALUE, _DIM_NAME = 1, 2
TENSOR_DIMS, TENSOR_ELEMENT, TENSOR_NAME, TENSOR_RAW = 1, 2, 8, 9

_Field = int | memoryview


@dataclass(frozen=True)
class Port:
    """An input or output of a graph: element type, and dimensions by number or by name."""

    name: str
    element: type[np.generic] | None
    dims: tuple[int | str, ...]

    @classmethod
    def parse(cls, message: memoryview) -> Port:
        """Read the description of one, a message of the format."""
        name, element, dims = "", None, []
        for number, field in _fields(message):
            if number == _VALUE_NAME:
                name = _text(field)
            elif number == _VALUE_TYPE:
                for tensor in _submessages(as_message(field), _TYPE_TENSOR):
                    for part, value in _fields(tensor):
                        if part == _TENSOR_TYPE_ELEMENT and isinstance(value, int):
                            element = ELEMENT_TYPES.get(value)
                        elif part == _TENSOR_TYPE_SHAPE:
                            dims = [_dim(d) for d in _submessages(as_message(value), _SHAPE_DIM)]
        return cls(name, element, tuple(dims))


@dataclass(frozen=True)
class GraphFile:
    """What is looked at in an ONNX file.

    Attributes
    ----------
    inputs, outputs : tuple of Port
    weights : dict
        The initializers by name, read-only arrays on the file's own bytes.
    """

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    weights: dict[str, NDArray[np.generic]]

    @classmethod
    def parse(cls, contents: bytes) -> GraphFile:
        """Read a file's contents.

        Raises
        ------
        UmtnError
            If they are not an ONNX model.
        """
        try:
            graphs = [f for number, f in _fields(memoryview(contents)) if number == MODEL_GRAPH]
            graph = list(_fields(as_message(graphs[0])))
            weights = [_weight(as_message(f)) for n, f in graph if n == GRAPH_INITIALIZER]
            return cls(
                tuple(Port.parse(as_message(f)) for n, f in graph if n == GRAPH_INPUT),
                tuple(Port.parse(as_message(f)) for n, f in graph if n == GRAPH_OUTPUT),
                dict(weights),
            )
        except (ValueError, IndexError, KeyError, OverflowError) as error:
            raise UmtnError("This is not an ONNX file.") from error


def _fields(message: memoryview) -> Iterator[tuple[int, _Field]]:
    """Walk the fields of a message, in order: number, and a whole number or the bytes."""
    return ((number, field) for number, field, _ in spans(message))


def spans(message: memoryview) -> Iterator[tuple[int, _Field, memoryview]]:
    """Walk the fields of a message: as `_fields`, and all bytes of each, its number included.

    Raises
    ------
    ValueError, IndexError
        If it is not a message.
    """
    at = 0
    while at < len(message):
        begin = at
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        field: _Field
        if kind == 0:
            field, at = _varint(message, at)
        elif kind == 2:
            size, at = _varint(message, at)
            field = _slice(message, at, size)
            at += size
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            field = _slice(message, at, size)
            at += size
        else:
            raise ValueError(f"field of unknown kind {kind}")
        yield number, field, message[begin:at]


def _slice(message: memoryview, at: int, size: int) -> memoryview:
    if at + size > len(message):
        raise ValueError("a field is longer than its message")
    return message[at : at + size]


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """Read a whole number of seven bits a byte; also returns where it ends."""
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise ValueError("a number is too long")


def as_message(field: _Field) -> memoryview:
    """Take a field as a message; ValueError if it is a number."""
    if isinstance(field, int):
        raise ValueError("a number where a message should be")
    return field


def _dim(message: memoryview) -> int | str:
    for number, field in _fields(message):
        if number == _DIM_VALUE and isinstance(field, int):
            return field
        if number == _DIM_NAME:
            return _text(field)
    return "?"


def _weight(message: memoryview) -> tuple[str, NDArray[np.generic]]:
    name, dims, element, raw = "", [], 0, memoryview(b"")
    for number, field in _fields(message):
        if number == TENSOR_DIMS:
            dims += [field] if isinstance(field, int) else packed(field)
        elif number == TENSOR_ELEMENT and isinstance(field, int):
            element = field
        elif number == TENSOR_NAME:
            name = _text(field)
        elif number == TENSOR_RAW:
            raw = as_message(field)
    return name, np.frombuffer(raw, ELEMENT_TYPES[element]).reshape(dims)


def packed(message: memoryview) -> list[int]:
    """Read whole numbers that lie one behind the other."""
    values, at = [], 0
    while at < len(message):
        value, at = _varint(message, at)
        values.append(value)
    return values


def _submessages(message: memoryview, wanted: int) -> list[memoryview]:
    return [as_message(field) for number, field in _fields(message) if number == wanted]


def _text(field: _Field) -> str:
    return bytes(as_message(field)).decode()
