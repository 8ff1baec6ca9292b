"""The external editor: the sound changes at the end, nothing else does, and what it was stays."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from bridge.cli.main import umtn

MakeRecording = Callable[..., Path]

pytestmark = pytest.mark.usefixtures("models_folder")

RATE = 16_000
TONE = 0.3 * np.sin(2 * np.pi * 440 * np.arange(801) / RATE)


def edit(*arguments: object, to: str | None = "flute") -> Result:
    target = [] if to is None else ["--to", to]
    words = ["edit", *map(str, arguments), "--model", "tiny", *target]
    return CliRunner().invoke(umtn, words)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def sound(path: Path) -> np.ndarray:
    audio: np.ndarray = soundfile.read(path, always_2d=True)[0]
    return audio


def test_the_file_becomes_the_translation_and_the_original_stays(recording: MakeRecording) -> None:
    take = recording("takes/take.wav")
    before, was = take.read_bytes(), sound(take)
    result = edit(take)
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    assert names(take.parent) == ["take.original.wav", "take.wav"]
    assert (take.parent / "take.original.wav").read_bytes() == before
    assert sound(take).shape == was.shape
    assert np.abs(sound(take) - was).max() > 0.01
    assert "take.original.wav" in result.stdout


def test_a_second_edit_says_that_it_plays_the_first(recording: MakeRecording) -> None:
    take = recording("takes/take.wav")
    before = take.read_bytes()
    assert edit(take).exit_code == 0
    once = take.read_bytes()
    result = edit(take, "--seed", 1)
    assert result.exit_code == 0, result.stderr
    (remark,) = result.stderr.splitlines()
    assert "before an earlier edit is in" in remark and "take.original.wav;" in remark
    assert (take.parent / "take.original.wav").read_bytes() == before
    assert (take.parent / "take.original-2.wav").read_bytes() == once
    # Whoever has put the original back edits that.
    take.write_bytes(before)
    assert edit(take).stderr == ""


def test_without_a_target_or_anybody_to_ask_nothing_happens(recording: MakeRecording) -> None:
    take = recording("takes/take.wav")
    before = take.read_bytes()
    result = edit(take, to=None)
    assert result.exit_code == 1
    assert "what to translate to" in result.stderr
    assert take.read_bytes() == before
    assert names(take.parent) == ["take.wav"]


@pytest.mark.parametrize("content", [b"", b"this is no audio" * 100])
def test_what_is_no_audio_is_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "e").mkdir()
    file = tmp_path / "e" / "notes.wav"
    file.write_bytes(content)
    result = edit(file)
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert file.read_bytes() == content
    assert names(file.parent) == ["notes.wav"]


def chunk(name: bytes, body: bytes, order: str = "<") -> bytes:
    return name + struct.pack(f"{order}I", len(body)) + body + b"\0" * (len(body) % 2)


def wave(
    data: bytes, tag: int, bits: int, *, block: int | None = None, long: bool = False
) -> tuple[bytes, int]:
    """A WAV file with chunks of many kinds, and where its sound begins."""
    block = block or bits // 8
    form = struct.pack("<HHIIHH", tag, 1, RATE, RATE * block, block, bits)
    ahead = chunk(b"bext", b"Take seven".ljust(602, b"\0")) + chunk(b"fmt ", form)
    behind = (
        chunk(b"cue ", struct.pack("<II4sIII", 1, 7, b"data", 0, 0, 7) + struct.pack("<I", 1))
        + chunk(b"smpl", bytes(36)) + chunk(b"iXML", b"<BWFXML/>") + chunk(b"LIST", b"INFOodd")
        + chunk(b"what", b"nobody knows this one")
    )  # fmt: skip
    if long:
        sizes = struct.pack("<QQQI", 0, len(data), len(data) // block, 0)
        ahead = chunk(b"ds64", sizes) + ahead
    body = ahead + chunk(b"data", data) + behind
    whole = (b"RF64" if long else b"RIFF") + struct.pack("<I", len(body) + 4) + b"WAVE" + body
    begin = 12 + len(ahead) + 8
    if long:
        whole = whole[:4] + b"\xff" * 4 + whole[8 : begin - 4] + b"\xff" * 4 + whole[begin:]
    return whole, begin


def aiff(data: bytes, bits: int, compression: bytes = b"") -> tuple[bytes, int]:
    """An AIFF or AIFC file with markers, and where its sound begins."""
    frames = len(data) * 8 // bits
    rate = struct.pack(">HQ", 16383 + 13, RATE << (63 - 13))
    common = struct.pack(">hIh", 1, frames, bits) + rate
    common += compression + b"\0\0" if compression else b""
    marks = chunk(b"MARK", struct.pack(">HHIBx", 1, 1, 5, 0), ">") + chunk(b"INST", bytes(20), ">")
    ahead = chunk(b"COMM", common, ">") + marks
    if compression:
        ahead = chunk(b"FVER", struct.pack(">I", 0xA2805140), ">") + ahead
    body = ahead + chunk(b"SSND", bytes(8) + data, ">") + chunk(b"NAME", b"odd", ">")
    kind = b"AIFC" if compression else b"AIFF"
    return b"FORM" + struct.pack(">I", len(body) + 4) + kind + body, 12 + len(ahead) + 16


def whole(bits: int, form: str) -> bytes:
    return np.rint(TONE * (2 ** (bits - 1) - 1)).astype(form).tobytes()


def three(order: str) -> bytes:
    octets = np.frombuffer(whole(24, f"{order}i4"), np.uint8).reshape(-1, 4)
    return (octets[:, :3] if order == "<" else octets[:, 1:]).tobytes()


FILES = {
    "8 bits": wave((np.frombuffer(whole(8, "i1"), "u1") + 128).astype("u1").tobytes(), 1, 8),
    "16 bits": wave(whole(16, "<i2"), 1, 16),
    "24 bits": wave(three("<"), 1, 24),
    "24 in the upper part of 32": wave(whole(32, "<i4"), 1, 24, block=4),
    "32 bits": wave(whole(32, "<i4"), 1, 32),
    "float": wave(TONE.astype("<f4").tobytes(), 3, 32),
    "double": wave(TONE.astype("<f8").tobytes(), 3, 64),
    "mu-law": wave(bytes(range(256)) * 3, 7, 8),
    "A-law": wave(bytes(range(256)) * 3, 6, 8),
    "RF64": wave(whole(16, "<i2"), 1, 16, long=True),
    "AIFF, 8 bits": aiff(whole(8, "i1"), 8),
    "AIFF, 16 bits": aiff(whole(16, ">i2"), 16),
    "AIFF, 24 bits": aiff(three(">"), 24),
    "AIFC, float": aiff(TONE.astype(">f4").tobytes(), 32, b"fl32"),
    "AIFC, little end first": aiff(whole(16, "<i2"), 16, b"sowt"),
}


@pytest.mark.parametrize("name", FILES)
def test_all_bytes_but_those_of_the_sound_stay(name: str, tmp_path: Path) -> None:
    content, begin = FILES[name]
    take = tmp_path / "takes" / "take.wav"
    take.parent.mkdir()
    take.write_bytes(content)
    result = edit(take)
    assert result.exit_code == 0, result.stderr
    after = take.read_bytes()
    assert len(after) == len(content)
    changed = np.flatnonzero(np.frombuffer(after, "u1") != np.frombuffer(content, "u1"))
    end = content.index(b"NAME" if "AIF" in name else b"cue ", begin)
    assert begin <= changed[0] <= changed[-1] < end
    assert len(changed) > 100


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
def test_flac_keeps_its_bits_and_tags(subtype: str, tmp_path: Path) -> None:
    take = tmp_path / "takes" / "take.flac"
    take.parent.mkdir()
    with soundfile.SoundFile(take, "w", RATE, 2, subtype) as file:
        file.title = "Seven"
        file.write(np.stack([TONE, TONE / 2], axis=1))
    was = sound(take)
    result = edit(take)
    assert result.exit_code == 0, result.stderr
    with soundfile.SoundFile(take) as file:
        assert (file.subtype, file.title, file.frames) == (subtype, "Seven", len(TONE))
    assert np.abs(sound(take) - was).max() > 0.01
    # The reader compares FLAC with its checksum.
    assert edit(take).exit_code == 0


@pytest.mark.parametrize(
    ("name", "form"),
    [("take.mp3", {}), ("take.ogg", {}), ("take.wav", {"subtype": "IMA_ADPCM"})],
)
def test_what_each_pass_makes_worse_is_refused_with_a_way_to_wav(
    name: str, form: dict[str, str], tmp_path: Path
) -> None:
    take = tmp_path / "takes" / name
    take.parent.mkdir()
    soundfile.write(take, TONE, RATE, **form)
    before = take.read_bytes()
    result = edit(take)
    assert result.exit_code == 1
    (sentence,) = result.stderr.splitlines()
    assert take.read_bytes() == before
    assert names(take.parent) == [name]
    # What it says to do instead works.
    command = sentence.partition("umtn translate ")[2].split()
    result = CliRunner().invoke(umtn, ["translate", *command, "--model", "tiny"])
    assert result.exit_code == 0, result.stderr
    assert take.read_bytes() == before


def test_flac_of_bits_that_are_not_written_here_is_refused(tmp_path: Path) -> None:
    take = tmp_path / "take.flac"
    soundfile.write(take, TONE, RATE, "PCM_16")
    content = bytearray(take.read_bytes())
    content[20:22] = (int.from_bytes(content[20:22], "big") & ~0x1F0 | 11 << 4).to_bytes(2, "big")
    take.write_bytes(content)
    result = edit(take)
    assert result.exit_code == 1
    assert take.read_bytes() == content


def test_a_link_stays_and_the_file_behind_it_changes(
    recording: MakeRecording, tmp_path: Path
) -> None:
    take = recording("library/take.wav")
    before = take.read_bytes()
    link = tmp_path / "session.wav"
    link.symlink_to(Path("library", "take.wav"))
    result = edit(link)
    assert result.exit_code == 0, result.stderr
    assert os.readlink(link) == str(Path("library", "take.wav"))
    assert take.read_bytes() != before
    assert (take.parent / "take.original.wav").read_bytes() == before
    assert str(take.with_name("take.original.wav")) in result.stdout


def test_all_names_of_a_file_have_the_new_sound(recording: MakeRecording, tmp_path: Path) -> None:
    take = recording("takes/take.wav")
    before = take.read_bytes()
    other = tmp_path / "other.wav"
    os.link(take, other)
    result = edit(take)
    assert result.exit_code == 0, result.stderr
    assert other.samefile(take)
    assert take.read_bytes() != before
    assert (take.parent / "take.original.wav").read_bytes() == before


@pytest.mark.parametrize("mode", [0o660, 0o600, 0o664])
def test_who_may_use_it_stays(recording: MakeRecording, mode: int) -> None:
    take = recording("takes/take.wav")
    take.chmod(mode)
    assert edit(take).exit_code == 0
    for path in (take, take.with_name("take.original.wav")):
        assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_read_only_file_is_refused_before_any_work(
    recording: MakeRecording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("umtn_core.bundle.Bundle.open", lambda *_: pytest.fail("work was begun"))
    take = recording("takes/take.wav")
    take.chmod(0o444)
    before = take.read_bytes()
    result = edit(take)
    assert result.exit_code == 1
    assert "is read-only; make it writable" in result.stderr
    assert take.read_bytes() == before
    assert names(take.parent) == ["take.wav"]


def test_what_is_clipped_is_said(recording: MakeRecording, monkeypatch: pytest.MonkeyPatch) -> None:
    from umtn_core.translation import Translation

    real = Translation.results
    monkeypatch.setattr(
        Translation, "results", lambda *each: [(50 * b for b in bs) for bs in real(*each)]
    )
    take = recording("takes/take.wav")
    result = edit(take)
    assert result.exit_code == 0, result.stderr
    assert "samples were louder than its format holds, and are clipped." in result.stderr


def test_a_file_that_changes_meanwhile_is_left_alone(
    recording: MakeRecording, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = recording("takes/take.wav")
    from umtn_core.translator import Translator

    real = Translator.begin

    def meanwhile(self, sources, **options):  # type: ignore[no-untyped-def]
        os.utime(take, ns=(1, 1))
        return real(self, sources, **options)

    before = take.read_bytes()
    monkeypatch.setattr(Translator, "begin", meanwhile)
    result = edit(take)
    assert result.exit_code == 1
    assert "changed in the meantime" in result.stderr
    assert take.read_bytes() == before
    assert names(take.parent) == ["take.wav"]


def test_a_file_that_changes_while_the_result_is_made_is_left_alone(
    recording: MakeRecording, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = recording("takes/take.wav")
    from umtn_core.translation import Translation

    real = Translation.results

    def meanwhile(self, cancelled):  # type: ignore[no-untyped-def]
        def blocks(made):  # type: ignore[no-untyped-def]
            yield from made
            os.utime(take, ns=(1, 1))

        return [blocks(made) for made in real(self, cancelled)]

    monkeypatch.setattr(Translation, "results", meanwhile)
    result = edit(take)
    assert result.exit_code == 1
    assert "changed in the meantime" in result.stderr
    assert names(take.parent) == ["take.wav"]
