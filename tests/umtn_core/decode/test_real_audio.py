"""Engines on a recording of a real player, against the network in PyTorch and each other."""

from pathlib import Path

import numpy as np
import pytest

from export.graphs import conditioner_graph, decoder_step_graph
from umtn_core.audio.resample import resample
from umtn_core.bundle import Bundle, Domain, Manifest
from umtn_core.bundle.manifest import SCHEMA, conditioner_file, decoder_file
from umtn_core.bundle.onnx_file import GraphFile
from umtn_core.companding import Companding
from umtn_core.decode.cpu.cpu_engine import CpuEngine
from umtn_core.decode.decode import Decode
from umtn_core.decode.onnx.onnx_engine import OnnxEngine
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.stream import Stream, StreamState
from umtn_core.decode.uniform import uniforms
from umtn_core.encode.onnx_encoder import OnnxEncoder
from umtn_core.errors import UmtnError
from umtn_core.evaluation.likelihood.cost import network_nats
from umtn_core.evaluation.material.real_recordings import real_recording
from umtn_core.native.library import is_available
from umtn_core.shape import PRESETS, NetworkShape

torch = pytest.importorskip("torch")
from umtn_core.networks.decoder import Decoder

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not is_available(), reason="installed without a C++ compiler"),
]

MODELS = Path(__file__).parents[3] / "models"
SCORED = 20_000
ENGINES = {
    "onnx": lambda bundle, domain: OnnxEngine(bundle, domain, 2),
    "cpu": lambda bundle, domain: CpuEngine(bundle, domain, 1),
    "cpu-bf16": lambda bundle, domain: CpuEngine(bundle, domain, 1, "bf16"),
    "cpu-int8": lambda bundle, domain: CpuEngine(bundle, domain, 1, "int8"),
}
#: Of the greatest logit, and in nats a sample.
LOGITS = {"onnx": 1e-4, "cpu": 1e-4, "cpu-bf16": 0.03, "cpu-int8": 0.1}
NATS = {"onnx": 1e-5, "cpu": 1e-5, "cpu-bf16": 0.01, "cpu-int8": 0.01}


@pytest.fixture(scope="module")
def audio():
    """Some players one after another, each from where they begin, at 16 kHz."""
    try:
        players = [real_recording(name) for name in ("clarinet", "trumpet", "flute")]
    except UmtnError as error:
        pytest.skip(f"no recording of a real player: {error}")
    parts = []
    for player in players:
        samples = resample(player.samples, player.sample_rate, 16_000)
        begin = int(np.argmax(np.abs(samples) > 0.05))
        parts.append(samples[begin:] * (0.5 / np.abs(samples).max()))
    return np.concatenate(parts).astype(np.float32)


@pytest.fixture(scope="module")
def shipped():
    return Bundle.open(MODELS / "default")


@pytest.fixture(scope="module")
def released():
    """The released shape with random weights: the published ones are not ours to carry."""
    shape = PRESETS["released"]
    torch.manual_seed(0)
    weights = {name: value.numpy() for name, value in Decoder(shape).state_dict().items()}
    graphs = {
        conditioner_file("clarinet"): conditioner_graph(shape, weights).SerializeToString(),
        decoder_file("clarinet"): decoder_step_graph(shape, weights).SerializeToString(),
    }
    manifest = Manifest(
        schema=SCHEMA, name="random", domains=(Domain("clarinet"),), shape=shape,
        licence="none", training_data="none", reference_loudness=-20.0, files={},
    )  # fmt: skip
    return Bundle.in_memory(manifest, graphs)


