"""Spoilt files of each container: no noise, no hang, and memory that is bounded."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.umtn_core.audio.fuzzing.bases import bases
from tests.umtn_core.audio.fuzzing.comparing import compare
from tests.umtn_core.audio.fuzzing.judging import Judge, Verdict
from tests.umtn_core.audio.fuzzing.reading import MEMORY, Reader
from tests.umtn_core.audio.kinds import wav
from tests.umtn_core.audio.kinds.kind import MONO, MUSIC

_FEW, _MANY = 11, 800


def judged(folder: Path, others: list[str], seeds: range) -> Verdict:
    verdict = Verdict()
    judge = Judge(folder, others)
    try:
        for base in bases():
            judge.judge(base, iter(seeds), verdict)
    finally:
        judge.close()
    print(dict(verdict.counts))
    return verdict


def test_some_hundred_spoilt_files(tmp_path: Path) -> None:
    verdict = judged(tmp_path, ["pedalboard"], range(_FEW))
    assert verdict.faults == []
    # It would be no test if hardly any were played, or none refused.
    assert min(verdict.counts["as the whole file"], verdict.counts["refused"]) > 50


@pytest.mark.long
def test_twenty_thousand_spoilt_files(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="needs PyAV (pip install 'umtn[yardsticks]')")
    verdict = judged(tmp_path, ["ffmpeg", "pedalboard"], range(_FEW, _FEW + _MANY))
    assert sum(verdict.counts.values()) > 20_000
    assert verdict.faults == []


def test_what_takes_too_much_memory_is_a_fault(tmp_path: Path) -> None:
    """A whole file, whose samples take more than the reader may have."""
    path = tmp_path / "a.wav"
    size = 2 * MEMORY // 3
    path.write_bytes(wav.riff(wav.fmt(wav.PCM, 16), wav.chunk(b"data", b"", size)))
    os.truncate(path, path.stat().st_size + size)
    reader = Reader("umtn")
    read = reader.read(path)
    reader.stop()
    assert read.audio is None
    assert read.failed or "memory" in read.refused


def test_what_is_compared_tells_noise_from_music() -> None:
    for wrong in (MUSIC[::-1], MUSIC[:, ::-1], 3 * MUSIC, 0 * MUSIC):
        assert not compare(wrong, MUSIC).agrees(0.1)
    for as_good in (MUSIC, MUSIC[:, 1105:], 0.9 * MUSIC, MUSIC[:, : MUSIC.shape[1] // 2]):
        assert compare(as_good, MUSIC).agrees(0.1)
    assert compare(MONO[:, :22_050], MONO).lost > 0.4
