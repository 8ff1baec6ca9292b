"""The engine with its state on the device: the samples of `onnx`, and nothing copied.

On the processor the same code runs on the computer's own memory. Only CUDA graphs need a GPU.
"""

import gc
import threading

import numpy as np
import onnxruntime
import pytest

from tests.umtn_core.decode.driving import decoded, same
from umtn_core.bundle import Bundle
from umtn_core.bundle.onnx_file import GraphFile
from umtn_core.decode.choosing.engines import open_engine
from umtn_core.decode.decode import Decode
from umtn_core.decode.onnx import onnx_device_engine
from umtn_core.decode.onnx.device_rings import DeviceRings
from umtn_core.decode.onnx.onnx_device_engine import OnnxDeviceEngine
from umtn_core.decode.onnx.onnx_engine import OnnxEngine
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.saving import restore, save
from umtn_core.decode.stream import RingLayout, Stream
from umtn_core.errors import Cancelled, UmtnError
from umtn_core.native.cuda.driver import why_not_usable
from umtn_core.runtime import open_session
from umtn_core.shape import NetworkShape


def engine_for(bundle, domain="a"):
    return OnnxDeviceEngine(bundle, domain, "cpu")


def cuda_engine(bundle, *, captured):
    """On a GPU; without one, or without ONNX Runtime's build for it, the test is skipped."""
    if why_not_usable():
        pytest.skip(why_not_usable())
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime is not the build for GPUs (onnxruntime-gpu)")
    return OnnxDeviceEngine(bundle, "a", "cuda", captured=captured)


