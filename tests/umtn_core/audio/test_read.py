"""Files that are read, and files that must be refused with one sentence."""

import os
import struct

import numpy as np
import pytest
from pedalboard.io import AudioFile

from umtn_core.audio import read_audio
from umtn_core.audio.read import open_audio, take_audio
from umtn_core.audio.write import write_audio
from umtn_core.errors import Cancelled, UmtnError

RATE = 22_050


def music(seconds=1.5, channels=2):
    """Something that no codec makes nothing of."""
    rng = np.random.default_rng(0)
    time = np.arange(round(seconds * RATE)) / RATE
    tone = 0.4 * np.sin(2 * np.pi * 330 * time) + 0.05 * rng.normal(size=(channels, len(time)))
    return tone.astype(np.float32)


def written(path, audio=None, **options):
    audio = music() if audio is None else audio
    with AudioFile(str(path), "w", RATE, len(audio), **options) as file:
        file.write(audio)
    return path


def wav(channels=1, rate=RATE, bits=16, data=b"\0" * 200, claimed=None, name=b"data"):
    """A WAV file with a header of one's choice."""
    size = len(data) if claimed is None else claimed
    frame = channels * bits // 8
    form = struct.pack("<IHHIIHH", 16, 1, channels, rate, rate * frame, frame, bits)
    return (
        b"RIFF" + struct.pack("<I", min(36 + size, 2**32 - 1)) + b"WAVEfmt " + form
        + name + struct.pack("<I", size) + data
    )  # fmt: skip


def refusal(path):
    with pytest.raises(UmtnError) as caught:
        read_audio(path)
    message = str(caught.value)
    assert path.name in message
    assert message[0].isupper() or message.startswith(str(path))
    assert message.endswith(".")
    assert "\n" not in message
    return message


FORMATS = [
    ("wav", {"bit_depth": 16}, 1e-4),
    ("wav", {"bit_depth": 32}, 0),
    ("aiff", {"bit_depth": 24}, 1e-6),
    ("flac", {"bit_depth": 16}, 1e-4),
    ("flac", {"bit_depth": 24}, 1e-6),
    ("ogg", {}, 0.2),
    ("mp3", {"quality": "V0"}, None),
]


@pytest.mark.parametrize(("ending", "options", "error"), FORMATS)
@pytest.mark.parametrize("channels", [1, 2])
def test_every_format_is_read(tmp_path, ending, options, error, channels):
    rate = 44_100 if ending == "mp3" else RATE
    audio = music(channels=channels)
    path = tmp_path / f"a.{ending}"
    with AudioFile(str(path), "w", rate, channels, **options) as file:
        file.write(audio)
    read, read_rate = read_audio(path)
    assert read.dtype == np.float32
    assert read_rate == rate
    if error is None:  # MP3 pads both ends
        assert read.shape[0] == channels
        assert audio.shape[1] <= read.shape[1] < audio.shape[1] + 4000
    else:
        assert read.shape == audio.shape
        assert np.abs(read - audio).max() <= error


@pytest.mark.parametrize(("ending", "options", "_"), FORMATS)
@pytest.mark.parametrize("kept", [0.3, 0.5, 0.9, 0.99])
def test_a_file_that_was_cut_off_is_refused(tmp_path, ending, options, _, kept):
    path = tmp_path / f"a.{ending}"
    with AudioFile(str(path), "w", 44_100, 2, **options) as file:
        file.write(music())
    contents = path.read_bytes()
    path.write_bytes(contents[: int(len(contents) * kept)])
    refusal(path)


@pytest.mark.parametrize(("ending", "options", "_"), FORMATS)
@pytest.mark.parametrize("kept", [0, 1, 3, 4, 11, 12, 20, 40, 44, 60, 100])
def test_a_file_cut_off_in_its_header_is_refused(tmp_path, ending, options, _, kept):
    path = tmp_path / f"a.{ending}"
    with AudioFile(str(path), "w", 44_100, 2, **options) as file:
        file.write(music())
    path.write_bytes(path.read_bytes()[:kept])
    refusal(path)


