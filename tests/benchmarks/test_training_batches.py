"""The batch that fits a device, and the step that is timed for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("lightning", reason="training needs the train extra")

from benchmarks.training import random_segment
from benchmarks.training_batches import fitting, recorded_step
from umtn_core.training.settings import with_recipe

ROOT = Path(__file__).parents[2]
TINY = {
    "encoder_channels": 8, "encoder_blocks": 1, "encoder_layers": 2, "decoder_layers": 3,
    "residual_channels": 8, "skip_channels": 8, "conditioning_channels": 8,
}  # fmt: skip


def test_the_smallest_batch_is_taken_from_which_on_a_segment_takes_as_long() -> None:
    # 10, 6, 5.2, 5 and 5.1 a segment: from four on within a tenth of the best.
    assert fitting({1: 10.0, 2: 12.0, 4: 20.8, 8: 40.0, 16: 81.6}) == 4
    assert fitting({1: 10.0, 2: 20.0}) == 1
    assert fitting({1: 10.0, 2: 10.0, 4: 10.0}) == 4


def test_the_step_is_the_recipe_s_and_learns() -> None:
    settings = with_recipe({"store": "", "output": "", "shape": TINY, "segment": 800, "batch": 2})
    shape = settings.network_shape
    segment = random_segment(shape, 2, 2, 3, settings.context // shape.hop, settings.spectral.bands)
    with torch.autocast("cpu", torch.bfloat16):
        step = recorded_step(settings, 3, segment)
        losses = [float(step(segment, 1.0, 0.1).reconstruction.mean()) for _ in range(15)]
    assert len(step.optimisers) == 3 and step.look() is None
    assert losses[-1] < losses[0] - 0.05


def test_its_last_line_is_for_programs() -> None:
    arguments = ("--batches", "1", "--domains", "1", "--rounds", "1", "--device", "cpu")
    said = subprocess.run(
        [sys.executable, "-m", "benchmarks.training_batches", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    assert said[-1] == "batch=1"
    assert said[-2].startswith("--set batch=1 --set optimiser.encoder_rate=0.001 ")
    assert "wideband" in said[0] and "real time" in said[1]
