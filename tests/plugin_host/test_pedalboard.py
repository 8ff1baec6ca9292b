"""The plugin in a host that knows no time and probes it twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray


def test_it_loads_keeps_its_state_and_leaves_the_input_alone(
    bridge: Any, start_host: Any, vst3: Path, tune: NDArray[np.float32], tmp_path: Path
) -> None:
    np.save(tmp_path / "tune.npy", tune)
    host = start_host("pedalboard_host.py", plugin=vst3, audio=tmp_path / "tune.npy", block=333)
    seen = host.answer()
    assert list(seen["parameters"]) == [
        "capture", "instrument", "mix", "audition", "character", "variation", "render", "bypass",
        "channels", "dynamics", "transpose",
    ]  # fmt: skip
    # Bypassed or without a timeline, every bit of the input comes through.
    for name in ("bypassed", "untouched"):
        np.testing.assert_array_equal(np.load(host.folder / f"{name}.npy"), tune)
    assert seen["restored"]["mix"] == pytest.approx(0.25)
    assert seen["restored"]["variation"] == pytest.approx(0.5, abs=1e-3)
    assert seen["restored"]["audition"] == "Source"
    assert seen["restored"]["channels"] == "mid"
    assert seen["restored"]["transpose"] == "octave"
    assert seen["after nonsense"] == pytest.approx(0.25)
    assert seen["in another"] == pytest.approx(0.25)
    # A play head that stands still records nothing.
    assert not list(bridge.session.rglob("*.wav"))
