"""A store of a few seconds in five domains, and settings that train a tiny network on it."""

from functools import partial

import msgspec
import numpy as np
import pytest
import torch

pytest.importorskip("lightning", reason="training needs the train extra")

from umtn_core.data.files import write_audio
from umtn_core.data.store import FileEntry, Index, write_index
from umtn_core.training.settings import Settings

TINY = {
    "hop": 80, "latent_channels": 4, "encoder_blocks": 1, "encoder_layers": 3,
    "encoder_channels": 8, "decoder_blocks": 1, "decoder_layers": 4, "residual_channels": 8,
    "skip_channels": 8, "conditioning_channels": 0, "classifier_channels": 8,
}  # fmt: skip


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("store")
    random = np.random.default_rng(0)
    entries = []
    for domain, harmonics in (("flute", 1), ("violin", 4), ("oboe", 6), ("organ", 2), ("cello", 3)):
        for number in range(3):
            time = np.arange(16_000) / 16_000
            frequency = 262 * 2 ** (random.integers(0, 12) / 12)
            wave = sum(
                np.sin(2 * np.pi * frequency * h * time) / h for h in range(1, harmonics + 1)
            )
            name = f"audio/{domain}/{number}.npy"
            samples = write_audio(path / name, 0.3 * wave)
            entries.append(
                FileEntry(
                    domain=domain,
                    split=("train", "valid", "test")[number],
                    path=name,
                    samples=samples,
                    source="test tone",
                    licence="CC0",
                )
            )
    write_index(path, Index(files=entries))
    return path


def _settings(store, folder, **fields):
    """Settings of a tiny run on one core."""
    machine = {
        "accelerator": "cpu", "devices": 1, "precision": "32-true", "loaders": 0, "threads": 1,
    } | fields.pop("machine", {})  # fmt: skip
    values = {
        "store": str(store), "output": str(folder / "run"), "shape": TINY, "steps": 6,
        "domains": ("flute", "violin"),
        "batch": 2, "segment": 480, "context": 80, "unscored": 8, "validate_every": 3,
        "validation_segments": 2, "listen_every": 0, "machine": machine, "preset": "small",
        "spectral": {"weight": 1.0},
        "corruption": {
            "mix_probability": 0.5, "noise_probability": 0.5, "splice_probability": 0.5
        },
    } | fields  # fmt: skip
    return msgspec.convert(values, Settings).checked()


@pytest.fixture(scope="session")
def make_settings(store):
    """Make settings of a run in a folder: ``make_settings(folder, steps=4)``."""
    return partial(_settings, store)


@pytest.fixture
def settings(make_settings, tmp_path):
    """Make settings: ``settings(steps=4)``."""
    return partial(make_settings, tmp_path)


@pytest.fixture(scope="session")
def adam_gradients():
    """Read what a run's first step was made of from its checkpoint."""

    def read(path):
        # After one step, Adam's first moments are the gradients times a constant.
        states = torch.load(path, weights_only=True)["optimizer_states"]
        return {
            f"{player} {index}": moments["exp_avg"]
            for player, state in enumerate(states)
            for index, moments in state["state"].items()
        }

    return read
