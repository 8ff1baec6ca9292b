"""Fetches a real recording to translate: one player, one instrument, a few seconds.

Debian's package `gcompris-qt-data` (an educational suite) carries recordings of two dozen
instruments, licensed GPL-3.0-or-later. They lie in a Qt resource file inside the package, so the
package is fetched with apt and unpacked beside, not installed. Nothing of it is kept in this
repository.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
import tempfile
import zlib
from pathlib import Path

PACKAGE = "gcompris-qt-data"
LICENCE = "GPL-3.0-or-later, from Debian's gcompris-qt-data"
RESOURCES = "usr/share/gcompris-qt/rcc/instruments.rcc"

#: What the recordings of single lines are called there, the clearest first.
FILES = {
    "violin": "violin.ogg",
    "clarinet": "clarinet.ogg",
    "trumpet": "trumpet.ogg",
    "saxophone": "saxophone.ogg",
    "flute": "flute_traversiere.ogg",
    "cello": "cello.ogg",
    "horn": "horn.ogg",
}

_DIRECTORY = 2
_ZLIB = 1


def fetch_recording(instrument: str, folder: Path) -> Path:
    """Fetch the recording of an instrument, or find it where an earlier call left it.

    Parameters
    ----------
    instrument
        One of `FILES`.
    folder
        Where to put it; made if need be.

    Returns
    -------
    Path
        An Ogg Vorbis file.

    Raises
    ------
    OSError
        If apt is missing or cannot reach the package.
    """
    recording = folder / FILES[instrument]
    if not recording.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            resources = _unpack_package(Path(scratch)) / RESOURCES
            whole = read_qt_resource(resources.read_bytes(), FILES[instrument])
        unfinished = recording.with_suffix(".part")
        unfinished.write_bytes(whole)
        unfinished.rename(recording)
    return recording


def _unpack_package(scratch: Path) -> Path:
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise OSError("this machine has no apt to fetch the recording with")
    command = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", PACKAGE]
    try:
        subprocess.run(command, cwd=scratch, check=True, capture_output=True, timeout=300)
        (package,) = scratch.glob("*.deb")
        unpacked = scratch / "unpacked"
        subprocess.run(
            ["dpkg-deb", "--extract", package, unpacked],
            check=True,
            capture_output=True,
            timeout=300,
        )
    except (subprocess.SubprocessError, ValueError) as error:
        raise OSError(f"apt could not fetch {PACKAGE}") from error
    return unpacked


def read_qt_resource(container: bytes, name: str) -> bytes:
    """Read one file out of a binary Qt resource (``.rcc``).

    Parameters
    ----------
    container
        The whole resource file.
    name
        Of the file within, wherever in its tree.

    Raises
    ------
    KeyError
        If there is no such file.
    ValueError
        If this is no Qt resource.
    """
    if container[:4] != b"qres":
        raise ValueError("not a Qt resource file")
    version, tree, data, names = struct.unpack(">IIII", container[4:20])
    # From version 2 on, each entry ends with a time stamp.
    entry_size = 14 if version < 2 else 22

    def name_of(entry: int) -> str:
        (offset,) = struct.unpack_from(">I", container, entry)
        (length,) = struct.unpack_from(">H", container, names + offset)
        start = names + offset + 6
        return container[start : start + 2 * length].decode("utf-16-be")

    def find(index: int) -> bytes | None:
        entry = tree + index * entry_size
        (flags,) = struct.unpack_from(">H", container, entry + 4)
        if flags & _DIRECTORY:
            count, first = struct.unpack_from(">II", container, entry + 6)
            children = (find(child) for child in range(first, first + count))
            return next((child for child in children if child is not None), None)
        if name_of(entry) != name:
            return None
        (offset,) = struct.unpack_from(">I", container, entry + 10)
        (length,) = struct.unpack_from(">I", container, data + offset)
        start = data + offset + 4
        stored = container[start : start + length]
        # Compressed files begin with their length, which zlib does not need.
        return zlib.decompress(stored[4:]) if flags & _ZLIB else stored

    found = find(0)
    if found is None:
        raise KeyError(name)
    return found
