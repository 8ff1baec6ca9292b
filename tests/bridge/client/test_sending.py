"""What cannot be sent as it was meant is said before it is sent, and the rest is sent exactly."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bridge.client import BridgeError
from bridge.client.sending import packet_of, path_for_bridge
from bridge.server.packets import read_packet


def sent(address: str, *values: Any) -> list[Any]:
    (message,) = read_packet(packet_of(address, values))
    assert not message.fault
    return message.arguments


def render(**options: Any) -> list[Any]:
    pairs = [part for pair in options.items() for part in pair]
    return sent("/umtn/render", "a", "/in.wav", "flute", "", *pairs)[4:]


@pytest.mark.parametrize(
    "number",
    [16_777_217, 2**31 - 1, 2**31, 2**63 - 1, -36, 0.3, 16_777_217.0, 1e39, 0.1 + 0.2, 0.5],
)
def test_every_number_arrives_as_it_was(number: float) -> None:
    assert render(start=number) == ["start", number]


@pytest.mark.parametrize(
    ("number", "as_sent"),
    [(np.int64(3), 3), (np.float32(0.25), 0.25), (np.float64(0.3), 0.3), (False, 0), (True, 1)],
)
def test_numbers_of_other_kinds_are_numbers(number: Any, as_sent: float) -> None:
    assert render(postfilter=number) == ["postfilter", as_sent]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (("a", "/\udce9.wav", "flute"), r"The input \$'/\\351.wav' is not UTF-8.*rename the file"),
        (("a", "/a\0.wav", "flute"), r"The input has the control character U\+0000"),
        (("a", "/a.wav", "\udcff"), r"The target \$'\\377' is not UTF-8"),
        (
            ("a", "/a.wav", "flute", "/\udce9.wav"),
            r"output \$'/\\351.wav' is not UTF-8.*another one",
        ),
        (("a", "/a.wav", 5), "The target must be text, not 5"),
        (("a", "/a.wav", "flute", "", "seed", 2**63), r"seed\(0..2147483647\) for seed"),
        (("a", "/a.wav", "flute", "", "seed", None), "The seed must be a number, or text"),
        (("a", "/a.wav", "flute", "", "model", b"m"), "The model must be text, not b'm'"),
        (("a", "/a.wav", "flute", "", "hue", "x" * 20_000), "may have 16384 bytes"),
        (("a", "/" + "x/" * 9_000, "flute"), "18001 bytes of UTF-8, but may have 4096"),
        (("x" * 513, "/a.wav", "flute"), "The id has 513 bytes of UTF-8, but may have 512"),
        (("", "/a.wav", "flute"), "The id is empty"),
        (("a\tb", "/a.wav", "flute"), r"The id has the control character U\+0009"),
        ((5, "/a.wav", "flute"), "The id must be text, not 5"),
    ],
)
def test_what_cannot_be_sent_is_named(values: tuple[Any, ...], said: str) -> None:
    with pytest.raises(BridgeError, match=said) as caught:
        packet_of("/umtn/render", values)
    assert caught.value.code == "bad_request"


@pytest.mark.parametrize("token", ["x" * 1_025, "abcdefgh\tijklmnop", "two\nlines", "\udcff" * 16])
def test_a_token_that_no_bridge_can_have_is_not_sent(token: str) -> None:
    with pytest.raises(BridgeError, match="The token "):
        packet_of("/umtn/token", [token])


def test_a_name_may_begin_with_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    for name in ("~take.wav", "./~take.wav", "~root", Path("~take.wav"), b"~take.wav"):
        assert path_for_bridge(name, "input") == str(tmp_path / os.path.basename(os.fsdecode(name)))
    assert path_for_bridge("~/take.wav", "input") == "/home/me/take.wav"
    (tmp_path / "~").mkdir()
    (tmp_path / "~" / "take.wav").touch()
    assert path_for_bridge("~/take.wav", "input") == str(tmp_path / "~" / "take.wav")


def test_a_path_says_what_it_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert path_for_bridge("new/", "input") == f"{tmp_path}/new/"
    assert path_for_bridge("file:///music/a.wav", "input") == "file:///music/a.wav"
    (tmp_path / "file:").mkdir()
    (tmp_path / "file:" / "a.wav").touch()
    assert path_for_bridge("file:/a.wav", "input") == f"{tmp_path}/file:/a.wav"
    for odd, said in (("", "The input is empty"), (5, "must be a path, not 5")):
        with pytest.raises(BridgeError, match=said):
            path_for_bridge(odd, "input")  # type: ignore[arg-type]
