"""Every settings file in the folder starts a run, on whatever single device there is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("lightning", reason="training needs the train extra")

from umtn_core.data.files import write_audio
from umtn_core.data.store import FileEntry, Index, write_index
from umtn_core.training.checkpoint import read_checkpoint
from umtn_core.training.settings import RECIPES, Machine, rate_factor, read_settings

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = sorted(EXAMPLES.glob("train_*.yaml"))

#: Of each file, what makes its run short: the network's width, and nothing of how it is run.
TINY = (
    "shape={encoder_channels: 8, encoder_blocks: 1, encoder_layers: 2, decoder_layers: 3, "
    "residual_channels: 8, skip_channels: 8, conditioning_channels: 8}"
)
SHORT = ("steps=3", "validate_every=2", "validation_segments=2", "judge_every=2", "judge_seconds=1")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """A store of a few seconds of two domains, by its sample rate."""
    stores = {}
    for rate in (16_000, 32_000):
        path, entries = tmp_path_factory.mktemp(f"store{rate}"), []
        for domain, hertz in (("clarinet", 220.0), ("trumpet", 330.0)):
            for split in ("train", "valid"):
                name = f"audio/{domain}/{split}.npy"
                wave = 0.4 * np.sin(2 * np.pi * hertz * np.arange(3 * rate) / rate)
                entries.append(
                    FileEntry(
                        domain=domain, split=split, path=name, source="test tone", licence="CC0",
                        samples=write_audio(path / name, wave),
                    )
                )  # fmt: skip
        write_index(path, Index(sample_rate=rate, files=entries))
        stores[rate] = path
    return stores


def test_the_folder_has_files_to_start() -> None:
    assert {path.name for path in FILES} >= {
        "train_default.yaml", "train_gpu.yaml", "train_minimal.yaml"
    }  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_starts_on_one_device(path: Path, store: dict[int, Path], tmp_path: Path) -> None:
    settings = read_settings(path)
    folder = store[settings.network_shape.output_rate]
    changes = (f"store={folder}", f"output={tmp_path / 'run'}", TINY, *SHORT)
    arguments = [part for change in changes for part in ("--set", change)]
    done = subprocess.run(
        [sys.executable, "-m", "bridge.cli", "train", str(path), *arguments, "--quiet"],
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(EXAMPLES.parent)},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Batch 2, judged in" in done.stderr
    last = read_checkpoint(tmp_path / "run" / "last.ckpt")
    assert last.batches == 3 and last.domains == ("clarinet", "trumpet")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_asks_for_no_second_gpu(path: Path) -> None:
    machine = read_settings(path).machine
    assert machine.accelerator == "cpu" or machine.devices <= 1
    assert machine.accelerator == "cpu" or machine.strategy == "auto"


def test_rates_for_a_gpu_are_the_recipe_s_for_its_batch() -> None:
    settings = read_settings(EXAMPLES / "train_gpu.yaml")
    recipe = RECIPES[settings.preset]["optimiser"]
    assert RECIPES[settings.preset]["batch"] == 1
    for name in ("encoder_rate", "decoder_rate"):
        expected = recipe[name] * rate_factor(settings.batch)
        assert getattr(settings.optimiser, name) == pytest.approx(expected)
    assert settings.missing_aids == () and settings.optimiser.muon


def test_on_a_gpu_everything_is_left_to_the_device() -> None:
    machine = read_settings(EXAMPLES / "train_gpu.yaml").machine
    assert machine == Machine(devices=1)
