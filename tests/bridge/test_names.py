"""Names of files from the packet that they come in to the file itself, whatever they are."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.jobs.paths import LONGEST_NAME, AllowedFolders
from bridge.jobs.request import RequestError
from bridge.protocol import BY_REPLY, BY_REQUEST
from bridge.server.arguments import BadRequest, read_arguments
from bridge.server.packets import read_packet, reply

pytestmark = pytest.mark.skipif(os.name != "posix", reason="names are of fewer characters here")

# All that a file system takes; dots alone are no names, and a slash divides them.
NAMES = (
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1)
    .filter(lambda name: name.strip(".") and len(name.encode()) <= LONGEST_NAME)
)  # fmt: skip


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> AllowedFolders:
    return AllowedFolders(tmp_path_factory.mktemp("session"))


def packet(*arguments: str) -> bytes:
    builder = OscMessageBuilder("/umtn/render")
    for argument in arguments:
        builder.add_arg(argument, "s")
    built: bytes = builder.build().dgram
    return built


def found(folders: AllowedFolders, text: str) -> bytes:
    """Read what a request for a path is about."""
    (received,) = read_packet(packet("a", text, "trumpet"))
    assert not received.fault
    values = read_arguments(BY_REQUEST["/umtn/render"], received.arguments)
    with folders.input(str(values["input"])) as (_, file):
        return file.read()


@given(NAMES)
@example("Prise\u00a01.wav")
@example("'\\\" %41 ~.wav")
@example("e\u0301\u00e9")
def test_a_file_is_found_by_whatever_name_it_has(folders: AllowedFolders, name: str) -> None:
    path = folders.session / name
    path.write_bytes(name.encode())
    try:
        for text in (name, str(path), f"{path}\n", path.as_uri(), f"file:{quote(str(path))}"):
            assert found(folders, text) == name.encode()
        # In quotes it may be another path, in which quotes are doubled by mistake.
        if not {"'", '"', "\\"} & set(name):
            assert found(folders, f'"{path}"') == found(folders, f"'{path}'") == name.encode()
        for form in ("NFC", "NFD"):
            assert found(folders, unicodedata.normalize(form, str(path))) == name.encode()
        # It comes back as it is.
        (told,) = read_packet(reply("/umtn/done", name, str(path)))
        assert told.arguments == [name, str(path)]
        assert BY_REPLY["/umtn/done"].arguments[1].maximum
    finally:
        path.unlink()


@given(NAMES, st.characters(categories=["Cc"], exclude_characters="\0"), NAMES)
def test_control_characters_alone_are_refused(
    folders: AllowedFolders, before: str, control: str, after: str
) -> None:
    # Between letters, where it is of the name and nothing that was put around it.
    before, after = f"a{before}", f"{after}z"
    name = before + control + after
    assume(len(name.encode()) <= LONGEST_NAME and ":" not in before and "\\" not in name)
    with pytest.raises(RequestError) as caught:
        found(folders, name)
    assert f"the control character U+{ord(control):04X}, in place {len(before) + 1} of" in str(
        caught.value
    )
    with pytest.raises(
        BadRequest, match=rf"^The id has the control character U\+{ord(control):04X}"
    ):
        read_arguments(BY_REQUEST["/umtn/status"], [name])


@given(st.binary(min_size=1, max_size=40).filter(lambda name: b"\0" not in name))
def test_bytes_that_are_not_utf_8_are_refused_as_that(folders: AllowedFolders, raw: bytes) -> None:
    filled = raw + bytes(4 - len(raw) % 4)
    sent = packet("a", "0000", "trumpet").replace(b"0000\0\0\0\0", filled)
    (received,) = read_packet(sent)
    try:
        raw.decode()
    except UnicodeDecodeError:
        with pytest.raises(BadRequest, match="The input of /umtn/render is not UTF-8"):
            read_arguments(BY_REQUEST["/umtn/render"], received.arguments)
        assert received.arguments[0] == "a"
    else:
        values = read_arguments(BY_REQUEST["/umtn/render"], received.arguments)
        assert Path(str(values["input"])) == Path(raw.decode())
