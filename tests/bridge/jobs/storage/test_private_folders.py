from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from bridge.jobs.settings import default_session_folder
from bridge.jobs.storage.private_folders import make_data_folder, make_session_folder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="has other rights")


def mode(folder: Path) -> int:
    return stat.S_IMODE(folder.stat().st_mode)


@pytest.mark.parametrize("make", [make_data_folder, make_session_folder])
def test_what_is_made_is_closed_whatever_the_umask_is(tmp_path: Path, make) -> None:  # type: ignore[no-untyped-def]
    before = os.umask(0)
    try:
        make(tmp_path / "share" / "above" / "folder")
    finally:
        os.umask(before)
    for folder in ("share", "share/above", "share/above/folder"):
        assert mode(tmp_path / folder) == 0o700


def test_a_data_folder_that_an_older_version_left_open_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    for name in (
        "jobs.sqlite",
        "jobs.sqlite-wal",
        "damaged-jobs.sqlite",
        "clock.json",
        "lock",
        "worker-cpu-0.log",
    ):
        (tmp_path / name).touch()
    (tmp_path / "work").mkdir()
    make_data_folder(tmp_path)
    assert mode(tmp_path) == 0o700


def test_a_folder_that_holds_other_things_stays_as_it_is(tmp_path: Path) -> None:
    """Who says --data-folder ~ does not want a home that nobody may pass."""
    tmp_path.chmod(0o755)
    for name in ("jobs.sqlite", "Music"):
        (tmp_path / name).touch()
    make_data_folder(tmp_path)
    assert mode(tmp_path) == 0o755


def test_only_the_default_session_folder_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    folders = [default_session_folder(), tmp_path / "sessions"]
    for folder in folders:
        folder.mkdir(parents=True)
        folder.chmod(0o755)
        make_session_folder(folder)
    assert [mode(folder) for folder in folders] == [0o700, 0o755]
    folders[0].rmdir()
    folders[0].symlink_to(folders[1])
    make_session_folder(folders[0])
    assert mode(folders[1]) == 0o755
