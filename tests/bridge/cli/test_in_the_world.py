"""Files, names and messages as they are in the world, from the command line and over the wire.

Each test makes an input that people are known to have, and expects what they would: the music
whole and in its place, or one sentence that is true. What is listened to with the shipped model,
since an untrained one plays no tune, is long.
"""

from __future__ import annotations

import os
import re
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from bridge.cli.main import umtn
from tests.bridge.conftest import ROOT, RealBridge
from tests.umtn_core.audio.kinds import mp3, wav
from tests.umtn_core.audio.kinds.all import KINDS
from tests.umtn_core.audio.kinds.kind import RATE, Audio, Refused, by_pedalboard, music
from umtn_core import Translator
from umtn_core.audio import read_audio
from umtn_core.errors import UmtnError

SHORT = music(0.1, 1)
NOTES = (523.25, 659.26, 587.33, 783.99)


def command(*arguments: object) -> Result:
    return CliRunner().invoke(umtn, [*map(str, arguments)])


def plain(audio: Audio = SHORT, rate: int = RATE) -> bytes:
    data = wav.chunk(b"data", wav.integers(audio, 16, 2))
    return wav.riff(wav.fmt(wav.PCM, 16, len(audio), rate=rate), data)


def take(folder: Path, name: str = "take.wav", contents: bytes | None = None) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(plain() if contents is None else contents)
    return path


def translated(source: Path, *more: object, model: str = "tiny", to: str = "flute") -> Audio:
    """Translate a file, expect a result as long as it is, and return that."""
    out = source.with_name("out.wav")
    done = command("translate", source, "--to", to, "--model", model, "-o", out, *more)
    assert done.exit_code == 0, done.stderr
    played, rate = read_audio(out)
    heard, source_rate = read_audio(source)
    assert (played.shape, rate) == (heard.shape, source_rate)
    return played.astype(np.float64)


# Files.


@pytest.mark.usefixtures("models_folder")
@pytest.mark.parametrize(
    "name",
    [
        "bare-vbr.mp3", "two-id3.mp3", "joined.mp3", "piped.wav", "id3-before.wav",
        "id3-before.aif", "24-in-4.wav", "bw64.wav", "20-in-3.wav", "12.wav",
    ],
)  # fmt: skip
def test_a_file_is_translated_whole(tmp_path: Path, name: str) -> None:
    (kind,) = (kind for kind in KINDS if kind.name == name)
    assert not isinstance(kind.right, Refused)
    source = take(tmp_path, name, kind.contents)
    played = translated(source, "--segments", 1)
    more = played.shape[1] - kind.right.audio.shape[1]
    assert 0 <= more < 7000
    assert more == 0 or name in ("bare-vbr.mp3", "joined.mp3")


@pytest.mark.usefixtures("models_folder")
def test_what_is_odd_of_a_file_is_said(tmp_path: Path) -> None:
    (kind,) = (kind for kind in KINDS if kind.name == "bare-cut.mp3")
    source = take(tmp_path, kind.name, kind.contents)
    done = command("translate", source, "--to", "flute", "--model", "tiny")
    assert done.exit_code == 0 and kind.remark in done.stderr


@pytest.mark.usefixtures("models_folder")
def test_a_name_that_is_too_long_for_its_result_does_not_end_a_folder(tmp_path: Path) -> None:
    long = take(tmp_path / "takes", "x" * 246 + ".wav")
    take(tmp_path / "takes", "short.wav")
    alone = command("translate", long, "--to", "flute", "--model", "tiny")
    assert alone.exit_code == 1 and "-o" in alone.stderr and "unexpected" not in alone.stderr
    command("translate", long.parent, "--to", "flute", "--model", "tiny")
    assert (long.parent / "short.flute.wav").exists()


@pytest.mark.usefixtures("models_folder")
def test_a_format_that_cannot_hold_the_rate_is_refused_first(tmp_path: Path) -> None:
    source = take(tmp_path, contents=plain(music(0.5, 1, 96_000), 96_000))
    done = command("translate", source, "--to", "flute", "--model", "tiny", "-o",
                   tmp_path / "out.mp3")  # fmt: skip
    assert done.exit_code == 1 and "96000" in done.stderr.replace(",", "")
    assert not re.search(r"\d ?%", done.stderr)
    assert not (tmp_path / "out.mp3").exists()


@pytest.mark.usefixtures("models_folder")
def test_a_folder_is_translated_to_one_instrument_after_another(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav"):
        take(tmp_path, name)
    assert command("edit", tmp_path / "b.wav", "--to", "flute", "--model", "tiny").exit_code == 0
    for target in ("flute", "violin"):
        assert command("translate", tmp_path, "--to", target, "--model", "tiny").exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
        "a.flute.wav", "a.violin.wav", "a.wav",
        "b.flute.wav", "b.original.wav", "b.violin.wav", "b.wav",
    ]  # fmt: skip


