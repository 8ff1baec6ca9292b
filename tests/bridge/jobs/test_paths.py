"""Tricks with paths: all refused, each told why."""

from __future__ import annotations

import os
import random
import socket
import sys
import threading
import time

import pytest

from bridge.jobs.paths import AllowedFolders
from bridge.jobs.request import RequestError

posix = pytest.mark.skipif(os.name != "posix", reason="needs links, pipes and /proc")


@pytest.fixture
def folders(tmp_path):
    """A session folder, an allowed one, and a secret beside them."""
    for name in ("session", "music", "elsewhere"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "in.wav").write_bytes(b"sound")
    return AllowedFolders(tmp_path / "session", [tmp_path / "music"])


def found(folders, text):
    with folders.input(text) as (path, _):
        return path


def refused(call, *args):
    with pytest.raises(RequestError) as caught:
        call(*args)
    assert caught.value.message.endswith(".") and "\0" not in caught.value.message
    return caught.value.code


def test_files_in_allowed_folders_are_found(folders, tmp_path):
    assert found(folders, "in.wav") == tmp_path / "session" / "in.wav"
    assert found(folders, str(tmp_path / "music" / "in.wav")) == tmp_path / "music" / "in.wav"
    assert found(folders, "../music/in.wav") == tmp_path / "music" / "in.wav"
    assert folders.output("out.wav") == tmp_path / "session" / "out.wav"
    assert folders.output(str(tmp_path / "music" / "Out.WAV")) == tmp_path / "music" / "Out.WAV"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("", "bad_request"),
        ("in.wav\0", "bad_request"),
        ("a\0/in.wav", "bad_request"),
        ("\udcff\udcfe.wav", "bad_request"),
        ("a" * 256 + ".wav", "bad_request"),
        ("a/" * 4000 + "in.wav", "bad_request"),
        ("none.wav", "not_found"),
        ("in.wav/in.wav", "not_found"),
        (".", "bad_request"),
        ("../elsewhere/in.wav", "denied"),
        ("../../../../../../../../etc/passwd", "denied"),
        ("/etc/passwd", "denied"),
        ("/etc/no-such-file", "denied"),
        ("//etc/passwd", "denied"),
        ("/proc/self/environ", "denied"),
        ("/proc/self/fd/0", "denied"),
        ("/dev/zero", "denied"),
        ("/dev/stdin", "denied"),
        ("~/in.wav", "not_found"),
    ],
)
def test_inputs_are_refused(folders, path, code):
    if os.name != "posix" and path.startswith("/"):
        pytest.skip("no such path here")
    assert refused(found, folders, path) == code


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("", "bad_request"),
        ("in.wav", "exists"),
        ("out", "bad_request"),
        (".wav", "bad_request"),
        ("out.flac", "bad_request"),
        ("out.wav\0.txt", "bad_request"),
        ("out.wav/", "exists"),
        ("a" * 252 + ".wav", "bad_request"),
        ("\udcff.wav", "bad_request"),
        ("none/out.wav", "not_found"),
        ("in.wav/out.wav", "not_found"),
        ("../elsewhere/out.wav", "denied"),
        ("../out.wav", "denied"),
        ("/out.wav", "denied"),
        ("/proc/self/cwd/out.wav", "denied"),
        ("/dev/out.wav", "denied"),
    ],
)
def test_outputs_are_refused(folders, path, code):
    if os.name != "posix" and path.startswith("/"):
        pytest.skip("no such path here")
    (folders.session / "out.wav").mkdir() if path == "out.wav/" else None
    assert refused(folders.output, path) == code


@posix
def test_links_count_as_what_they_lead_to(folders, tmp_path):
    session = tmp_path / "session"
    (session / "out of it.wav").symlink_to(tmp_path / "elsewhere" / "in.wav")
    (session / "folder").symlink_to(tmp_path / "elsewhere")
    (session / "loop.wav").symlink_to(session / "loop.wav")
    (session / "dangling.wav").symlink_to(session / "nothing.wav")
    (session / "within.wav").symlink_to(tmp_path / "music" / "in.wav")
    assert refused(found, folders, "out of it.wav") == "denied"
    assert refused(found, folders, "folder/in.wav") == "denied"
    assert refused(folders.output, "folder/out.wav") == "denied"
    assert refused(found, folders, "loop.wav") in ("denied", "not_found")
    assert refused(folders.output, "loop.wav") == "exists"
    assert refused(found, folders, "dangling.wav") == "not_found"
    assert refused(folders.output, "dangling.wav") == "exists"
    assert found(folders, "within.wav") == tmp_path / "music" / "in.wav"


