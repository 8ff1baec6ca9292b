"""A new file in a take's place: whole or not at all, and what it was beside it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from bridge.cli.editing.replace import replace
from bridge.cli.editing.take import Take
from umtn_core.errors import Cancelled, UmtnError

OLD = b"old " * 1_000_000
#: A new file as long as the old one, a shorter, and a longer one.
NEW = [b"new " * 1_000_000, b"new", b"new " * 2_000_000]


def writing(content: bytes) -> Callable[[BinaryIO, BinaryIO], None]:
    def write(old: BinaryIO, new: BinaryIO) -> None:
        assert old.read() == OLD
        new.write(content)

    return write


def never() -> bool:
    return False


@pytest.fixture(params=["alone", "of several names"])
def take(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    path = tmp_path / "takes" / "take.wav"
    path.parent.mkdir()
    path.write_bytes(OLD)
    path.chmod(0o640)
    os.utime(path, ns=(10**18, 10**18))
    if request.param != "alone":
        os.link(path, tmp_path / "other.wav")
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def unchanged(take: Path) -> bool:
    same = take.stat().st_mtime_ns == 10**18 and stat.S_IMODE(take.stat().st_mode) == 0o640
    return same and take.read_bytes() == OLD and names(take.parent) == ["take.wav"]


@pytest.mark.parametrize("new", NEW)
def test_the_new_file_is_there_and_what_it_was_beside_it(take: Path, new: bytes) -> None:
    other = take.parent.parent / "other.wav"
    inode = take.stat().st_ino
    copy = replace(Take.at(take), writing(new), never)
    assert copy == take.with_name("take.original.wav")
    assert copy.read_bytes() == OLD
    assert copy.stat().st_mtime_ns == 10**18
    assert take.read_bytes() == new
    assert [stat.S_IMODE(path.stat().st_mode) for path in (take, copy)] == [0o640, 0o640]
    assert names(take.parent) == ["take.original.wav", "take.wav"]
    if other.exists():
        assert take.stat().st_ino == other.stat().st_ino == inode


def test_copies_are_numbered(take: Path) -> None:
    take.with_name("take.original.wav").write_bytes(b"mine")
    copy = replace(Take.at(take), writing(b"new"), never)
    assert copy == take.with_name("take.original-2.wav")
    assert take.with_name("take.original.wav").read_bytes() == b"mine"


def test_what_ends_the_writing_leaves_the_take_alone(take: Path) -> None:
    def write(old: BinaryIO, new: BinaryIO) -> None:
        new.write(b"half")
        raise Cancelled("The translation was cancelled.")

    with pytest.raises(Cancelled):
        replace(Take.at(take), write, never)
    assert unchanged(take)


def test_cancelled_while_it_is_copied_leaves_the_take_alone(take: Path) -> None:
    asked: list[bool] = []

    def stopped() -> bool:
        asked.append(len(asked) == 2)
        return asked[-1]

    with pytest.raises(Cancelled):
        replace(Take.at(take), writing(b"new"), stopped)
    assert len(asked) == 3
    assert unchanged(take)


def test_a_take_that_changes_while_it_is_copied_is_left_alone(take: Path) -> None:
    def stopped() -> bool:
        os.utime(take, ns=(1, 1))
        return False

    with pytest.raises(UmtnError, match="changed in the meantime"):
        replace(Take.at(take), writing(b"new"), stopped)
    assert names(take.parent) == ["take.wav"]


def no_room(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_without_room_for_the_new_file_the_take_is_left_alone(take: Path) -> None:
    with pytest.raises(UmtnError, match=r"Cannot write .*take\.wav: No space left"):
        replace(Take.at(take), no_room, never)
    assert unchanged(take)


def test_without_room_for_the_copy_the_take_is_left_alone(
    take: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[object] = []

    def full(*files: int) -> None:
        called.append(files)
        if len(called) == 2:  # the new file is whole
            no_room()

    monkeypatch.setattr("bridge.cli.editing.replace.copy_attributes", full)
    with pytest.raises(UmtnError, match=r"Cannot keep a copy .* left as it is"):
        replace(Take.at(take), writing(b"new"), never)
    assert unchanged(take)


@pytest.mark.parametrize("new", NEW)
def test_what_cannot_be_brought_to_the_disk_is_taken_back(
    take: Path, monkeypatch: pytest.MonkeyPatch, new: bytes
) -> None:
    real, synced = os.fsync, []

    def full(descriptor: int) -> None:
        real(descriptor)
        synced.append(descriptor)
        # The copy and its folder are on the disk.
        if len(synced) == 3:
            no_room()

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UmtnError, match="No space left"):
        replace(Take.at(take), writing(new), never)
    assert len(synced) >= 3
    assert unchanged(take)


def test_what_cannot_be_taken_back_is_said_to_be_in_the_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = tmp_path / "take.wav"
    take.write_bytes(OLD)
    os.link(take, tmp_path / "other.wav")

    def broken(file: BinaryIO, _: BinaryIO) -> None:
        file.write(b"ha")
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("bridge.cli.editing.replace._fill", broken)
    with pytest.raises(UmtnError, match=r"is in .*take\.original\.wav: copy it back"):
        replace(Take.at(take), writing(b"new"), never)
    assert (tmp_path / "take.original.wav").read_bytes() == OLD
