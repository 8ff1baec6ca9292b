"""Tricks with paths: all refused, each told why."""

from __future__ import annotations

import errno
import os
import random
import re
import socket
import sys
import threading
import time
from shlex import quote as shlex_quote
from unicodedata import normalize
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.jobs.held_folders import Folder
from bridge.jobs.paths import AllowedFolders
from bridge.jobs.request import RequestError
from bridge.text import shortened

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
        ("   ", "bad_request"),
        ("in\0.wav", "bad_request"),
        ("in\x85.wav", "bad_request"),
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
        ("~/in.wav", "denied"),
        ("~root/in.wav", "not_found"),
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
    with pytest.raises(RequestError) as caught, folders.open_input(path, "in.wav"):
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
    with pytest.raises(RequestError) as caught, folders.open_input(source, "inner/in.wav"):
        pass
    assert caught.value.code == "denied"
    with pytest.raises(RequestError), folders.open_folder(result.parent, "inner/out.wav"):
        pass


@posix
def test_a_folder_held_open_stays_the_same_one(folders, tmp_path):
    inner = tmp_path / "session" / "inner"
    inner.mkdir()
    with folders.open_folder(inner, "inner/out.wav") as held:
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
                with folders.open_input(found(folders, "inner/in.wav"), "inner/in.wav") as file:
                    assert file.read() == b"sound"
                    read += 1
            except RequestError:
                pass
            try:
                folder = folders.output(f"inner/{i}.wav").parent
                with folders.open_folder(folder, f"inner/{i}.wav") as held:
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


#: What file systems hold and people have: other blanks, joiners, a soft hyphen, marks of direction,
#: private use, a letter newer than this Python, an emoji of several, accents, line separators.
NAMES = [
    "Prise\u00a01.wav", "4.42.48\u202fPM.wav", "\u9332\u97f3\u3000\u4e00.wav",
    "\u0645\u06cc\u200c\u0646.wav", "Geigen\u00adsolo.wav", "\u05e9\u05d9\u05e8\u200f (1).wav",
    "take\u202eone.wav", "a\ue000b\uf022.wav", "\U000323af\u0378.wav",
    "\U0001f469\u200d\U0001f3a4.wav", "Flo\u0308te.wav", "a\u2028b\u2029c.wav", "\ufeffmark.wav",
    " a ", "it's \"live\".wav", "100%25.wav", "take\\ one.wav", "'quoted'", "~", "\ufffe.wav",
    "file:", "C:\\take.wav",
]  # fmt: skip


@posix
@pytest.mark.parametrize("name", NAMES)
def test_what_a_file_system_allows_is_found_by_its_name(folders, tmp_path, name):
    place = tmp_path / "session" / name
    place.write_bytes(b"sound")
    assert found(folders, name) == place
    assert found(folders, str(place)) == place


@posix
@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(".wav")])
def test_what_a_file_system_allows_is_written(folders, tmp_path, name):
    if name.startswith("C:"):
        pytest.skip("for a new file, a path of another system")
    plain = name.replace("\\ ", " ")
    assert folders.output(str(tmp_path / "music" / name)) == tmp_path / "music" / plain


def test_where_a_control_character_is_is_said(folders):
    with pytest.raises(RequestError) as caught:
        found(folders, "take\none.wav")
    assert caught.value.message == (
        r"The input has the control character U+000A, in place 5 of 'take\none.wav'; "
        "rename the file."
    )


@posix
def test_a_name_is_found_in_another_normal_form(folders, tmp_path):
    composed, apart = "\u00e9te\u0301.wav", "e\u0301t\u00e9.wav"  # one name in two mixed forms
    folder = tmp_path / "session" / "Mu\u0308nchen"
    folder.mkdir()
    (folder / composed).write_bytes(b"sound")
    for text in ("M\u00fcnchen", "Mu\u0308nchen"):
        for name in (composed, apart, normalize("NFC", apart), normalize("NFD", apart)):
            assert found(folders, f"{text}/{name}") == folder / composed
            assert found(folders, str(tmp_path / "session" / text / name)) == folder / composed
    assert folders.output("M\u00fcnchen/out.wav") == folder / "out.wav"
    (folder / apart).write_bytes(b"sound")
    assert found(folders, f"M\u00fcnchen/{apart}") == folder / apart
    # Neither of two is guessed at.
    assert refused(found, folders, f"M\u00fcnchen/{normalize('NFC', apart)}") == "not_found"


