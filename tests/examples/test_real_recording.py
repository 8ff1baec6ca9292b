from __future__ import annotations

import importlib.util
import struct
import zlib
from pathlib import Path
from types import ModuleType

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def real_recording() -> ModuleType:
    spec = importlib.util.spec_from_file_location("real_recording", EXAMPLES / "real_recording.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def qt_resource(version: int) -> bytes:
    """A resource file with the tree /(deep/(plain, packed)), as Qt's rcc lays it out."""
    titles = ["deep", "plain", "packed"]
    contents = {"plain": b"as it is", "packed": b"again and " * 50}
    names, name_at = b"", {}
    for title in titles:
        name_at[title] = len(names)
        names += struct.pack(">HI", len(title), 0) + title.encode("utf-16-be")
    plain = contents["plain"]
    packed = struct.pack(">I", len(contents["packed"])) + zlib.compress(contents["packed"])
    data = struct.pack(">I", len(plain)) + plain
    packed_at = len(data)
    data += struct.pack(">I", len(packed)) + packed
    stamp = b"" if version < 2 else bytes(8)
    tree = struct.pack(">IHII", 0, 2, 1, 1) + stamp
    tree += struct.pack(">IHII", name_at["deep"], 2, 2, 2) + stamp
    tree += struct.pack(">IHHHI", name_at["plain"], 0, 0, 0, 0) + stamp
    tree += struct.pack(">IHHHI", name_at["packed"], 1, 0, 0, packed_at) + stamp
    header = struct.pack(">4sIIII", b"qres", version, 20, 20 + len(tree), 20 + len(tree + data))
    return header + tree + data + names


@pytest.mark.parametrize("version", [1, 2])
def test_files_are_read_out_of_a_qt_resource(real_recording: ModuleType, version: int) -> None:
    container = qt_resource(version)
    assert real_recording.read_qt_resource(container, "plain") == b"as it is"
    assert real_recording.read_qt_resource(container, "packed") == b"again and " * 50
    with pytest.raises(KeyError):
        real_recording.read_qt_resource(container, "missing")


def test_what_is_no_qt_resource_is_refused(real_recording: ModuleType) -> None:
    with pytest.raises(ValueError, match="Qt resource"):
        real_recording.read_qt_resource(b"RIFF" + bytes(100), "plain")


def test_a_recording_that_is_there_is_not_fetched_again(
    real_recording: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(OSError, match="apt"):
        real_recording.fetch_recording("violin", tmp_path)
    (tmp_path / "violin.ogg").write_bytes(b"here already")
    assert real_recording.fetch_recording("violin", tmp_path) == tmp_path / "violin.ogg"