def pytorch_logits(bundle: Bundle, latents, codes):
    """Logits of the last SCORED samples, by the network that was trained."""
    network, shape = Decoder(bundle.shape), bundle.shape
    weights = {
        **GraphFile.parse(bundle.decoder("clarinet")).weights,
        **GraphFile.parse(bundle.conditioner("clarinet")).weights,
    }
    state = network.state_dict()
    network.load_state_dict(
        state | {k: torch.from_numpy(weights[k].copy()) for k in state if k in weights}
    )
    frames = -(-len(codes) // shape.hop)
    with torch.no_grad():
        whole = np.pad(codes, (0, frames * shape.hop - len(codes)))
        tensor = torch.from_numpy(whole.astype(np.int64))[None]
        logits = network(tensor, torch.from_numpy(latents[None, :, :frames]))
    return logits[0, len(codes) - SCORED : len(codes)].numpy()


def engine_logits(engine, latents, codes):
    """Logits of the last SCORED samples, and what the engine's kernels took before them."""
    shape, hop = engine.shape, engine.shape.hop
    state = StreamState.begin(Stream(latents, len(codes)), shape)
    stepper = engine.stepper(1, Sampling())
    stepper.load(0, state.recent(shape)[None], None)
    conditioning = engine.condition(latents)
    kept = []
    for begin in range(0, len(codes), hop):
        part = stepper.score(conditioning[begin // hop][None], codes[None, begin : begin + hop])[0]
        kept.append(part[max(0, len(codes) - SCORED - begin) :])
    return np.concatenate(kept)


def check(bundle: Bundle, latents, codes, name: str):
    assert len(codes) == bundle.shape.receptive_field + SCORED
    expected = pytorch_logits(bundle, latents, codes)
    found = engine_logits(ENGINES[name](bundle, "clarinet"), latents, codes)
    assert found.shape == expected.shape == (SCORED, 256)
    assert np.abs(found - expected).max() < LOGITS[name] * np.abs(expected).max()
    scored = codes[-SCORED:]
    difference = network_nats(found, scored) - network_nats(expected, scored)
    assert abs(difference) < NATS[name]


def coded(shape: NetworkShape, audio):
    return Companding(shape.companding).encode(audio[: shape.receptive_field + SCORED])


@pytest.mark.parametrize("name", ENGINES)
def test_the_shipped_model_scores_as_in_pytorch(shipped, audio, name):
    codes = coded(shipped.shape, audio)
    latents = OnnxEncoder(shipped, threads=1).encode(audio[: len(codes)])
    check(shipped, latents, codes, name)


@pytest.mark.parametrize("name", ENGINES)
def test_the_released_shape_scores_as_in_pytorch(released, audio, name):
    shape = released.shape
    codes = coded(shape, audio)
    frames = -(-len(codes) // shape.hop)
    latents = np.random.default_rng(0).normal(size=(shape.latent_channels, frames))
    check(released, latents.astype(np.float32), codes, name)


@pytest.mark.parametrize("seed", [0, 1])
def test_free_running_engines_agree_for_two_seconds(shipped, audio, seed):
    latents = OnnxEncoder(shipped, threads=1).encode(audio[:32_000])
    made = {}
    for name in ("onnx", "cpu"):
        engine = ENGINES[name](shipped, "clarinet")
        decode = Decode(engine, [Stream(latents, 32_000, 5)], Sampling(seed))
        decode.advance()
        made[name] = decode.codes[0]
    unequal = np.flatnonzero(made["onnx"] != made["cpu"])
    if not unequal.size:
        return
    # The first that differs must have been drawn where two codes' shares meet.
    at = int(unequal[0])
    engine = ENGINES["cpu"](shipped, "clarinet")
    state = StreamState.begin(Stream(latents, at + 1), engine.shape)
    stepper = engine.stepper(1, Sampling())
    stepper.load(0, state.recent(engine.shape)[None], None)
    conditioning, hop = engine.condition(latents), engine.shape.hop
    for begin in range(0, at + 1, hop):
        codes = made["cpu"][None, begin : min(begin + hop, at + 1)]
        logits = stepper.score(conditioning[begin // hop][None], codes)[0, -1].astype(np.float64)
    shares = np.exp(logits - logits.max())
    edges = np.cumsum(shares) / shares.sum()
    lower = min(made["onnx"][at], made["cpu"][at])
    assert abs(edges[lower] - uniforms(seed, [5], at, 1)[0, 0]) < 1e-5