@pytest.mark.usefixtures("models_folder")
def test_what_is_mono_but_for_its_dither_stays_together(tmp_path: Path) -> None:
    steps = np.rint(music(0.3, 1) * 32767)
    rng = np.random.default_rng(3)
    dither = rng.random((2, steps.shape[1])) - rng.random((2, steps.shape[1]))
    both = np.rint(steps + dither) / 32767
    played = translated(take(tmp_path, contents=plain(both)))
    assert np.corrcoef(played)[0, 1] > 0.9


@pytest.mark.usefixtures("models_folder")
def test_what_is_taken_for_silence_is_said_to_be(tmp_path: Path) -> None:
    for decibels in (-72, -84, -96):
        faint = SHORT / np.abs(SHORT).max() * 10 ** (decibels / 20)
        data = wav.chunk(b"data", wav.floats(faint, "<f4"))
        source = take(tmp_path, contents=wav.riff(wav.fmt(wav.FLOAT, 32, 1), data))
        done = command("translate", source, "--to", "flute", "--model", "tiny", "--force")
        assert done.exit_code == 0, done.stderr
        played, _ = read_audio(source.with_name("take.flute.wav"))
        assert np.abs(played).max() > 0 or "silent" in done.stderr


def test_arrays_are_taken_samples_first(tiny_bundle: Path) -> None:
    both = np.concatenate([SHORT, 0.5 * SHORT]).astype(np.float32)
    translator = Translator(tiny_bundle, "flute", segments=1)
    assert translator(both.T, RATE).shape == both.T.shape
    with pytest.raises(UmtnError):
        translator(np.zeros((200, 300), np.float32), RATE)


# The editor.


def edited(path: Path) -> Result:
    return command("edit", path, "--to", "flute", "--model", "tiny")


@pytest.mark.usefixtures("models_folder")
def test_the_file_behind_a_link_is_edited(tmp_path: Path) -> None:
    real, link = take(tmp_path / "library"), tmp_path / "link.wav"
    link.symlink_to(real)
    before = real.read_bytes()
    assert edited(link).exit_code == 0
    assert link.is_symlink() and real.read_bytes() != before


@pytest.mark.usefixtures("models_folder")
def test_an_edited_take_keeps_its_place_and_its_markers(tmp_path: Path) -> None:
    bext = bytearray(602)
    bext[338:346] = struct.pack("<Q", 123_456_789)
    cue = struct.pack("<III4sIII", 1, 1, 480, b"data", 0, 0, 480)
    parts = {
        b"bext": bytes(bext), b"iXML": b"<BWFXML/>", b"cue ": cue, b"LIST": b"INFOISFT\4\0\0\0DAW ",
    }  # fmt: skip
    chunks = [wav.chunk(name, body) for name, body in parts.items()]
    data = wav.chunk(b"data", wav.integers(SHORT, 24, 3))
    path = take(tmp_path, contents=wav.riff(chunks[0], wav.fmt(wav.PCM, 24, 1), data, *chunks[1:]))
    before = path.read_bytes()
    done = edited(path)
    assert done.exit_code == 0, done.stderr
    after = path.read_bytes()
    assert after != before
    assert all(body in after for body in parts.values())
    assert read_audio(path)[0].shape == SHORT.shape


@pytest.mark.usefixtures("models_folder")
def test_what_gets_worse_with_each_pass_is_not_edited(tmp_path: Path) -> None:
    path = take(tmp_path, "take.mp3", by_pedalboard(SHORT, "mp3", quality=192))
    before = path.read_bytes()
    done = edited(path)
    assert done.exit_code == 1 and "WAV" in done.stderr
    assert path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["take.mp3"]


@pytest.mark.usefixtures("models_folder")
@pytest.mark.parametrize("mode", [0o660, 0o600, 0o644, 0o444])
def test_an_edited_file_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    path = take(tmp_path)
    before = path.read_bytes()
    path.chmod(mode)
    done = edited(path)
    assert path.stat().st_mode & 0o777 == mode
    assert (done.exit_code == 0) == (mode != 0o444), done.stderr
    assert (path.read_bytes() != before) == (mode != 0o444)


# The bridge.


@pytest.fixture(scope="module")
def bridge(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealBridge]:
    """One bridge that all of these ask."""
    bridge = RealBridge(tmp_path_factory.mktemp("world"), tiny_models, "--no-token")
    bridge.start()
    try:
        yield bridge
    finally:
        bridge.stop()


def string(text: str | bytes) -> bytes:
    octets = text.encode() if isinstance(text, str) else text
    return octets + b"\0" * (4 - len(octets) % 4)


