"""Reading Qt's binary resource files (``.rcc``), in which some packages carry recordings.

Only Qt itself reads them otherwise, and PySide would be 80 MB of windows and widgets to unpack one
file with; the tests read what Qt's own compiler ``rcc`` has written.
"""

from __future__ import annotations

import struct
import zlib

from umtn_core.errors import UmtnError

_MAGIC = b"qres"
_COMPRESSED = 1
_DIRECTORY = 2
_ZSTANDARD = 4


def read_qt_resource(container: bytes) -> dict[str, bytes]:
    """Read all files of a binary Qt resource.

    Parameters
    ----------
    container
        The contents of the ``.rcc`` file, of format 1, 2 or 3.

    Returns
    -------
    contents of each file by its path within, parts separated by ``/``

    Raises
    ------
    UmtnError
        If it is no such file, is damaged, or is compressed in a way not known here.
    """
    try:
        magic, version, tree, data, names = struct.unpack_from(">4s4I", container)
    except struct.error:
        raise UmtnError("This is not a Qt resource file: it is too short.") from None
    if magic != _MAGIC or not 1 <= version <= 3:
        raise UmtnError("This is not a Qt resource file of a known format.")
    # From format 2 on, each entry of the tree ends with a time of modification.
    size = 14 if version == 1 else 22
    files: dict[str, bytes] = {}
    waiting = [(0, "")]
    seen = set()
    try:
        while waiting:
            index, folder = waiting.pop()
            if index in seen:
                raise UmtnError("The Qt resource file is damaged: its tree has a loop.")
            seen.add(index)
            entry = tree + index * size
            name, flags = struct.unpack_from(">IH", container, entry)
            # The root alone has no name.
            path = f"{folder}/{_name(container, names + name)}".lstrip("/") if index else ""
            if flags & _DIRECTORY:
                count, first = struct.unpack_from(">II", container, entry + 6)
                waiting += [(child, path) for child in range(first, first + count)]
            else:
                (offset,) = struct.unpack_from(">I", container, entry + 10)
                files[path] = _contents(container, data + offset, flags)
    except (struct.error, UnicodeDecodeError, zlib.error) as error:
        raise UmtnError(f"The Qt resource file is damaged ({error}).") from error
    return files


def _name(container: bytes, at: int) -> str:
    (characters,) = struct.unpack_from(">H", container, at)
    # Its hash lies between the length and the text.
    return container[at + 6 : at + 6 + 2 * characters].decode("utf-16-be")


def _contents(container: bytes, at: int, flags: int) -> bytes:
    (length,) = struct.unpack_from(">I", container, at)
    stored = container[at + 4 : at + 4 + length]
    if len(stored) != length:
        raise UmtnError("The Qt resource file is cut off.")
    if flags & _ZSTANDARD:
        raise UmtnError("The Qt resource file is compressed with Zstandard, which is not read.")
    # Compressed contents begin with their length when expanded.
    return zlib.decompress(stored[4:]) if flags & _COMPRESSED else stored