@posix
def test_an_allowed_folder_is_known_in_another_normal_form(tmp_path):
    music = tmp_path / "Mu\u0308sik"
    music.mkdir()
    (music / "in.wav").write_bytes(b"sound")
    (tmp_path / "session").mkdir()
    folders = AllowedFolders(tmp_path / "session", [music])
    composed = tmp_path / "M\u00fcsik"
    assert found(folders, str(composed / "in.wav")) == music / "in.wav"
    assert folders.output(str(composed / "out.wav")) == music / "out.wav"
    composed.mkdir()  # now another folder, which is not allowed
    assert refused(found, folders, str(composed / "in.wav")) == "denied"


@posix
def test_a_search_for_another_form_leads_out_by_no_link(folders, tmp_path):
    (tmp_path / "elsewhere" / "\u00fc").mkdir()
    (tmp_path / "elsewhere" / "\u00fc" / "\u00e9.wav").write_bytes(b"secret")
    (tmp_path / "session" / "\u00fc").symlink_to(tmp_path / "elsewhere" / "\u00fc")
    for name in ("\u00e9.wav", "e\u0301.wav", "\u00f6.wav"):  # whether it is there is not told
        assert refused(found, folders, f"u\u0308/{name}") == "denied"
    assert refused(folders.output, "u\u0308/out.wav") == "denied"


