"""Past that is given to a decoder before it is scored: what counts and what does not."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the benchmark's random weights are PyTorch's")
pytest.importorskip("lightning", reason="training needs the train extra")

from benchmarks.decoding import random_bundle
from benchmarks.warm_up import Place, chosen, nats_after, warm_ups
from export import export_checkpoint
from tests.export.tones import MACHINE
from umtn_core.bundle import Bundle
from umtn_core.data.files import write_audio
from umtn_core.data.store import FileEntry, Index, write_index
from umtn_core.decode.onnx.onnx_engine import OnnxEngine
from umtn_core.encode.onnx_encoder import OnnxEncoder
from umtn_core.errors import UmtnError
from umtn_core.evaluation.likelihood.teacher_forcing import teacher_forced_nats
from umtn_core.segments.plan import warm_up
from umtn_core.shape import NetworkShape
from umtn_core.training.settings import Settings
from umtn_core.training.train import train

SHAPE = NetworkShape(
    hop=40, latent_channels=3, encoder_blocks=1, encoder_layers=2, encoder_channels=4,
    decoder_blocks=2, decoder_layers=6, residual_channels=6, skip_channels=6,
)  # fmt: skip
#: The receptive field in latent frames: 128 samples.
FIELD = 4


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """A decoder of random weights, the same ones every time."""
    torch.manual_seed(0)
    return random_bundle(SHAPE)


def music(samples: int) -> np.ndarray:
    """Noise, of which every sample depends on none before it."""
    return np.random.default_rng(0).normal(0, 0.3, samples).astype(np.float32)


def test_what_lies_before_the_receptive_field_costs_and_spares_nothing(bundle: Bundle) -> None:
    engine = OnnxEngine(bundle, "any", threads=1)
    places = chosen(bundle, "any", [music(4_000), music(1_600)], 6, 2 * FIELD, 2)
    assert len(places) == 6
    shorter, whole, longer = (
        nats_after(engine, places, before, 2) for before in (0, FIELD, 2 * FIELD)
    )
    np.testing.assert_allclose(whole, longer, atol=2e-6)
    assert np.abs(shorter - whole).max() > 1e-4


def test_the_cost_is_that_of_teacher_forcing(bundle: Bundle) -> None:
    audio, hop = music(10 * SHAPE.hop), SHAPE.hop
    engine = OnnxEngine(bundle, "any", threads=1)
    codes = bundle.coding("any").encode(audio)
    place = Place(OnnxEncoder(bundle).encode(audio), codes, 7)
    expected = teacher_forced_nats(bundle, "any", [audio], unscored=7 * hop)
    assert nats_after(engine, [place], 7, 3) == pytest.approx(expected, rel=1e-6)


def test_context_field_and_twice_the_field_are_tried() -> None:
    released = NetworkShape(decoder_layers=14)
    lengths = warm_ups(released, 12_000)
    assert {0, 15, 82, 164} <= set(lengths) and lengths == sorted(lengths)
    assert max(lengths) == 164
    assert FIELD in warm_ups(SHAPE, None)


def test_music_that_is_too_short_is_refused(bundle: Bundle) -> None:
    with pytest.raises(UmtnError, match="no held-out music"):
        chosen(bundle, "any", [music(400)], 2, 2 * FIELD, 2)


#: A receptive field of 1,024 samples.
TAUGHT = {
    "hop": 50, "latent_channels": 2, "encoder_blocks": 1, "encoder_layers": 3,
    "encoder_channels": 8, "encoder_stride": 2, "decoder_blocks": 2, "decoder_layers": 9,
    "residual_channels": 16, "skip_channels": 16,
}  # fmt: skip
FILES = ["train"] * 6 + ["valid"] * 2


def notes(seed: int) -> np.ndarray:
    """Eight seconds of short notes with vibrato and a little noise."""
    rng, time = np.random.default_rng(seed), np.arange(128_000) / 16_000
    pitches = np.repeat(220 * 2 ** (rng.integers(0, 25, 64) / 12), 2_000)
    phase = 2 * np.pi * np.cumsum(pitches * (1 + 0.01 * np.sin(10 * np.pi * time))) / 16_000
    wave = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 6))
    return (0.15 * wave + 0.003 * rng.normal(size=len(time))).astype(np.float32)


def costs_by_warm_up(folder: Path, segment: int) -> tuple[Bundle, dict[int, float]]:
    """Train on excerpts of one length; what notes then cost by latent frames of past."""
    entries = []
    for number, split in enumerate(FILES):
        path = f"audio/notes/{number}.npy"
        samples = write_audio(folder / "store" / path, notes(number))
        entries.append(
            FileEntry(domain="notes", split=split, path=path, samples=samples,
                      source=str(number), licence="CC0-1.0")
        )  # fmt: skip
    write_index(folder / "store", Index(files=entries))
    values = {
        "store": str(folder / "store"), "output": str(folder / "run"), "preset": "paper",
        "shape": TAUGHT, "steps": 300, "batch": 3_200 // segment, "segment": segment,
        "validate_every": 300, "validation_segments": 4, "listen_every": 0,
        "perturbation": {"probability": 0},
        "optimiser": {
            "encoder_rate": 2e-3, "decoder_rate": 4e-3, "muon": True, "beta2": 0.98,
            "warmup": 20, "decay": 1.0, "cooldown": 150,
        },
        "machine": MACHINE,
    }  # fmt: skip
    made = train(msgspec.convert(values, Settings).checked(), progress=False)
    bundle = Bundle.open(export_checkpoint(made, folder / "model", name="Notes"))
    shape = bundle.shape
    engine = OnnxEngine(bundle, "notes", threads=1)
    held_out = [notes(number) for number, split in enumerate(FILES) if split == "valid"]
    taught = warm_up(shape, bundle.manifest.context)
    lengths = {0, -(-taught // shape.hop), -(-shape.receptive_field // shape.hop)}
    places = chosen(bundle, "notes", held_out, 128, max(lengths), 4)
    return bundle, {n: float(nats_after(engine, places, n, 4).mean()) for n in lengths}


@pytest.mark.long
def test_a_past_as_long_as_the_excerpts_is_worth_the_whole_field(tmp_path: Path) -> None:
    """Excerpts of a fifth of the field; and that a past that is missing would be seen."""
    bundle, short = costs_by_warm_up(tmp_path / "short", 200)
    assert bundle.manifest.context == 200
    _, taught, field = (short[n] for n in sorted(short))
    assert taught < field + 0.005
    bundle, long = costs_by_warm_up(tmp_path / "long", 1_600)
    assert warm_up(bundle.shape, bundle.manifest.context) == bundle.shape.receptive_field
    nothing, field = (long[n] for n in sorted(long))
    assert nothing > field + 0.05
