"""What tests of several rooms share: a tiny model, and something to play to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pedalboard.io import AudioFile

from umtn_core.shape import NetworkShape

#: Small enough to decode a second of audio in about a second.
TINY = NetworkShape(
    hop=400,
    latent_channels=4,
    encoder_blocks=1,
    encoder_layers=2,
    encoder_channels=8,
    encoder_stride=8,
    decoder_blocks=1,
    decoder_layers=3,
    residual_channels=8,
    skip_channels=8,
    decoder_input="embedding",
)


@pytest.fixture(autouse=True, scope="session")
def _throughput_of_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what tests time out of the user's cache, in one file for all their processes.

    And let `auto` mean the same with a GPU as without, but for tests that give it one.
    """
    from umtn_core.decode.choosing.throughput import FILE

    file = tmp_path_factory.mktemp("cache") / "throughput.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FILE, str(file))
        patch.setattr("umtn_core.decode.choosing.auto.is_usable", lambda: False)
        yield


@pytest.fixture(autouse=True, scope="session")
def _traces_of_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what commands leave in the user's data folder, as where they ran last, out of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models that holds one, `tiny`: untrained, with domains flute and violin."""
    import torch

    from export.export import bundle_graphs
    from umtn_core.bundle import Domain, Manifest, TrainingSource, write_bundle
    from umtn_core.networks import UniversalMusicTranslationNetwork

    torch.manual_seed(0)
    domains = ("flute", "violin")
    network = UniversalMusicTranslationNetwork(TINY, domains)
    folder = tmp_path_factory.mktemp("models")
    manifest = Manifest(
        schema=1,
        name="Tiny",
        domains=tuple(map(Domain, domains)),
        shape=TINY,
        licence="CC0-1.0",
        training_data="none: its weights are random",
        sources=(TrainingSource("nothing", "CC0-1.0"),),
        reference_loudness=-23.0,
        quality={"pitch": {"flute": 0.125}},
        files={},
    )
    write_bundle(folder / "tiny", manifest, bundle_graphs(network))
    return folder


@pytest.fixture(scope="session")
def tiny_bundle(tiny_models: Path) -> Path:
    """The folder of the model `tiny`."""
    return tiny_models / "tiny"


@pytest.fixture
def models_folder(tiny_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make `tiny` findable by name, and hide whatever the user has."""
    monkeypatch.setenv("UMTN_MODELS", str(tiny_models))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tiny_models


@pytest.fixture
def recording(tmp_path: Path) -> Callable[..., Path]:
    """Make a WAV file that holds a tone: ``recording("a.wav", seconds=0.1, rate=16000)``."""

    def make(name: str = "tone.wav", seconds: float = 0.05, rate: int = 16_000) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        time = np.arange(round(seconds * rate)) / rate
        tone = 0.3 * np.sin(2 * np.pi * 440 * time)[None].astype(np.float32)
        with AudioFile(str(path), "w", rate, 1, bit_depth=16) as file:
            file.write(tone)
        return path

    return make