def test_a_damaged_flac_is_refused(tmp_path):
    path = written(tmp_path / "a.flac", bit_depth=16)
    contents = bytearray(path.read_bytes())
    contents[len(contents) // 2] ^= 0xFF
    path.write_bytes(contents)
    refusal(path)


@pytest.mark.parametrize(
    ("name", "contents"),
    [
        ("text.wav", b"This is not music.\n" * 50),
        ("text.mp3", b"This is not music.\n" * 50),
        ("empty.wav", b""),
        ("zeros.wav", bytes(5000)),
        ("channelless.wav", wav(channels=0)),
        ("silentless.wav", wav(data=b"")),
        ("rateless.wav", wav(rate=0)),
        ("boast.wav", wav(claimed=2**30)),
        ("crowd.wav", wav(channels=1000, data=b"\0" * 20_000)),
        ("dataless.wav", wav(name=b"xxxx")),
    ],
)
def test_what_is_not_audio_is_refused(tmp_path, name, contents):
    path = tmp_path / name
    path.write_bytes(contents)
    refusal(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_numbers_are_refused_and_located(tmp_path, value):
    audio = music()
    audio[1, RATE] = value
    assert "1.000 s" in refusal(written(tmp_path / "a.wav", audio, bit_depth=32))


def test_missing_files_and_folders_are_refused(tmp_path):
    with pytest.raises(UmtnError, match="There is no file"):
        read_audio(tmp_path / "x.wav")
    with pytest.raises(UmtnError, match="is not a file"):
        read_audio(tmp_path)


def test_chunks_after_the_audio_do_not_matter(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(wav(data=b"\1\0" * 100) + b"LIST" + struct.pack("<I", 4) + b"abcd")
    audio, _ = read_audio(path)
    assert audio.shape == (1, 100)


@pytest.mark.parametrize("claimed", [2**31 - 1, 2**32 - 1])
def test_a_length_that_no_file_has_means_to_the_end(tmp_path, claimed):
    path = tmp_path / "a.wav"
    path.write_bytes(wav(data=b"\1\0" * 100, claimed=claimed))
    assert read_audio(path)[0].shape == (1, 100)


def test_the_64_bit_form_of_wav_is_read(tmp_path):
    plain = wav(data=b"\1\0" * 100)
    sizes = b"ds64" + struct.pack("<IQQQI", 28, 236, 200, 100, 0)
    long = b"RF64" + b"\xff" * 4 + plain[8:12] + sizes + plain[12:40] + b"\xff" * 4 + plain[44:]
    path = tmp_path / "a.wav"
    path.write_bytes(long)
    assert read_audio(path)[0].shape == (1, 100)
    path.write_bytes(long[:-100])
    refusal(path)


@pytest.mark.parametrize(("ending", "options", "error"), FORMATS)
def test_a_region_is_that_part_of_the_whole(tmp_path, ending, options, error):
    rate = 44_100 if ending == "mp3" else RATE
    path = tmp_path / f"a.{ending}"
    with AudioFile(str(path), "w", rate, 2, **options) as file:
        file.write(np.tile(music(), 8))
    whole, _ = read_audio(path)
    for start, length in [(0, 1), (1234, 4321), (whole.shape[1] - 7, 7), (0, whole.shape[1])]:
        with path.open("rb") as file, open_audio(file, path) as audio:
            assert (audio.channels, audio.samples) == whole.shape
            assert audio.sample_rate == rate
            region = audio.read(start, length)
        np.testing.assert_array_equal(region, whole[:, start : start + length])


@pytest.mark.parametrize(("ending", "options", "error"), FORMATS)
def test_places_are_found_without_what_lies_between(tmp_path, ending, options, error):
    rate = 44_100 if ending == "mp3" else RATE
    path = tmp_path / f"a.{ending}"
    with AudioFile(str(path), "w", rate, 2, **options) as file:
        file.write(np.tile(music(), 40))
    whole, _ = read_audio(path)
    places = [(0, 100), (whole.shape[1] // 3, 5000), (5, 5), (whole.shape[1] - 300, 300)]
    with path.open("rb") as file, open_audio(file, path) as audio, audio.seeking() as read:
        for start, length in places:
            np.testing.assert_allclose(
                read(start, length), whole[:, start : start + length], atol=1e-4
            )


def test_places_are_found_in_recordings_one_behind_another(tmp_path):
    with AudioFile(str(tmp_path / "one.mp3"), "w", 44_100, 1) as file:
        file.write(np.tile(music()[:1], 10))
    path = tmp_path / "two.mp3"
    path.write_bytes((tmp_path / "one.mp3").read_bytes() * 2)
    whole, _ = read_audio(path)
    middle = whole.shape[1] // 2
    with path.open("rb") as file, open_audio(file, path) as audio, audio.seeking() as read:
        for start in (10, middle - 50, middle + 50, 20):
            np.testing.assert_allclose(read(start, 100), whole[:, start : start + 100], atol=1e-4)


def test_reading_can_be_cancelled(tmp_path):
    path = written(tmp_path / "a.wav")
    with (
        path.open("rb") as file,
        open_audio(file, path) as audio,
        pytest.raises(Cancelled),
    ):
        audio.read(0, 10, lambda: True)


@pytest.mark.parametrize("change", ["cut off", "written to"])
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path, change):
    path = tmp_path / "a.wav"
    write_audio(path, np.full((1, 1 << 20), 0.1, np.float32), 48_000)

    def meanwhile():
        if change == "cut off":
            os.truncate(path, 1 << 20)
        else:
            os.utime(path, ns=(1, 1))
        return False

    with pytest.raises(UmtnError, match="was changed while it was read"):
        take_audio(path, cancelled=meanwhile)


@pytest.mark.parametrize("rate", [50, 999, 1_000_001, 2_000_000_000])
def test_a_rate_that_no_music_has_is_refused(tmp_path, rate):
    header = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 136, b"WAVE", b"fmt ", 16, 1, 1, rate,
                         rate, 1, 8, b"data", 100)  # fmt: skip
    path = tmp_path / "a.wav"
    path.write_bytes(header + bytes(100))
    assert "from 1000 to 1000000" in refusal(path)


def test_a_few_bytes_cannot_claim_hours(tmp_path):
    info = bytearray(34)
    info[10:18] = ((48_000 << 44) | (1 << 41) | (15 << 36) | 2**31).to_bytes(8, "big")
    path = tmp_path / "bomb.flac"
    path.write_bytes(b"fLaC\x80\0\0\x22" + info + b"\xff\xf8" + bytes(100))
    assert "header" in refusal(path) or "no format" in refusal(path)


def test_a_file_of_empty_chunks_is_soon_given_up(tmp_path):
    path = tmp_path / "chunks.wav"
    path.write_bytes(b"RIFF\xff\xff\xff\x7fWAVE" + b"junk\0\0\0\0" * 300_000)
    assert "more than 10000 chunks" in refusal(path)


def test_what_begins_like_a_tag_behind_the_sound_and_is_none_does_no_harm(tmp_path):
    path = tmp_path / "a.au"
    path.write_bytes(
        b".snd" + struct.pack(">5I", 24, 200, 3, RATE, 1) + b"\0\1" * 100 + b"APETAGEX" + b"\0" * 12
    )
    assert read_audio(path)[0].shape == (1, 100)
