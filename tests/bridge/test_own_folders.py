from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from bridge.own_folders import make_own, strangers_in

pytestmark = pytest.mark.skipif(os.name != "posix", reason="has other rights")


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o077])
def test_all_that_is_missing_is_made_for_this_user_alone(tmp_path: Path, umask: int) -> None:
    there = tmp_path / "there"
    there.mkdir(mode=0o755)
    before = os.umask(umask)
    try:
        for _ in range(2):
            make_own(there / "a" / "b" / "c")
    finally:
        os.umask(before)
    made = [there, *sorted(there.rglob("*"))]
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in made] == [0o755, *[0o700] * 3]


def test_what_cannot_be_made_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    for name in ("file", "file/below", "link/below", f"{'x' * 300}/below"):
        with pytest.raises(OSError):
            make_own(tmp_path / name)
    assert {path.name for path in tmp_path.iterdir()} == {"file", "link"}


def test_a_group_is_no_stranger_but_everybody_is(tmp_path: Path) -> None:
    for mode, found in ((0o700, ""), (0o2775, ""), (0o757, "is open to every user")):
        tmp_path.chmod(mode)
        assert strangers_in(tmp_path).startswith(found) and bool(strangers_in(tmp_path)) == bool(
            found
        )


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root gives folders away")
def test_the_owner_of_a_folder_is_named(tmp_path: Path) -> None:
    os.chown(tmp_path, 54_321, 54_321)
    assert strangers_in(tmp_path) == "belongs to user number 54321"
    os.chown(tmp_path, 1, 1)
    assert strangers_in(tmp_path).startswith("belongs to the user ")
