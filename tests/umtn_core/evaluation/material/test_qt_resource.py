import struct
import zlib

import pytest

from umtn_core.errors import UmtnError
from umtn_core.evaluation.material.qt_resource import read_qt_resource


def resource(version=3, flags=(0, 1), payloads=(b"first", b"second" * 50)):
    """A tree ``sounds/{a.ogg, b.ogg}``, written as Qt's ``rcc`` does."""
    names, offsets = b"", []
    for name in ("sounds", "a.ogg", "b.ogg"):
        offsets.append(len(names))
        names += struct.pack(">HI", len(name), 12345) + name.encode("utf-16-be")
    data, places = b"", []
    for flag, payload in zip(flags, payloads, strict=True):
        stored = struct.pack(">I", len(payload)) + zlib.compress(payload) if flag & 1 else payload
        places.append(len(data))
        data += struct.pack(">I", len(stored)) + stored
    stamp = b"" if version == 1 else struct.pack(">Q", 0)
    tree = struct.pack(">IHII", 0, 2, 1, 1) + stamp
    tree += struct.pack(">IHII", offsets[0], 2, 2, 2) + stamp
    for k in (0, 1):
        tree += struct.pack(">IHHHI", offsets[1 + k], flags[k], 0, 0, places[k]) + stamp
    start = 24
    header = struct.pack(
        ">4s5I", b"qres", version, start, start + len(tree), start + len(tree) + len(data), 0
    )
    return header + tree + data + names


@pytest.mark.parametrize("version", [1, 2, 3])
def test_reads_plain_and_compressed_files_with_their_paths(version):
    assert read_qt_resource(resource(version)) == {
        "sounds/a.ogg": b"first",
        "sounds/b.ogg": b"second" * 50,
    }


@pytest.mark.parametrize("content", [b"", b"qres", b"RIFF" + bytes(40), resource(9)])
def test_refuses_what_is_no_resource(content):
    with pytest.raises(UmtnError, match="not a Qt resource"):
        read_qt_resource(content)


def test_refuses_a_damaged_one():
    whole = bytearray(resource())
    at = whole.index(zlib.compress(b"second" * 50))
    whole[at : at + 4] = b"junk"
    with pytest.raises(UmtnError, match="damaged"):
        read_qt_resource(bytes(whole))
    with pytest.raises(UmtnError, match=r"damaged|cut off"):
        read_qt_resource(resource()[:100])


def test_refuses_a_loop():
    whole = bytearray(resource())
    # The folder's first child becomes the folder itself.
    struct.pack_into(">I", whole, 24 + 22 + 10, 1)
    with pytest.raises(UmtnError, match="loop"):
        read_qt_resource(bytes(whole))


def test_names_a_compression_it_does_not_know():
    with pytest.raises(UmtnError, match="Zstandard"):
        read_qt_resource(resource(flags=(0, 4)))