def message(address: str, types: str = "", *arguments: bytes) -> bytes:
    return string(address) + string(f",{types}") + b"".join(arguments)


def ask(bridge: RealBridge, packet: bytes, host: str = "127.0.0.1") -> list[bytes]:
    """Send a packet over UDP, and return the address and the strings of the answer."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.sendto(packet, (host, bridge.port))
        answer = client.recv(65_536)
    return [part for part in re.split(rb"\0+", answer) if part]


@pytest.mark.parametrize(
    "name",
    [
        "Recording at 4.42.48\u202fPM.wav", "Prise\u00a01.wav", "\u9332\u97f3\u3000\u4e00.wav",
        "\u0645\u06cc\u200c\u0646\u0648.wav", "Geigen\u00adsolo.wav", "take\uf022one.wav",
        "\u202btake.wav", "Fl\u00f6te.wav", "Flo\u0308te.wav",
    ],
)  # fmt: skip
def test_a_file_is_found_by_any_name(bridge: RealBridge, name: str) -> None:
    source = take(bridge.session, name)
    sent = bridge.umtn("send", source, "--to", "flute", "--model", "tiny")
    assert sent.exit_code == 0, sent.stderr


@pytest.mark.parametrize("form", ["uri", "quoted", "blank behind"])
def test_a_path_is_taken_as_it_is_dropped(bridge: RealBridge, form: str) -> None:
    path = take(bridge.session, "take one.wav")
    text = {"uri": path.as_uri(), "quoted": f'"{path}"', "blank behind": f"{path} "}[form]
    arguments = (string(f"dropped {form}".replace(" ", "-")), string(text), string("flute"))
    address, *rest = ask(bridge, message("/umtn/render", "sss", *arguments))
    assert address == b"/umtn/accepted" or b"plain" in b"".join(rest) or b"URI" in b"".join(rest)


def test_text_that_is_not_utf_8_is_said_to_be(bridge: RealBridge) -> None:
    latin = string("Fl\u00f6te.wav".encode("latin-1"))
    packet = message("/umtn/render", "sss", string("latin"), latin, string("flute"))
    address, _, id, *said = ask(bridge, packet)
    assert (address, id) == (b"/umtn/error", b"latin")
    assert b"UTF-8" in b" ".join(said)


def test_numbers_and_strings_of_other_types_are_taken_and_the_rest_is_named(
    bridge: RealBridge,
) -> None:
    take(bridge.session, "a.wav")
    render = message(
        "/umtn/render", "ssssSsdsh", string("types"), string("a.wav"), string("flute"),
        string("model"), string("tiny"), string("mix"), struct.pack(">d", 1.0),
        string("seed"), struct.pack(">q", 7),
    )  # fmt: skip
    assert ask(bridge, render)[0] == b"/umtn/accepted"
    assert ask(bridge, message("/umtn/status", "S", string("types")))[0] == b"/umtn/job"
    for kind in "rcmtI[]":
        packet = message("/umtn/status", f"s{kind}", string("types"), bytes(8))
        address, *said = ask(bridge, packet)
        assert address == b"/umtn/error"
        assert kind.encode() in b" ".join(said[1:])
    assert ask(bridge, message("/umtn/ping"))[0] == b"/umtn/pong"


def test_osc_over_tcp_after_a_length_is_answered(bridge: RealBridge) -> None:
    packet = message("/umtn/ping")
    with socket.create_connection(("127.0.0.1", bridge.port), 10) as client:
        client.sendall(struct.pack(">I", len(packet)) + packet)
        (length,) = struct.unpack(">I", client.recv(4))
        assert client.recv(length).startswith(b"/umtn/pong\0")


def test_localhost_of_both_families_is_answered(bridge: RealBridge) -> None:
    assert ask(bridge, message("/umtn/ping"))[0] == b"/umtn/pong"
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no ::1")
    assert ask(bridge, message("/umtn/ping"), "::1")[0] == b"/umtn/pong"


# Listened to, as the shipped model plays it.


def tune(amplitude: float = 0.3, each: float = 0.3) -> Audio:
    """Four held notes of a made-up reed, as one channel."""
    time = np.arange(round(each * RATE)) / RATE
    fade = np.minimum(1, np.minimum(time, each - time) / 0.02)
    notes = [
        fade * sum(np.sin(2 * np.pi * note * k * time) / k**1.5 for k in (1, 2, 3, 5))
        for note in NOTES
    ]
    audio = np.concatenate(notes)
    return amplitude * audio[None] / np.abs(audio).max()


def in_tune(played: Audio, each: float = 0.3) -> int:
    """How many of the four notes sound within half a semitone of where they should."""
    good = 0
    for number, note in enumerate(NOTES):
        begin = round((number + 0.3) * each * RATE)
        middle = played[begin : begin + round(0.6 * each * RATE)]
        spectrum = np.abs(np.fft.rfft((middle - middle.mean()) * np.hanning(len(middle)), 1 << 17))
        hertz = np.arange(len(spectrum)) * RATE / (1 << 17)
        # The pitch is that of which the partials stand highest together.
        pitches = note * 2 ** (np.arange(-36, 37) / 24)
        sums = [sum(np.interp(k * pitch, hertz, spectrum) for k in (1, 2, 3)) for pitch in pitches]
        best = pitches[int(np.argmax(sums))]
        good += abs(12 * np.log2(best / note)) < 0.6
    return good


def test_a_tune_is_told_from_what_is_none() -> None:
    audio = tune()[0]
    assert in_tune(audio) == in_tune(0.01 * audio) == 4
    assert in_tune(audio[::-1]) < 3
    assert in_tune(np.random.default_rng(0).normal(size=len(audio))) < 3


def played_by_clarinet(folder: Path, contents: bytes, name: str = "take.wav") -> Audio:
    """Translate with the shipped model, by the command in a process of its own."""
    source, out = take(folder, name, contents), folder / "out.wav"
    arguments = ["--to", "clarinet", "-o", out, "--engine", "cpu", "--segments", "1", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-m", "bridge.cli", "translate", source, *arguments],
        cwd=ROOT, stderr=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    played, _ = read_audio(out)
    return played.astype(np.float64)


def wave(audio: Audio, bits: int, width: int, shift: int) -> bytes:
    data = wav.chunk(b"data", wav.integers(audio, bits, width, shift))
    return wav.riff(wav.fmt(wav.PCM, bits, 1, width), data)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["piped", "24 in 4", "20 in 3", "12 in 2", "two ID3"])
def test_the_tune_of_a_file_is_played(tmp_path: Path, kind: str) -> None:
    audio = tune()
    contents = {
        "piped": lambda: plain(audio).replace(
            struct.pack("<4sI", b"data", 2 * audio.shape[1]), b"data" + b"\xff" * 4
        ),
        "24 in 4": lambda: wave(audio, 24, 4, 8),
        "20 in 3": lambda: wave(audio, 20, 3, 4),
        "12 in 2": lambda: wave(audio, 12, 2, 4),
        "two ID3": lambda: (
            mp3.id3(mp3.title()) + mp3.id3(mp3.picture(bytes(9000)))
            + by_pedalboard(audio, "mp3", quality=128)
        ),
    }[kind]()  # fmt: skip
    name = "take.mp3" if kind == "two ID3" else "take.wav"
    played = played_by_clarinet(tmp_path, contents, name)
    assert played.shape == audio.shape
    assert in_tune(played[0]) >= 3


@pytest.mark.long
def test_the_tune_of_a_faint_recording_is_played(tmp_path: Path) -> None:
    data = wav.chunk(b"data", wav.floats(tune(10 ** (-60 / 20)), "<f4"))
    played = played_by_clarinet(tmp_path, wav.riff(wav.fmt(wav.FLOAT, 32, 1), data))
    assert in_tune(played[0]) >= 3
    assert np.abs(played).max() < 10 ** (-45 / 20)


@pytest.mark.long
@pytest.mark.parametrize("softer", [20, 30])
def test_a_phrase_that_is_played_again_softly_is_heard(tmp_path: Path, softer: int) -> None:
    loud = tune(0.5)
    both = np.concatenate([loud, loud * 10 ** (-softer / 20)], axis=1)
    played = played_by_clarinet(tmp_path, wave(both, 24, 3, 0))[0]
    first, second = np.split(played, 2)
    assert in_tune(second) >= 3
    levels = [np.sqrt(np.mean(part**2)) for part in (first, second)]
    assert 20 * np.log10(levels[0] / levels[1]) >= 8


@pytest.mark.long
def test_stereo_of_dither_and_arrays_of_samples_first_have_the_tune(tmp_path: Path) -> None:
    steps = np.rint(tune() * 32767)
    rng = np.random.default_rng(3)
    dither = rng.random((2, steps.shape[1])) - rng.random((2, steps.shape[1]))
    played = played_by_clarinet(tmp_path, plain(np.rint(steps + dither) / 32767))
    assert np.corrcoef(played)[0, 1] > 0.9 and in_tune(played[0]) >= 3
    both = np.concatenate([tune(), 0.5 * tune()]).astype(np.float32)
    called = Translator(ROOT / "models" / "default", "clarinet", segments=1)(both.T, RATE)
    assert called.shape == both.T.shape
    assert in_tune(called[:, 0].astype(np.float64)) >= 3
