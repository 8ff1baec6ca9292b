"""Which file is edited, and which are refused before any work."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from bridge.cli.editing.take import Take
from umtn_core.errors import UmtnError


@pytest.fixture
def take(tmp_path: Path) -> Path:
    path = tmp_path / "library" / "take.wav"
    path.parent.mkdir()
    path.write_bytes(b"sound")
    return path


def test_what_is_no_link_keeps_its_name(take: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(take.parent)
    found = Take.at(Path("take.wav"))
    assert found.path == Path("take.wav")
    assert found.folder == take.parent
    assert [str(found.original(number)) for number in (1, 2)] == [
        "take.original.wav", "take.original-2.wav"
    ]  # fmt: skip


def test_links_lead_to_the_file(take: Path, tmp_path: Path) -> None:
    (tmp_path / "first.wav").symlink_to(Path("library", "take.wav"))
    (tmp_path / "second.wav").symlink_to(tmp_path / "first.wav")
    found = Take.at(tmp_path / "second.wav")
    assert found.path == take
    assert found.original(1) == take.with_name("take.original.wav")
    assert not found.must_stay


def test_a_link_to_nothing_says_what_is_missing(tmp_path: Path) -> None:
    link = tmp_path / "link.wav"
    link.symlink_to(tmp_path / "gone.wav")
    with pytest.raises(UmtnError, match=r"link\.wav is a link to .*gone\.wav, which is not there"):
        Take.at(link)
    ring = tmp_path / "ring.wav"
    ring.symlink_to(ring)
    with pytest.raises(UmtnError, match="cannot be opened: Too many levels"):
        Take.at(ring)


@pytest.mark.parametrize("mode", [0o444, 0o400, 0o555])
def test_a_read_only_file_is_refused_whoever_asks(take: Path, mode: int) -> None:
    take.chmod(mode)
    with pytest.raises(UmtnError, match="is read-only; make it writable"):
        Take.at(take)


def test_a_file_that_the_system_does_not_open_is_refused(
    take: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> int:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(UmtnError, match="cannot be written to: Operation not permitted"):
        Take.at(take)


def test_a_folder_that_cannot_be_written_to_is_refused(
    take: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, _: Path(path) != take.parent)
    with pytest.raises(UmtnError, match=r"The folder .*library cannot be written to"):
        Take.at(take)


def test_a_name_that_leaves_no_room_for_the_original_is_refused(tmp_path: Path) -> None:
    take = tmp_path / f"{'a' * 240}.wav"
    take.touch()
    with pytest.raises(UmtnError, match="give it a shorter name"):
        Take.at(take)


def test_a_disk_without_room_is_refused(take: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = SimpleNamespace(free=2 * len(b"sound"))
    monkeypatch.setattr("shutil.disk_usage", lambda _: free)
    Take.at(take)
    free.free -= 1
    with pytest.raises(UmtnError, match=r"There is no room in .*library for a new take\.wav"):
        Take.at(take)


def test_a_folder_is_no_take(tmp_path: Path) -> None:
    with pytest.raises(UmtnError, match="is not a file"):
        Take.at(tmp_path)


def test_an_earlier_edit_is_known_unless_it_was_undone(take: Path) -> None:
    found = Take.at(take)
    assert found.earlier is None
    found.original(1).write_bytes(b"before")
    assert found.earlier == found.original(1)
    found.original(2).write_bytes(take.read_bytes())
    assert found.earlier is None


def test_a_change_is_seen(take: Path) -> None:
    found = Take.at(take)
    found.check_unchanged()
    os.utime(take, ns=(1, 1))
    with pytest.raises(UmtnError, match="changed in the meantime"):
        found.check_unchanged()
    take.unlink()
    assert found.has_changed


def test_a_file_of_several_names_stays(take: Path, tmp_path: Path) -> None:
    os.link(take, tmp_path / "other.wav")
    assert Take.at(take).must_stay


@pytest.mark.parametrize(
    ("mode", "user", "stays"),
    [(0o1777, 2, True), (0o777, 2, False), (0o1777, 0, False), (0o1777, 3, False)],
)
def test_what_a_shared_folder_lets_nobody_replace_stays(
    mode: int, user: int, stays: bool, take: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder with the sticky bit, only a file's owner and the folder's may replace it."""
    before = SimpleNamespace(st_nlink=1, st_uid=1)
    found = Take(take, take, before)  # type: ignore[arg-type]
    folder = SimpleNamespace(st_mode=mode, st_uid=3)
    monkeypatch.setattr(Path, "stat", lambda _: folder)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert found.must_stay is stays


def test_what_was_kept_of_a_take_is_no_take(take: Path) -> None:
    for tail in ("original", "original-2"):
        kept = take.with_name(f"{take.stem}.{tail}{take.suffix}")
        kept.write_bytes(take.read_bytes())
        with pytest.raises(UmtnError, match="copy it to another name first"):
            Take.at(kept)
    take.rename(take.with_name("gone.wav"))
    assert Take.at(kept).path == kept
