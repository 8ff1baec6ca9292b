"""No small file is looked at for long, whatever is in it a hundred thousand times."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.umtn_core.audio.kinds import aiff, flac, mp3, ogg, wav
from tests.umtn_core.audio.kinds.kind import ape, by_soundfile, id3, id3v1
from umtn_core.audio import read_audio
from umtn_core.errors import UmtnError

#: Bytes of each of the files, about.
_SIZE = 4 << 20


def filled(piece: bytes) -> bytes:
    return piece * (_SIZE // len(piece))


def frame() -> bytes:
    return mp3.frames(mp3.CBR)[3]


FILES: dict[str, Callable[[], bytes]] = {
    "tags before.mp3": lambda: filled(id3(b"")) + mp3.VBR,
    "tags behind.mp3": lambda: mp3.VBR + filled(id3(b"")),
    "old tags behind.mp3": lambda: mp3.VBR + filled(id3v1()),
    "APE behind.mp3": lambda: mp3.VBR + filled(ape(b"")),
    "lyrics.mp3": lambda: mp3.VBR + filled(b"LYRICSBEGIN"),
    "what looks like frames.mp3": lambda: filled(b"\xff\xfb\x90\x64"),
    "all bits.mp3": lambda: filled(b"\xff"),
    "gaps.mp3": lambda: filled(frame() * 5 + b"x"),
    "zeros between.mp3": lambda: filled(frame() * 5 + b"\0"),
    "tags between.mp3": lambda: filled(frame() * 5 + id3(b"")),
    "counts.mp3": lambda: filled(mp3.frames(mp3.CBR)[0]),
    "a count before each frame.mp3": lambda: filled(mp3.frames(mp3.CBR)[0] + frame()),
    "noise.mp3": lambda: mp3.VBR + np.random.default_rng(0).bytes(_SIZE),
    "streams.ogg": lambda: b"".join(ogg.page(b"\1vorbis", n, 0, 0, 2) for n in range(9000)),
    "empty pages.ogg": lambda: (
        ogg.VORBIS + b"".join(ogg.page(b"", 5, number, 0) for number in range(9000))
    ),
    "what looks like frames.flac": lambda: flac.FLAC[:42] + filled(b"\xff\xf8\xc9\x18"),
    "beginnings.flac": lambda: flac.FLAC[:42] + filled(b"fLaC"),
    "joined.flac": lambda: filled(flac.FLAC),
    "lists.wav": lambda: wav.riff(wav.FMT, filled(b"LIST\4\0\0\0wavl")),
    "joined.wav": lambda: filled(wav.riff(wav.FMT, wav.chunk(b"data", bytes(8)))),
    "sounds.wav": lambda: wav.riff(wav.FMT, filled(wav.chunk(b"data", bytes(8)))),
    "chunks without a size.wav": lambda: wav.riff(
        wav.FMT, wav.chunk(b"data", filled(wav.chunk(b"abcd", b"")), 0)
    ),
    "bare chunks.wav": lambda: wav.riff(
        wav.FMT, wav.chunk(b"abcd", b"x", pad=False) * 9000, wav.DATA
    ),
    "descriptions.aif": lambda: aiff.form(aiff.comm() * 9000, aiff.SOUND),
    "silence.flac": lambda: by_soundfile(np.zeros((1, 44_100 * 600)), "FLAC", "PCM_16"),
}


@pytest.mark.parametrize("name", FILES)
def test_it_is_read_or_refused_soon(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name]())
    began = time.process_time()
    try:
        audio, _ = read_audio(path)
    except UmtnError as error:
        assert str(path) in str(error)
    else:
        assert audio.shape[1] > 0
    assert time.process_time() - began < 2
