"""Files of every kind are read as what they are, or refused for the reason that is true of them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tests.umtn_core.audio.kinds import wav
from tests.umtn_core.audio.kinds.all import KINDS
from tests.umtn_core.audio.kinds.by_numpy import read_by_layout
from tests.umtn_core.audio.kinds.judging import fault
from tests.umtn_core.audio.kinds.kind import MUSIC, RATE, Kind, Nearly, Refused
from umtn_core.audio import read_audio
from umtn_core.audio.read import open_audio
from umtn_core.errors import UmtnError


def test_no_two_kinds_have_one_name() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_of_file(kind: Kind, tmp_path: Path) -> None:
    path = tmp_path / kind.name
    path.write_bytes(kind.contents)
    if isinstance(kind.right, Refused):
        with pytest.raises(UmtnError) as refused:
            read_audio(path)
        sentence = str(refused.value)
        assert kind.right.words in sentence.replace(str(path), "")
        assert str(path) in sentence and sentence.endswith(".") and "\n" not in sentence
    else:
        played, rate = read_audio(path)
        assert played.dtype == np.float32
        assert fault(played, rate, kind.right) == ""
        with path.open("rb") as file, open_audio(file, path) as audio:
            assert kind.remark in audio.remark and bool(kind.remark) == bool(audio.remark)
            assert (audio.channels, audio.samples) == played.shape
            start, length = audio.samples * 3 // 5, audio.samples // 7
            region = audio.read(start, length)
            layout = audio.layout
        np.testing.assert_array_equal(region, played[:, start : start + length])
        stored = None if layout is None else read_by_layout(kind.contents, layout)
        if stored is not None:
            np.testing.assert_allclose(stored, played, atol=1e-6)


def test_a_length_that_was_written_modulo_4_gib(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav.riff(wav.fmt(wav.PCM, 16), wav.chunk(b"data", b"", 400)))
    os.truncate(path, path.stat().st_size + (1 << 32) + 400)
    with path.open("rb") as file, open_audio(file, path) as audio:
        assert audio.samples == (1 << 30) + 100


@pytest.mark.long
def test_layer_ii_of_mpeg(tmp_path: Path) -> None:
    """As broadcasters have it, by FFmpeg's encoder."""
    av = pytest.importorskip("av", reason="needs PyAV (pip install 'umtn[yardsticks]')")
    path = tmp_path / "a.mp2"
    with av.open(str(path), "w", format="mp2") as file:
        stream = file.add_stream("mp2", rate=RATE)
        stream.layout = "stereo"
        whole = np.ascontiguousarray(np.rint(MUSIC * 32767).astype(np.int16).T.reshape(1, -1))
        frame = av.AudioFrame.from_ndarray(whole, format="s16", layout="stereo")
        frame.rate = RATE
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    played, rate = read_audio(path)
    assert fault(played, rate, Nearly(MUSIC, late=2300, longer=4000)) == ""


@pytest.mark.long
@pytest.mark.parametrize(
    "kind",
    [kind for kind in KINDS if kind.ffmpeg and not isinstance(kind.right, Refused)],
    ids=lambda kind: kind.name,
)
def test_ffmpeg_reads_it_so_too(kind: Kind, tmp_path: Path) -> None:
    """The right value is not of our own making where FFmpeg can be asked."""
    pytest.importorskip("av", reason="needs PyAV (pip install 'umtn[yardsticks]')")
    from tests.umtn_core.audio.kinds.ffmpeg import read_by_ffmpeg

    assert not isinstance(kind.right, Refused)
    path = tmp_path / kind.name
    path.write_bytes(kind.contents)
    assert fault(*read_by_ffmpeg(path), kind.right) == ""
