"""FLAC written again: other sound, and the old file's tags."""

from __future__ import annotations

import errno
import hashlib
import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile

from umtn_core.audio.renewing.flac import renew_flac
from umtn_core.audio.renewing.flac_head import FlacHead

RATE = 44_100
PICTURE = struct.pack(">II9sI4s5I4s", 3, 9, b"image/png", 4, b"name", 1, 1, 24, 0, 4, b"data")
CUES = bytes(128 + 8) + b"\0" + bytes(258) + b"\1" + bytes(8) + b"\xaa" + bytes(27)
#: A seek table, an application's block, tags, cues, a picture, padding, and what is not known yet.
BLOCKS = (
    (3, bytes(18)), (2, b"riffdata"), (4, b"\4\0\0\0umtn\1\0\0\0\7\0\0\0TITLE=x"),
    (5, CUES), (6, PICTURE), (1, bytes(100)), (77, b"later"),
)  # fmt: skip
ID3 = b"ID3\4\0\0\0\0\0\5hello"
ID3V1 = b"TAG".ljust(128, b"x")


def noise(channels: int, samples: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.9, 0.9, (channels, samples)).astype(np.float32)


def tagged(subtype: str, channels: int) -> bytes:
    """A FLAC file with all that may stand around the sound."""
    file = BytesIO()
    soundfile.write(file, noise(channels, 5000).T, RATE, subtype, format="FLAC")
    head = FlacHead.of(file)
    assert head is not None
    blocks = (head.blocks[0], *BLOCKS)
    written = b"".join(
        bytes([kind | 0x80 * (block is blocks[-1])]) + len(content).to_bytes(3, "big") + content
        for block in blocks
        for kind, content in [block]
    )
    return ID3 + b"fLaC" + written + file.getvalue()[head.size :] + ID3V1


@pytest.mark.parametrize("channels", [1, 2, 8])
@pytest.mark.parametrize(("subtype", "bits"), [("PCM_S8", 8), ("PCM_16", 16), ("PCM_24", 24)])
def test_all_but_the_sound_is_the_old_file(
    subtype: str, bits: int, channels: int, tmp_path: Path
) -> None:
    old, new, sound = BytesIO(tagged(subtype, channels)), BytesIO(), noise(channels, 6000, seed=2)
    head = FlacHead.of(old)
    assert head is not None and head.bits == bits
    blocks = np.split(sound, [10, 4000], axis=1)
    assert renew_flac(old, new, blocks, head=head, form=(channels, RATE), folder=tmp_path) == 0
    made = FlacHead.of(new)
    assert made is not None
    assert made.blocks[1:] == BLOCKS[1:]
    assert (made.before, made.after) == (ID3, ID3V1)
    audio, rate = soundfile.read(
        BytesIO(new.getvalue()[len(ID3) : -len(ID3V1)]), dtype="int32", always_2d=True
    )
    expected = np.rint(sound.T.astype(np.float64) * 2 ** (bits - 1)).astype(np.int32)
    assert rate == RATE
    assert np.array_equal(audio >> (32 - bits), expected)
    octets = np.ascontiguousarray(expected).view(np.uint8).reshape(-1, 4)[:, : bits // 8]
    assert made.blocks[0][1][18:] == hashlib.md5(octets.tobytes()).digest()


def test_sound_beyond_full_scale_is_clipped_and_counted(tmp_path: Path) -> None:
    old, new = BytesIO(tagged("PCM_16", 1)), BytesIO()
    head = FlacHead.of(old)
    assert head is not None
    sound = [np.array([[-3.0, 2.0, 1.0, 0.0]], np.float32)]
    assert renew_flac(old, new, sound, head=head, form=(1, RATE), folder=tmp_path) == 2
    made = BytesIO(new.getvalue()[len(ID3) :])
    assert list(soundfile.read(made, dtype="int16")[0]) == [-(2**15), 2**15 - 1, 2**15 - 1, 0]


def test_a_full_disk_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(BytesIO):
        def write(self, data) -> int:  # type: ignore[no-untyped-def]
            if self.tell() > 2000:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(data)

    monkeypatch.setattr("tempfile.TemporaryFile", lambda dir: Full())
    old = BytesIO(tagged("PCM_16", 1))
    head = FlacHead.of(old)
    assert head is not None
    with pytest.raises(OSError, match="No space left"):
        renew_flac(
            old, BytesIO(), [noise(1, 50_000)] * 3, head=head, form=(1, RATE), folder=tmp_path
        )


@pytest.mark.parametrize("content", [b"", b"fLaC", b"RIFF" * 20, b"fLaC\x80\0\0\x22short", ID3])
def test_what_is_no_flac_has_no_head(content: bytes) -> None:
    assert FlacHead.of(BytesIO(content)) is None
