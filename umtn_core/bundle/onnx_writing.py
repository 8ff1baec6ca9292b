"""Writes the messages of an ONNX file, without the onnx package.

Fields are written in the order of their numbers, as all that write Protocol Buffers do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# Field numbers, from onnx.proto.
NODE_INPUT, NODE_OUTPUT, NODE_NAME, NODE_OPERATOR, NODE_ATTRIBUTE = 1, 2, 3, 4, 5
_ATTRIBUTE_NAME, _ATTRIBUTE_INT, _ATTRIBUTE_INTS, _ATTRIBUTE_TYPE = 1, 3, 8, 20
_INT, _INTS = 2, 7
_VALUE_NAME, _VALUE_TYPE = 1, 2
_TYPE_TENSOR = 1
_TENSOR_ELEMENT, _TENSOR_SHAPE = 1, 2
_SHAPE_DIM = 1
_DIM_VALUE, _DIM_NAME = 1, 2


def message(number: int, contents: bytes) -> bytes:
    """Write a field that holds a message, or text."""
    return _varint(number << 3 | 2) + _varint(len(contents)) + contents


def number(number: int, value: int) -> bytes:
    """Write a field that holds a whole number."""
    return _varint(number << 3) + _varint(value)


def node(
    operator: str,
    inputs: Sequence[str],
    outputs: Sequence[str],
    name: str,
    attributes: Mapping[str, int | Sequence[int]] | None = None,
) -> bytes:
    """Describe a node, whose attributes are whole numbers or lists of them."""
    return b"".join(
        [
            *(message(NODE_INPUT, each.encode()) for each in inputs),
            *(message(NODE_OUTPUT, each.encode()) for each in outputs),
            message(NODE_NAME, name.encode()),
            message(NODE_OPERATOR, operator.encode()),
            *(
                message(NODE_ATTRIBUTE, _attribute(key, value))
                for key, value in sorted((attributes or {}).items())
            ),
        ]
    )


def value(name: str, element: int, dims: Sequence[int | str]) -> bytes:
    """Describe an input or output: its ONNX number of an element type, its dimensions."""
    shape = b"".join(
        message(
            _SHAPE_DIM,
            number(_DIM_VALUE, dim) if isinstance(dim, int) else message(_DIM_NAME, dim.encode()),
        )
        for dim in dims
    )
    tensor = number(_TENSOR_ELEMENT, element) + message(_TENSOR_SHAPE, shape)
    return message(_VALUE_NAME, name.encode()) + message(_VALUE_TYPE, message(_TYPE_TENSOR, tensor))


def _attribute(name: str, value: int | Sequence[int]) -> bytes:
    if isinstance(value, int):
        written, kind = number(_ATTRIBUTE_INT, value), _INT
    else:
        written, kind = b"".join(number(_ATTRIBUTE_INTS, each) for each in value), _INTS
    return message(_ATTRIBUTE_NAME, name.encode()) + written + number(_ATTRIBUTE_TYPE, kind)


def _varint(value: int) -> bytes:
    """Write a whole number of seven bits a byte, lowest first."""
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])
