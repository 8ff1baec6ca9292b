"""The kernels' encoder against the bundle's graph in ONNX Runtime."""

import msgspec
import numpy as np
import pytest

from umtn_core.audio.resample import resample
from umtn_core.bundle import Bundle
from umtn_core.bundle.manifest import ENCODER
from umtn_core.bundle.onnx_file import GraphFile
from umtn_core.encode.cpu_encoder import CpuEncoder
from umtn_core.encode.onnx_encoder import OnnxEncoder
from umtn_core.encode.opening import open_encoder
from umtn_core.errors import UmtnError
from umtn_core.evaluation.material.real_recordings import real_recording
from umtn_core.native import library
from umtn_core.native.calls import targets
from umtn_core.shape import PRESETS, NetworkShape


def noise(samples):
    return np.random.default_rng(0).uniform(-0.7, 0.7, samples).astype(np.float32)


def furthest(found, expected):
    return np.abs(found - expected).max() / np.abs(expected).max()


@pytest.mark.parametrize("target", targets())
@pytest.mark.parametrize(
    ("precision", "tolerance"), [("fp32", 2e-6), ("bf16", 0.02), ("int8", 0.05)]
)
def test_every_target_gives_the_graphs_latents(random_bundle, shape, target, precision, tolerance):
    bundle = random_bundle(shape)
    audio = noise(23 * shape.hop - 5)
    expected = OnnxEncoder(bundle, 1).encode(audio)
    assert furthest(CpuEncoder(bundle, 1, precision, target).encode(audio), expected) < tolerance


@pytest.mark.parametrize(
    "shape",
    [
        NetworkShape(encoder_channels=33, encoder_kernel=5, latent_channels=17, hop=60),
        NetworkShape(encoder_channels=130, encoder_kernel=1, latent_channels=1, hop=100),
        NetworkShape(encoder_channels=1, encoder_blocks=1, encoder_layers=1, hop=1),
    ],
)
def test_shapes_that_fill_no_vector(random_bundle, shape):
    bundle = random_bundle(shape)
    audio = noise(7 * shape.hop)
    expected = OnnxEncoder(bundle, 1).encode(audio)
    assert furthest(CpuEncoder(bundle, 1).encode(audio), expected) < 5e-6
    assert furthest(CpuEncoder(bundle, 1, "int8").encode(audio), expected) < 0.05


@pytest.mark.long
@pytest.mark.parametrize("name", PRESETS)
def test_presets(random_bundle, name):
    bundle = random_bundle(PRESETS[name])
    audio = noise(5 * 16_000)
    expected = OnnxEncoder(bundle).encode(audio)
    assert furthest(CpuEncoder(bundle).encode(audio), expected) < 1e-5
    assert furthest(CpuEncoder(bundle, precision="bf16").encode(audio), expected) < 0.02
    assert furthest(CpuEncoder(bundle, precision="int8").encode(audio), expected) < 0.05


def test_real_music_in_the_shipped_model():
    shipped = Bundle.open("default")
    recording = real_recording("clarinet")
    rate = shipped.shape.sample_rate
    music = resample(recording.samples, recording.sample_rate, rate)[: 8 * rate]
    expected = OnnxEncoder(shipped, 1).encode(music)
    assert furthest(CpuEncoder(shipped, 1).encode(music), expected) < 1e-5
    # Against how much the latents change: a constant part would hide an error.
    spread = expected.std(axis=1)
    for precision, tolerance in (("bf16", 0.01), ("int8", 0.05)):
        found = CpuEncoder(shipped, 1, precision).encode(music)
        error = np.sqrt(((found - expected) ** 2).mean(axis=1))
        assert (error < tolerance * spread).all(), precision


def test_weights_that_are_not_numbers_are_refused(random_bundle, shape):
    bundle = random_bundle(shape)
    graphs = {name: bundle.contents(name) for name in bundle.manifest.files}
    weights = np.frombuffer(graphs[ENCODER], np.uint8).copy()
    value = np.float32(_first_bias(bundle)).tobytes()
    where = graphs[ENCODER].index(value)
    weights[where : where + 4] = np.frombuffer(np.float32(np.nan).tobytes(), np.uint8)
    damaged = Bundle.in_memory(bundle.manifest, {**graphs, ENCODER: weights.tobytes()})
    with pytest.raises(UmtnError, match="not a number"):
        CpuEncoder(damaged)


def _first_bias(bundle):
    return GraphFile.parse(bundle.encoder).weights["start.bias"][0]


def test_weights_of_another_shape_are_refused(random_bundle, shape):
    bundle = random_bundle(shape)
    other = msgspec.structs.replace(shape, encoder_channels=shape.encoder_channels + 1)
    graphs = {name: bundle.contents(name) for name in bundle.manifest.files}
    manifest = msgspec.structs.replace(bundle.manifest, shape=other)
    with pytest.raises(UmtnError, match=r"encoder of .* has no weight start"):
        CpuEncoder(Bundle.in_memory(manifest, graphs))


def test_what_goes_with_an_engine(random_bundle, shape, monkeypatch):
    bundle = random_bundle(shape)
    assert isinstance(open_encoder(bundle, None), OnnxEncoder)
    assert isinstance(open_encoder(bundle, "bf16"), CpuEncoder)
    library.open_library.cache_clear()
    monkeypatch.setattr(library, "_find", lambda: None)
    try:
        assert isinstance(open_encoder(bundle, "bf16"), OnnxEncoder)
    finally:
        library.open_library.cache_clear()
