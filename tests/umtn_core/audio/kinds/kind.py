"""What a kind of file is: its bytes, and what is right for it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from pedalboard.io import AudioFile

RATE = 44_100

Audio = NDArray[np.float64]


def music(seconds: float = 1.0, channels: int = 2, rate: int = RATE, seed: int = 0) -> Audio:
    """Glides, another in each channel, in which each moment is like no other."""
    time = np.arange(round(seconds * rate)) / rate
    rng = np.random.default_rng(seed)
    fade = np.minimum(1, np.minimum(time, seconds - time) / 0.01)
    rows = []
    for channel in range(channels):
        low, high = (300, 1500) if (channel + seed) % 2 == 0 else (1900, 500)
        phase = 2 * np.pi * (low * time + (high - low) / (2 * seconds) * time**2)
        tones = sum(np.sin(k * phase) / k**1.5 for k in (1, 2, 3))
        rows.append(fade * (tones + 0.02 * rng.normal(size=len(time))))
    audio = np.stack(rows)
    return 0.4 * audio / np.abs(audio).max()


MUSIC = music()
MONO = MUSIC[:1]


@dataclass(frozen=True)
class Exactly:
    """Sample by sample this audio, but for an error of so much."""

    audio: Audio
    error: float = 1e-4
    rate: int = RATE


@dataclass(frozen=True)
class Nearly:
    """This audio as a lossy codec keeps it: so many samples late or longer, so much alike."""

    audio: Audio
    rate: int = RATE
    late: int = 0
    longer: int = 0
    shorter: int = 0
    alike: float = 0.98


@dataclass(frozen=True)
class Refused:
    """Refused, in a sentence with these words."""

    words: str


@dataclass(frozen=True)
class Kind:
    """A file, what should come of it, and who else is known to read it so."""

    name: str
    contents: bytes
    right: Exactly | Nearly | Refused
    #: The part of the reader's remark, where it has to say something about the file.
    remark: str = ""
    ffmpeg: bool = True


def by_soundfile(
    audio: Audio, format: str, subtype: str, rate: int = RATE, **options: Any
) -> bytes:
    """Encode by libsndfile."""
    file = io.BytesIO()
    soundfile.write(file, audio.T, rate, format=format, subtype=subtype, **options)
    return file.getvalue()


def by_pedalboard(audio: Audio, format: str, rate: int = RATE, **options: Any) -> bytes:
    """Encode by pedalboard, whose MP3 encoder is LAME."""
    file = io.BytesIO()
    with AudioFile(file, "w", rate, len(audio), format=format, **options) as writer:
        writer.write(audio.astype(np.float32))
    return file.getvalue()


def synchsafe(number: int) -> bytes:
    """A number in four bytes of seven bits, as ID3v2 has it."""
    return bytes(number >> shift & 127 for shift in (21, 14, 7, 0))


def id3(body: bytes = bytes(500), version: int = 3, flags: int = 0, footer: bool = False) -> bytes:
    """An ID3v2 tag around frames, or what stands for them."""
    rest = bytes((version, 0, flags | (0x10 if footer else 0))) + synchsafe(len(body))
    return b"ID3" + rest + body + (b"3DI" + rest if footer else b"")


def title(text: bytes = b"Tune") -> bytes:
    """The frame of an ID3v2.3 tag that holds a title."""
    return b"TIT2" + (len(text) + 1).to_bytes(4, "big") + b"\0\0\0" + text


def picture(image: bytes) -> bytes:
    """The frame of an ID3v2.3 tag that holds a picture."""
    body = b"\0image/jpeg\0\3\0" + image
    return b"APIC" + len(body).to_bytes(4, "big") + b"\0\0" + body


def ape(body: bytes = bytes(60)) -> bytes:
    """An APEv2 tag with header and footer."""
    rest = (2000).to_bytes(4, "little") + (len(body) + 32).to_bytes(4, "little") + b"\1\0\0\0"
    header, footer = (
        b"APETAGEX" + rest + flags.to_bytes(4, "little") + bytes(8)
        for flags in (0xA0000000, 0x80000000)
    )
    return header + body + footer


def id3v1() -> bytes:
    """The old tag at the end of a file."""
    return b"TAG" + b"Tune".ljust(125, b"\0")
