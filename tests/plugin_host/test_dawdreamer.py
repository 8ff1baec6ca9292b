"""Capture, render by a real bridge, and play, in a host with a timeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from umtn_core.audio import read_audio

pytest.importorskip("dawdreamer", reason="needs dawdreamer, which is not installed")

RATE = 48_000
FADE = int(0.003 * RATE) + 2

CAPTURE = [["Capture", 1.0], ["Render", 0.0]]
RENDER = [["Capture", 0.0], ["Render", 1.0]]
PLAY = [["Capture", 0.0], ["Render", 0.0]]


def takes(bridge: Any) -> list[Path]:
    return sorted(p for p in bridge.session.rglob("*.wav") if "clarinet" in p.name)


@pytest.mark.parametrize("block", [64, 1_000])
def test_what_plays_is_the_bridges_wav_sample_for_sample(
    bridge: Any, run_host: Any, vst3: Path, tune: NDArray[np.float32], tmp_path: Path, block: int
) -> None:
    np.save(tmp_path / "tune.npy", tune)
    words = {"plugin": vst3, "audio": tmp_path / "tune.npy", "rate": RATE, "block": block}
    run_host("dawdreamer_host.py", passes=[CAPTURE, RENDER, PLAY], **words)
    first, second, third = (np.load(tmp_path / f"pass-{n}.npy") for n in range(3))

    length = tune.shape[1]
    np.testing.assert_array_equal(first[:, :length], tune)
    (take,) = takes(bridge)
    wav, rate = read_audio(take)
    assert rate == RATE and wav.shape[0] == 2
    inside = slice(FADE, length - block - FADE)
    assert np.abs(wav[:, inside]).max() > 0.01
    np.testing.assert_array_equal(second[:, inside], wav[:, inside])
    np.testing.assert_array_equal(third[:, inside], wav[:, inside])

    # Saved and opened again, in another process, with no bridge to ask.
    bridge.stop()
    run_host("dawdreamer_host.py", passes=[PLAY], state=tmp_path / "state.bin", **words)
    again = np.load(tmp_path / "pass-0.npy")
    np.testing.assert_array_equal(again[:, inside], wav[:, inside])
