"""Folders held open, through which nobody is led elsewhere."""

from __future__ import annotations

import errno
import os
import stat

import pytest

from bridge.jobs.held_folders import held, is_there

posix = pytest.mark.skipif(os.name != "posix", reason="needs links and folders that can be opened")


def test_what_is_in_a_folder_is_seen_listed_and_opened(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"sound")
    with held(tmp_path) as folder:
        assert folder.stat("a.wav").st_size == 5
        assert folder.names() == ["a.wav"]
        assert folder.is_writable()
        with os.fdopen(folder.open("a.wav"), "rb") as file:
            assert file.read() == b"sound"
    assert is_there(tmp_path) and is_there(tmp_path / "a.wav")
    assert not is_there(tmp_path / "b.wav") and not is_there(tmp_path / "a.wav" / "b.wav")


@posix
def test_no_link_on_the_way_is_followed(tmp_path):
    (tmp_path / "elsewhere" / "inner").mkdir(parents=True)
    (tmp_path / "elsewhere" / "a.wav").write_bytes(b"secret")
    (tmp_path / "link").symlink_to("elsewhere")
    for path in (tmp_path / "link", tmp_path / "link" / "inner", tmp_path / "link" / "none"):
        with pytest.raises(OSError) as caught, held(path):
            pass
        assert caught.value.errno == errno.ELOOP
    with held(tmp_path) as folder:
        assert stat.S_ISLNK(folder.stat("link").st_mode)
        with pytest.raises(OSError):
            folder.open("link")


@posix
def test_a_folder_stays_the_same_whatever_gets_its_name(tmp_path):
    (tmp_path / "folder").mkdir()
    with held(tmp_path / "folder") as folder:
        (tmp_path / "folder").rename(tmp_path / "moved")
        (tmp_path / "folder").mkdir()
        (tmp_path / "moved" / "a.wav").write_bytes(b"sound")
        assert folder.names() == ["a.wav"]


@posix
def test_no_descriptor_is_left_open(tmp_path):
    def count():
        return len(os.listdir("/proc/self/fd"))

    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("needs /proc")
    before = count()
    for path in (tmp_path, tmp_path / "none" / "deeper", tmp_path / "none"):
        is_there(path)
        try:
            with held(path) as folder:
                folder.names()
        except FileNotFoundError:
            pass
    assert count() == before