def requests(shape, count, samples=60):
    rng = np.random.default_rng(0)
    size = (shape.latent_channels, -(-samples // shape.output_hop))
    ends = [max(1, samples - 3 * (i % 16)) for i in range(count)]
    return [
        # Whole steps of all bands.
        Stream(
            rng.normal(size=size).astype(np.float32), -(-end // shape.bands) * shape.bands, 7 * i
        )
        for i, end in enumerate(ends)
    ]


def scored(engine, streams, seed=0, frames=2):
    """Logits and rings of given codes, frame by frame."""
    shape, rng = engine.shape, np.random.default_rng(seed)
    conditioning = rng.normal(size=(frames, streams, shape.conditioning_width)).astype(np.float32)
    codes = rng.integers(0, 256, (streams, frames * shape.output_hop)).astype(np.uint8)
    rings = [
        np.zeros((RingLayout.of(shape).rows, shape.residual_channels), np.float32) for _ in codes
    ]
    recent = np.full((streams, shape.input_codes), -1)
    stepper = engine.stepper(streams, Sampling())
    stepper.load(0, recent, rings)
    logits = [
        stepper.score(frame, codes[:, i * shape.output_hop : (i + 1) * shape.output_hop])
        for i, frame in enumerate(conditioning)
    ]
    stepper.store(rings)
    return np.concatenate(logits, axis=1), np.stack(rings)


@pytest.mark.parametrize("count", [1, 2, 3, 17, 64])
def test_samples_are_those_of_the_onnx_engine(random_bundle, shape, count):
    bundle, streams = random_bundle(shape), requests(shape, count)
    for sampling in (Sampling(seed=3), Sampling(temperature=0), Sampling(seed=5, top_p=0.8)):
        expected = decoded(OnnxEngine(bundle, "a", 1), streams, sampling)
        assert same(decoded(engine_for(bundle), streams, sampling), expected)


@pytest.mark.parametrize("bands", [2, 4, 8])
def test_each_band_has_its_own_temperature(random_bundle, bands):
    shape = NetworkShape(
        hop=5 * bands, bands=bands, latent_channels=2, encoder_blocks=1, encoder_layers=1,
        encoder_channels=2, decoder_blocks=1, decoder_layers=3, residual_channels=6,
        skip_channels=5, decoder_input="embedding", start_code=100,
    )  # fmt: skip
    bundle, streams = random_bundle(shape), requests(shape, 3, samples=64)
    factors = (1.1, 0.0, 0.5, 2.0, 0.9, 1.0, 0.3, 1.5)[:bands]
    sampling = Sampling(seed=3, temperature=0.9, band_temperatures=factors)
    expected = decoded(OnnxEngine(bundle, "a", 1), streams, sampling)
    assert same(decoded(engine_for(bundle), streams, sampling), expected)
    assert not same(expected, decoded(engine_for(bundle), streams, Sampling(3, 0.9)))


@pytest.mark.parametrize("streams", [1, 5])
def test_logits_and_rings_are_those_of_the_onnx_engine(random_bundle, shape, streams):
    bundle = random_bundle(shape)
    expected = scored(OnnxEngine(bundle, "a", 1), streams)
    for actual, wanted in zip(scored(engine_for(bundle), streams), expected, strict=True):
        assert np.array_equal(actual, wanted)


def test_a_decode_goes_on_in_another_engine(random_bundle, shape):
    bundle, streams = random_bundle(shape), requests(shape, 3)
    engines = [engine_for(bundle), OnnxEngine(bundle, "a", 2), engine_for(bundle)]
    expected = decoded(engines[1], streams)
    decode = Decode(engines[0], streams, Sampling(seed=3))
    for engine, until in zip(engines, (12, 28, None), strict=True):
        decode = restore(engine, save(decode))
        decode.advance(until)
    assert same(decode.codes, expected)


def test_it_ends_soon_after_it_is_cancelled_and_can_go_on(random_bundle, shape):
    engine = engine_for(random_bundle(shape))
    streams = requests(shape, 2, samples=100_000)
    decode = Decode(engine, streams, Sampling(seed=3))
    cancelled = threading.Event()
    threading.Timer(0.2, cancelled.set).start()
    with pytest.raises(Cancelled):
        decode.advance(cancelled=cancelled.is_set)
    reached = decode.states[0].position
    assert 0 < reached < 100_000
    undisturbed = Decode(engine, streams, Sampling(seed=3))
    undisturbed.advance(reached + 48)
    decode.advance(reached + 48)
    assert same(decode.codes, undisturbed.codes)


def test_the_rings_are_changed_in_place(random_bundle, shape):
    """A step writes one row of each layer, none that it reads, and leaves all others."""
    engine = engine_for(random_bundle(shape))
    memory = DeviceRings(engine._session, shape, 2, "cpu")
    layout, layers = RingLayout.of(shape), len(shape.dilations)
    time = int(layout.sizes.max()) + 3
    rng = np.random.default_rng(0)
    rings = rng.normal(size=(2, layout.rows, shape.residual_channels)).astype(np.float32)
    memory.fill(time, rings)
    kept = np.empty_like(rings)
    memory.fetch(time, kept)
    assert np.array_equal(kept, rings)
    memory.condition(np.zeros((2, shape.conditioning_width), np.float32))
    before, address = memory._rings.numpy().copy(), memory._rings.data_ptr()
    logits = memory.step(time).copy()
    outputs = [value.data_ptr() for value in memory._binding.get_outputs()]
    assert outputs == [memory._logits.data_ptr(), address]
    after = memory._rings.numpy().copy()
    changed = np.flatnonzero((after != before).any(axis=(1, 2)))
    assert len(before) == layout.rows + layers
    assert len(changed) == layers
    assert not set(changed) & set(memory._rows_read.reshape(-1))
    # So it can be run again, as it is to record it.
    assert np.array_equal(memory.step(time), logits)
    assert np.array_equal(memory._rings.numpy(), after)


def test_memory_is_used_again_and_not_by_two(random_bundle, shape, monkeypatch):
    engine = engine_for(random_bundle(shape))
    made = []
    plain = onnx_device_engine.DeviceRings

    def counted(*arguments):
        made.append(arguments[2])
        return plain(*arguments)

    monkeypatch.setattr(onnx_device_engine, "DeviceRings", counted)
    first, second = engine.stepper(3, Sampling()), engine.stepper(3, Sampling())
    assert first._memory is not second._memory
    del first, second
    gc.collect()
    decode = Decode(engine, requests(shape, 3, samples=40 * shape.bands), Sampling(seed=3))
    for until in range(1, 20):
        decode.advance(until * shape.bands)
    assert made == [3, 3]
    engine.stepper(4, Sampling())
    assert made == [3, 3, 4]
    assert not [memory for memory in engine._idle if memory.streams == 3]


def test_where_cuda_graphs_are_refused_nodes_run_one_by_one(random_bundle, shape, monkeypatch):
    asked = []

    def refusing(graph, *, device="cpu", captured=False, threads=1):
        asked.append((device, captured))
        if captured:
            raise UmtnError("ONNX Runtime cannot open the model: no graph capture.")
        return open_session(graph)

    monkeypatch.setattr(onnx_device_engine, "open_session", refusing)
    assert not open_engine("onnx-cuda", random_bundle(shape), "a").captured
    assert asked == [("cuda", True), ("cuda", False)]


def test_a_damaged_model_and_a_full_device_are_told(random_bundle, shape, monkeypatch):
    good = random_bundle(shape)
    graphs = {name: good.contents(name) for name in good.manifest.graph_files}
    weights = graphs["decoder.a.onnx"]
    bias = GraphFile.parse(weights).weights["logits.bias"].tobytes()
    broken = np.full(256 * shape.bands, np.nan, np.float32).tobytes()
    graphs["decoder.a.onnx"] = weights.replace(bias, broken)
    with pytest.raises(UmtnError, match="weights are damaged"):
        decoded(engine_for(Bundle.in_memory(good.manifest, graphs)), requests(shape, 1))

    def full(*_):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(DeviceRings, "_allocated", full)
    with pytest.raises(UmtnError, match="fewer at once"):
        engine_for(good).stepper(64, Sampling())


@pytest.mark.gpu
@pytest.mark.parametrize("captured", [False, True])
@pytest.mark.parametrize("streams", [1, 2, 7, 64])
def test_a_gpu_gives_the_same_logits_and_rings(random_bundle, shape, captured, streams):
    bundle = random_bundle(shape)
    engine = cuda_engine(bundle, captured=captured)
    assert engine.captured == captured
    expected = scored(OnnxEngine(bundle, "a", 1), streams)
    # Twice: the second time in memory that is used again, with a graph recorded before.
    for _ in range(2):
        for actual, wanted in zip(scored(engine, streams), expected, strict=True):
            assert np.abs(actual - wanted).max() < 1e-4 * np.abs(wanted).max()


@pytest.mark.gpu
def test_a_gpu_makes_the_samples_of_the_processor(random_bundle, shape):
    bundle, streams = random_bundle(shape), requests(shape, 5)
    engine = cuda_engine(bundle, captured=True)
    expected = decoded(OnnxEngine(bundle, "a", 1), streams)
    found = decoded(engine, streams)
    # Where two bins' edge lies within rounding they may part, and stay parted.
    agree = [int(np.argmin(np.append(a == b, False))) for a, b in zip(found, expected, strict=True)]
    assert np.mean([n / len(b) for n, b in zip(agree, expected, strict=True)]) > 0.8


@pytest.mark.gpu
def test_a_decode_moves_between_a_gpu_and_the_processor(random_bundle, shape):
    bundle, streams = random_bundle(shape), requests(shape, 3)
    decode = Decode(cuda_engine(bundle, captured=True), streams, Sampling(seed=3))
    decode.advance(20)
    moved = restore(OnnxEngine(bundle, "a", 1), save(decode))
    moved.advance()
    assert moved.done
    assert all(np.array_equal(a[:20], b) for a, b in zip(moved.codes, decode.codes, strict=True))
