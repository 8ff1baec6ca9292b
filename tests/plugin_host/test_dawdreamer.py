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


@pytest.fixture
def words(vst3: Path, tune: NDArray[np.float32], tmp_path: Path) -> dict[str, Any]:
    np.save(tmp_path / "tune.npy", tune)
    return {"plugin": vst3, "audio": tmp_path / "tune.npy", "rate": RATE, "block": 512}


def assert_plays(heard: NDArray[np.float32], wav: Path, times: int = 1) -> None:
    """That a pass was the file, but for the fades at its ends."""
    expected, rate = read_audio(wav)
    assert rate == RATE and np.abs(expected).max() > 0.01
    inside = slice(FADE, heard.shape[1] - 2 * FADE)
    np.testing.assert_array_equal(heard[:, inside], times * expected[:, inside])


@pytest.mark.parametrize("block", [64, pytest.param(1_000, marks=pytest.mark.long)])
def test_what_plays_is_the_bridges_wav_sample_for_sample(
    bridge: Any, start_host: Any, words: dict[str, Any], tune: NDArray[np.float32], block: int
) -> None:
    words["block"] = block
    host = start_host("dawdreamer_host.py", passes=[CAPTURE, RENDER, PLAY], **words)
    host.answer()
    np.testing.assert_array_equal(host.passed(0)[:, : tune.shape[1]], tune)
    (take,) = takes(bridge)
    assert_plays(host.passed(1), take)
    assert_plays(host.passed(2), take)

    # Saved and opened again, in another process, with no bridge to ask.
    bridge.stop()
    again = start_host(
        "dawdreamer_host.py", "again", passes=[PLAY], state=host.folder / "state.bin", **words
    )
    again.answer()
    assert_plays(again.passed(0), take)


def test_two_daws_with_two_instances_each_share_a_bridge(
    bridge: Any, start_host: Any, words: dict[str, Any]
) -> None:
    passes = [CAPTURE, RENDER, PLAY]
    hosts = [
        start_host("dawdreamer_host.py", name, passes=passes, instances=2, **words)
        for name in ("one", "other")
    ]
    for host in hosts:
        host.answer()
    made = takes(bridge)
    assert len(made) == 4 and len({take.parent for take in made}) == 4
    # The same recording with the same seed: what one instance plays, all four do.
    for host in hosts:
        assert_plays(host.passed(2), made[0], times=2)