@posix
@pytest.mark.parametrize(
    "wrapped",
    [
        "file://{uri}", "file://localhost{uri}", "file:{uri}", "FILE://LocalHost{uri}",
        "'{path}'", '"{path}"', "'file://{uri}'", "{path} ", "{path}\n", "{path}\r\n\0\0",
        "\t {path}", "\u202a{path}", "\ufeff{path}", "file://{uri}\r\n", "{escaped}",
        "{escaped} ", "{home}", "'{home}'",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "name", ["take one.wav", "it's (2) & \u00fc\u3000\u9332 100%25.wav", "~.wav"]
)
def test_paths_are_found_as_other_programs_write_them(
    folders, tmp_path, monkeypatch, wrapped, name
):
    if "'" in name and "'{" in wrapped:
        pytest.skip("not how a shell quotes it")
    monkeypatch.setenv("HOME", str(tmp_path / "session"))
    for place in (tmp_path / "session" / name, tmp_path / "music" / name):
        if "{home}" in wrapped and place.parent.name == "music":
            continue
        text = wrapped.format(
            path=place,
            uri=quote(str(place)),
            escaped=re.sub(r"([ '()&~%])", r"\\\1", str(place)),
            home=f"~/{name}",
        )
        assert folders.output(text) == place
        place.write_bytes(b"sound")
        assert found(folders, text) == place
        assert refused(folders.output, text) == "exists"


@posix
@posix
def test_a_link_to_a_name_that_is_not_utf_8_is_refused(folders, tmp_path):
    """Else it would be in the way of whatever is written down with it."""
    folder = os.fsencode(tmp_path / "session")
    os.mkdir(folder + b"/d\xff")
    for name in (b"\xe9.wav", b"d\xff/in.wav"):
        with open(folder + b"/" + name, "wb") as file:
            file.write(b"sound")
    os.symlink(folder + b"/\xe9.wav", folder + b"/link.wav")
    os.symlink(folder + b"/d\xff", folder + b"/folder")
    for text in ("link.wav", "folder/in.wav"):
        with pytest.raises(RequestError, match=f"^{text} leads to a name that is not UTF-8"):
            found(folders, text)
    assert refused(folders.output, "folder/out.wav") == "bad_request"
    assert found(folders, "in.wav") == tmp_path / "session" / "in.wav"


@posix
def test_a_link_leads_to_no_output_that_could_not_be_asked_for(folders, tmp_path):
    (tmp_path / "session" / "a\nb").mkdir()
    (tmp_path / "session" / "link").symlink_to("a\nb")
    with pytest.raises(RequestError, match=r"^link/out\.wav leads to a name with a control"):
        folders.output("link/out.wav")


@posix
@pytest.mark.parametrize(
    "outside",
    [
        "in.wav", "none.wav", "folder", "folder/", "folder/none.wav", "in.wav/in.wav", "link.wav",
        "dangling.wav", "loop.wav", "pipe.wav", "closed/in.wav", "closed/none.wav", "\u00e9.wav",
        "e\u0301.wav", "folder/out.wav", "none/out.wav", "closed/out.wav",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "way", ["{place}", "../elsewhere/{outside}", "door/{outside}", "file://{place}", "'{place}'"]
)
def test_of_what_lies_outside_nothing_is_told(folders, tmp_path, way, outside):
    """Be it there or not, a folder or a file, or what may not be looked at: one sentence."""
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "folder").mkdir()
    (elsewhere / "link.wav").symlink_to("in.wav")
    (elsewhere / "dangling.wav").symlink_to("nothing.wav")
    (elsewhere / "loop.wav").symlink_to("loop.wav")
    (elsewhere / "\u00e9.wav").write_bytes(b"sound")
    os.mkfifo(elsewhere / "pipe.wav")
    (elsewhere / "closed").mkdir(mode=0)
    (tmp_path / "session" / "door").symlink_to(elsewhere)
    text = way.format(place=f"{elsewhere}/{outside}", outside=outside)
    for call in (found, lambda folders, text: folders.output(text)):
        if call is not found and not outside.endswith(".wav"):
            continue
        with pytest.raises(RequestError) as caught:
            call(folders, text)
        assert caught.value.code == "denied"
        assert caught.value.message == (
            f"{shortened(text)} is not in a folder that the bridge may use; put it into "
            f"{shortened(tmp_path / 'session')}, or allow its folder with --allow."
        )


@posix
def test_two_dots_do_not_tell_what_is_a_link(folders, tmp_path):
    """Led back by two dots from what is a link or is none, the path is the same one."""
    deep = tmp_path / "elsewhere" / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (tmp_path / "elsewhere" / "link").symlink_to(deep)
    (tmp_path / "elsewhere" / "plain").mkdir()
    (tmp_path / "session" / "door").symlink_to(tmp_path / "elsewhere")
    for begin in (tmp_path / "elsewhere", "../elsewhere", tmp_path / "music/../elsewhere"):
        for name in ("link", "plain", "none", "in.wav"):
            back = f"{begin}/{name}/../../session"
            assert found(folders, f"{back}/in.wav") == tmp_path / "session" / "in.wav"
            assert refused(found, folders, f"{back}/none.wav") == "not_found"
            assert folders.output(f"{back}/out.wav") == tmp_path / "session" / "out.wav"
    # Within the folders a link's parent is what it is for everybody.
    (tmp_path / "music" / "deep").mkdir()
    (tmp_path / "music" / "take.wav").write_bytes(b"sound")
    (tmp_path / "session" / "deep").symlink_to(tmp_path / "music" / "deep")
    assert found(folders, "deep/../take.wav") == tmp_path / "music" / "take.wav"


@posix
def test_a_refusal_repeats_the_path_as_it_was_sent(folders, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "music" / "secret-home"))
    session = tmp_path / "session"
    secret = tmp_path / "music" / "secret"
    secret.mkdir()
    os.mkfifo(secret / "secret.wav")
    (secret / "folder").mkdir()
    (secret / "s\necret").mkdir()
    (secret / "there.wav").write_bytes(b"")
    (session / "link").symlink_to(secret)
    (session / "out").symlink_to(tmp_path / "elsewhere")
    (session / "pipe").symlink_to(secret / "secret.wav")
    (session / "odd").symlink_to(secret / "s\necret")
    for call, text in (
        (found, "link/none.wav"),
        (found, "link"),
        (found, "pipe"),
        (found, "out/in.wav"),
        (found, "~/none.wav"),
        (found, f"file://{session}/link/none.wav"),
        (found, "'link/none.wav' "),
        (AllowedFolders.output, "link/there.wav"),
        (AllowedFolders.output, "link/none/out.wav"),
        (AllowedFolders.output, "odd/out.wav"),
        (AllowedFolders.output, "out/out.wav"),
        (AllowedFolders.output, "~/out.wav"),
    ):
        with pytest.raises(RequestError) as caught:
            call(folders, text)
        message = caught.value.message
        assert text in message
        assert "secret" not in message and "elsewhere" not in message
        assert str(tmp_path) not in message.replace(text, "").replace(str(session), "")