@posix
def test_what_is_not_a_plain_file_is_not_opened(folders, tmp_path):
    """A pipe would be waited for for ever; a device may do something when opened."""
    os.mkfifo(tmp_path / "session" / "pipe.wav")
    assert refused(found, folders, "pipe.wav") == "denied"
    with socket.socket(socket.AF_UNIX) as door:
        where = os.getcwd()
        os.chdir(tmp_path / "session")  # names of sockets must be short
        try:
            door.bind("door.wav")
        finally:
            os.chdir(where)
        assert refused(found, folders, "door.wav") == "denied"
    if os.geteuid() == 0:
        import stat

        os.mknod(tmp_path / "session" / "zero.wav", stat.S_IFCHR | 0o666, os.makedev(1, 5))
        assert refused(found, folders, "zero.wav") == "denied"


@posix
def test_system_folders_stay_closed_when_everything_is_allowed(tmp_path):
    folders = AllowedFolders(tmp_path, ["/"])
    assert refused(found, folders, "/proc/self/maps") == "denied"
    assert refused(found, folders, "/dev/zero") == "denied"
    assert refused(folders.output, "/proc/out.wav") == "denied"
    assert folders.output("/tmp/umtn-no-such-file.wav").name == "umtn-no-such-file.wav"


@pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/shm")
def test_a_folder_among_devices_may_be_allowed_by_name(tmp_path):
    assert AllowedFolders(tmp_path, ["/dev/shm"]).output("/dev/shm/umtn-no-such.wav")


@posix
def test_a_file_that_is_swapped_for_a_link_is_not_read(folders, tmp_path):
    path = found(folders, "in.wav")
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere" / "in.wav")
    with pytest.raises(RequestError) as caught, folders.open_input(path):
        pass
    assert caught.value.code == "denied"


@posix
def test_a_folder_that_is_swapped_for_a_link_is_neither_read_nor_written(folders, tmp_path):
    inner = tmp_path / "session" / "inner"
    inner.mkdir()
    (inner / "in.wav").write_bytes(b"sound")
    source, result = found(folders, "inner/in.wav"), folders.output("inner/out.wav")
    inner.rename(tmp_path / "session" / "moved")
    inner.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RequestError) as caught, folders.open_input(source):
        pass
    assert caught.value.code == "denied"
    with pytest.raises(RequestError), folders.open_folder(result.parent):
        pass


@posix
def test_a_folder_held_open_stays_the_same_one(folders, tmp_path):
    inner = tmp_path / "session" / "inner"
    inner.mkdir()
    with folders.open_folder(inner) as held:
        if held == inner:
            pytest.skip("this system has no paths that lead to an open folder")
        inner.rename(tmp_path / "session" / "moved")
        inner.symlink_to(tmp_path / "elsewhere")
        (held / "out.wav").write_bytes(b"sound")
    assert (tmp_path / "session" / "moved" / "out.wav").exists()
    assert not (tmp_path / "elsewhere" / "out.wav").exists()


@posix
def test_nobody_wins_a_race_against_the_checks(folders, tmp_path):
    """A folder is swapped for a link to a secret and back, as fast as can be, while it is used."""
    inner, aside = tmp_path / "session" / "inner", tmp_path / "session" / "aside"
    inner.mkdir()
    (inner / "in.wav").write_bytes(b"sound")
    (tmp_path / "elsewhere" / "in.wav").write_bytes(b"secret")
    stop, rng = threading.Event(), random.Random(0)

    def swap():
        while not stop.is_set():
            inner.rename(aside)
            inner.symlink_to(tmp_path / "elsewhere")
            inner.unlink()
            aside.rename(inner)
            time.sleep(rng.uniform(0, 0.001))

    swapping = threading.Thread(target=swap)
    swapping.start()
    read, written = 0, 0
    try:
        for i in range(1500):
            try:
                with folders.open_input(found(folders, "inner/in.wav")) as file:
                    assert file.read() == b"sound"
                    read += 1
            except RequestError:
                pass
            try:
                folder = folders.output(f"inner/{i}.wav").parent
                with folders.open_folder(folder) as held:
                    if held != folder:
                        (held / f"{i}.wav").write_bytes(b"sound")
                        written += 1
            except RequestError:
                pass
    finally:
        stop.set()
        swapping.join()
    assert read
    assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == ["in.wav"]
    assert len(list(inner.iterdir())) == 1 + written
