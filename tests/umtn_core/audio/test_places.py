"""A name or folder in which nothing could be written is refused, and nothing is left by asking."""

import errno
import os
import shutil
from types import SimpleNamespace

import pytest

from umtn_core.audio import places
from umtn_core.audio.places import ImpossibleName, check_place, check_room
from umtn_core.errors import UmtnError

LONGEST = 255


@pytest.mark.parametrize("name", ["a.wav", "x" * (LONGEST - 4) + ".wav", "\u00e9" * 125 + ".wav"])
def test_a_name_that_is_possible_leaves_nothing(tmp_path, name):
    check_place(tmp_path / name, overwrite=False)
    assert os.listdir(tmp_path) == []
    check_place(tmp_path / "new" / "newer" / name, overwrite=False, make_folders=True)
    assert os.listdir(tmp_path) == []
    (tmp_path / name).write_bytes(b"")


@pytest.mark.parametrize(
    "name",
    [
        "x" * (LONGEST - 3) + ".wav",
        # Counted in bytes.
        "\u00e9" * 126 + ".wav",
        "x" * 256 + "/a.wav",
        "new/" + "x" * 256 + "/a.wav",
        "d/" * 2_100 + "a.wav",
    ],
)
def test_a_name_that_is_too_long_is_refused(tmp_path, name):
    with pytest.raises(ImpossibleName, match="too long for the file system; choose a shorter one"):
        check_place(tmp_path / name, overwrite=True, make_folders=True)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["a\0b.wav", "\ud800.wav"])
def test_a_name_that_no_file_can_have_is_refused(tmp_path, name):
    with pytest.raises(ImpossibleName, match="no file can have that name"):
        check_place(tmp_path / name, overwrite=True)


@pytest.mark.parametrize("code", [errno.EINVAL, errno.EILSEQ])
def test_a_name_that_this_file_system_does_not_allow_is_refused(tmp_path, monkeypatch, code):
    opened = os.open

    def no_question_marks(path, *options):
        if "?" in str(path):
            raise OSError(code, os.strerror(code))
        return opened(path, *options)

    monkeypatch.setattr(os, "open", no_question_marks)
    check_place(tmp_path / "what.wav", overwrite=False)
    for name in ("what?.wav", "what?/a.wav"):
        with pytest.raises(ImpossibleName, match="allows no such name"):
            check_place(tmp_path / name, overwrite=False, make_folders=True)


def test_another_file_of_the_name_that_is_tried_stays(tmp_path):
    (tmp_path / ".a.wav").write_text("precious")
    check_place(tmp_path / "a.wav", overwrite=False)
    assert (tmp_path / ".a.wav").read_text() == "precious"


@pytest.mark.parametrize("name", ["file/a.wav", "file/new/a.wav", "lost/a.wav", "lost/new/a.wav"])
def test_what_is_no_folder_is_said(tmp_path, name):
    (tmp_path / "file").write_text("precious")
    (tmp_path / "lost").symlink_to("nowhere")
    with pytest.raises(UmtnError, match=f"{name[:4]} is not a folder"):
        check_place(tmp_path / name, overwrite=True, make_folders=True)


def test_a_missing_folder_is_refused_unless_it_will_be_made(tmp_path):
    with pytest.raises(UmtnError, match="There is no folder"):
        check_place(tmp_path / "new/a.wav", overwrite=False)
    check_place(tmp_path / "new/a.wav", overwrite=False, make_folders=True)


@pytest.mark.parametrize("refusal", [errno.EACCES, errno.EROFS, errno.ENOSPC])
def test_a_folder_that_takes_no_file_is_refused_whatever_its_rights_say(
    tmp_path, monkeypatch, refusal
):
    def refuse(*_):
        raise OSError(refusal, os.strerror(refusal))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(UmtnError, match=f"Cannot write .*a.wav: {os.strerror(refusal)}"):
        check_place(tmp_path / "a.wav", overwrite=True)


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_no_file_is_never_replaced(tmp_path, overwrite):
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "loop.wav").symlink_to("loop.wav")
    for name in ("pipe.wav", "folder.wav", "loop.wav"):
        with pytest.raises(UmtnError):
            check_place(tmp_path / name, overwrite=overwrite)
    assert sorted(os.listdir(tmp_path)) == ["folder.wav", "loop.wav", "pipe.wav"]


def test_a_link_is_there_even_if_it_leads_nowhere(tmp_path):
    (tmp_path / "a.wav").symlink_to("b.wav")
    with pytest.raises(UmtnError, match="exists already"):
        check_place(tmp_path / "a.wav", overwrite=False)
    check_place(tmp_path / "a.wav", overwrite=True)
    (tmp_path / "far.wav").symlink_to("nowhere/b.wav")
    with pytest.raises(UmtnError, match=r"There is no folder .*nowhere"):
        check_place(tmp_path / "far.wav", overwrite=True)


def disk(monkeypatch, total, used, free):
    usage = SimpleNamespace(total=total, used=used, free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)


def test_what_surely_does_not_fit_is_refused(tmp_path, monkeypatch):
    disk(monkeypatch, total=10_000_000, used=4_000_000, free=6_000_000)
    check_room(tmp_path / "new/a.wav", 6_000_000)
    check_room(tmp_path / "a.wav", 2_000_000, besides=4_000_000)
    with pytest.raises(UmtnError, match=r"6\.1 MB, .*6\.0 MB are free"):
        check_room(tmp_path / "new/a.wav", 6_100_000)
    with pytest.raises(UmtnError, match=r"2\.1 MB after 4\.0 MB of others"):
        check_room(tmp_path / "a.wav", 2_100_000, besides=4_000_000)


def test_what_is_kept_for_the_superuser_is_free_to_that_alone(tmp_path, monkeypatch):
    disk(monkeypatch, total=10_000_000, used=4_000_000, free=5_000_000)
    monkeypatch.setattr(places.os, "geteuid", lambda: 0)
    check_room(tmp_path / "a.wav", 6_000_000)
    monkeypatch.setattr(places.os, "geteuid", lambda: 1000)
    with pytest.raises(UmtnError, match="are free"):
        check_room(tmp_path / "a.wav", 6_000_000)


def test_nothing_is_refused_where_nobody_knows_what_is_free(tmp_path, monkeypatch):
    disk(monkeypatch, total=0, used=0, free=0)
    check_room(tmp_path / "a.wav", 6_000_000)
    disk(monkeypatch, total=10, used=10, free=0)
    check_room(tmp_path / "a.flac", 0)


def test_a_file_longer_than_the_file_system_knows_is_refused(tmp_path, monkeypatch):
    disk(monkeypatch, total=10**12, used=0, free=10**12)
    check_room(tmp_path / "a.wav", 2**33)
    seek = os.lseek

    def as_on_fat(descriptor, place, whence):
        if place >= 2**32:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return seek(descriptor, place, whence)

    monkeypatch.setattr(os, "lseek", as_on_fat)
    check_room(tmp_path / "a.wav", 2**32 - 1)
    with pytest.raises(UmtnError, match=r"4\.3 GB, more than a file can have"):
        check_room(tmp_path / "new/a.wav", 2**32)
    assert os.listdir(tmp_path) == []