@posix
def test_the_session_folder_is_called_as_clients_are_told_of_it(folders, tmp_path):
    (tmp_path / "known").symlink_to(tmp_path / "session")
    known = AllowedFolders(tmp_path / "known")
    with pytest.raises(RequestError, match=f"put it into {tmp_path / 'known'}, or"):
        found(known, "/etc/hostname")
    assert found(known, str(tmp_path / "known" / "in.wav")) == tmp_path / "session" / "in.wav"
    (tmp_path / "session" / "in.wav").unlink()
    (tmp_path / "session").rmdir()
    with pytest.raises(RequestError) as caught:
        known.unused(iter(["a.wav"]))
    assert str(tmp_path / "known") in caught.value.message
    assert "session/" not in caught.value.message


@posix
def test_a_race_does_not_tell_what_is_outside_either(folders, tmp_path):
    """As fast as a folder is swapped for a link: what is outside is denied, there or not."""
    inner, aside = tmp_path / "session" / "inner", tmp_path / "session" / "aside"
    inner.mkdir()
    (inner / "both.wav").write_bytes(b"sound")
    (inner / "folder.wav").write_bytes(b"sound")
    (inner / "only here.wav").write_bytes(b"sound")
    (tmp_path / "elsewhere" / "both.wav").write_bytes(b"secret")
    (tmp_path / "elsewhere" / "folder.wav").mkdir()
    stop, said = threading.Event(), set()

    def swap():
        while not stop.is_set():
            inner.rename(aside)
            inner.symlink_to(tmp_path / "elsewhere")
            inner.unlink()
            aside.rename(inner)

    # Its file is within whenever the folder is, and the folder itself is gone now and then.
    swapping = threading.Thread(target=swap)
    swapping.start()
    try:
        for path in ("both.wav", "folder.wav", "only here.wav"):
            for _ in range(1500):
                try:
                    with folders.input(f"inner/{path}") as (_, file):
                        said.add(file.read().decode())
                except RequestError as error:
                    said.add(error.code)
                try:
                    with folders.open_input(inner / path, path) as file:
                        said.add(file.read().decode())
                except RequestError as error:
                    said.add(error.code)
    finally:
        stop.set()
        swapping.join()
    assert "sound" in said
    assert said <= {"sound", "denied", "not_found"}


def test_of_a_long_uri_what_is_no_utf_8_is_shown(folders):
    for text in (f"file:///{'x/' * 99}%E9.wav", f"file:///{'%C3%A9/' * 99}%E9.wav/{'y' * 99}"):
        with pytest.raises(RequestError, match=r"%E9\.wav.*whose bytes are not UTF-8"):
            found(folders, text)


def test_a_word_of_a_shell_may_be_quoted_in_parts(folders, tmp_path):
    place = tmp_path / "music" / "it's.wav"
    place.write_bytes(b"sound")
    assert found(folders, shlex_quote(str(place))) == place


@posix
def test_the_literal_name_wins(folders, tmp_path):
    session = tmp_path / "session"
    for name in ("'in.wav'", "in.wav ", "a\\ b.wav", "a b.wav", "%41.wav", "A.wav"):
        (session / name).write_bytes(b"sound")
    (session / "file:" / str(tmp_path)[1:] / "music").mkdir(parents=True)
    (session / "file:" / str(tmp_path)[1:] / "music" / "in.wav").write_bytes(b"sound")
    for name in ("'in.wav'", "in.wav ", "a\\ b.wav", "%41.wav", f"file:{tmp_path}/music/in.wav"):
        assert found(folders, name) == session / name
    assert found(folders, f"file://{session}/%41.wav") == session / "A.wav"


@posix
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("file:///etc/passwd", "denied"),
        ("file://{session}/%2e%2e/elsewhere/in.wav", "denied"),
        ("file://{session}/..%2felsewhere%2fin.wav", "denied"),
        ("file:{session}/../elsewhere/in.wav", "denied"),
        ("'{session}/../elsewhere/in.wav'", "denied"),
        ("{session}/..\\/elsewhere/in.wav", "denied"),
        ("../elsewhere/in.wav ", "denied"),
        ("file://{session}/link/in.wav", "denied"),
        ("~/../elsewhere/in.wav", "denied"),
        ("file:///proc/self/environ", "denied"),
        ("file:///dev/zero", "denied"),
        ("file://{session}/in%00.wav", "bad_request"),
        ("file://{session}/in%0a.wav", "bad_request"),
        ("file://{session}/%F6.wav", "bad_request"),
        ("file://server/music/in.wav", "bad_request"),
        ("file://in.wav", "bad_request"),
        ("file:in.wav", "not_found"),
        ("smb://server/music/in.wav", "bad_request"),
        ("https://example.org/in.wav", "bad_request"),
        ("C:\\Users\\me\\in.wav", "bad_request"),
        ('"C:\\Users\\me\\in.wav"', "bad_request"),
        ("C:/Users/me/in.wav", "bad_request"),
        ("file:///C:/Users/me/in.wav", "bad_request"),
        ("\\\\server\\music\\in.wav", "bad_request"),
        ("Macintosh HD:/Users/me/in.wav", "bad_request"),
        ("'", "not_found"),
        ("''", "bad_request"),
        ("'in.wav", "not_found"),
        ("in.wav\\", "not_found"),
    ],
)
def test_no_way_of_writing_a_path_leads_elsewhere(folders, tmp_path, monkeypatch, text, code):
    monkeypatch.setenv("HOME", str(tmp_path / "session"))
    (tmp_path / "session" / "link").symlink_to(tmp_path / "elsewhere")
    text = text.format(session=tmp_path / "session")
    assert refused(found, folders, text) == code
    if code != "not_found":
        # Nobody has made that folder, so that the same is said of a file to be made in it.
        text = text.replace("in.wav", "out.wav").replace("passwd", "x.wav").replace("zero", "x.wav")
        assert refused(folders.output, text.replace("environ", "x.wav")) == code


@posix
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("file://server/music/in.wav", "not of a file on the bridge's machine; send a plain path."),
        ("http://localhost/in.wav", "not of a file on the bridge's machine; send a plain path."),
        ("file:///x/%F6.wav", "not UTF-8; send a plain path."),
        ("C:\\in.wav", "a path of another system; send a plain path as this one has it"),
        ("in\x1b[2J.wav", "the control character U+001B, in place 3 of"),
        ("file:///none/in.wav", "/none/in.wav is not in a folder that the bridge may use"),
        ("'none.wav'", "There is no file 'none.wav' (relative paths begin in the session folder)."),
        ("x" * 250 + "/" + "y" * 250 + "/in.wav", "yyy/in.wav (relative"),
    ],
)
def test_what_was_understood_is_said(folders, text, says):
    with pytest.raises(RequestError) as caught:
        found(folders, text)
    assert says in caught.value.message
    assert len(caught.value.message.encode()) < 500
    assert caught.value.message.isprintable()


def test_a_name_that_is_too_long_for_the_disk_is_refused_at_once(folders, monkeypatch):
    stat = Folder.stat

    def of_short_names(folder, name):
        if len(name) > 143:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), name)
        return stat(folder, name)

    monkeypatch.setattr(Folder, "stat", of_short_names)
    with pytest.raises(
        RequestError, match=r"cannot be written: .*; choose another name\."
    ) as caught:
        folders.output("a" * 150 + ".wav")
    assert caught.value.code == "disk"


texts = st.one_of(
    st.text(max_size=40),
    st.lists(
        st.sampled_from(
            ["..", "/", "%2e", "%2f", "file://", "file:/", "'", '"', "\\", " ", "~/", "elsewhere",
             "session", "in.wav", "\u00e9", "e\u0301", "\n", "localhost", "link", "C:", "music"]
        ),
        max_size=12,
    ).map("".join),
)  # fmt: skip


@posix
@given(texts)
@settings(
    max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_text_leads_out_nor_makes_trouble(folders, tmp_path, text):
    """Whatever is sent is a file within, or refused with a sentence that fits a line."""
    link = tmp_path / "session" / "link"
    if not link.is_symlink():
        link.symlink_to(tmp_path / "elsewhere")
    for call in (lambda text: found(folders, text), folders.output):
        for sent in (text, f"{tmp_path}/session/{text}", f"file://{tmp_path}/music/{text}"):
            try:
                path = call(sent)
            except RequestError as error:
                assert error.message.endswith(".")
                assert "\n" not in error.message
                continue
            assert path.parent.is_relative_to(tmp_path / "session") or path.parent.is_relative_to(
                tmp_path / "music"
            )
