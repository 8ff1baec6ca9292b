"""The CUDA engine against the onnx engine: on a GPU where there is one, and always emulated."""

import dataclasses
import itertools
import threading
import time

import msgspec
import numpy as np
import pytest

from tests.umtn_core.decode.driving import decoded, given_work, relative, same, scored, small_shape
from umtn_core.bundle import Bundle
from umtn_core.bundle.manifest import decoder_file
from umtn_core.bundle.onnx_file import GraphFile
from umtn_core.decode.cuda import cuda_plan
from umtn_core.decode.cuda.cuda_engine import CudaEngine, drawn
from umtn_core.decode.cuda.cuda_plan import Planner
from umtn_core.decode.decode import Decode
from umtn_core.decode.onnx.onnx_engine import OnnxEngine
from umtn_core.decode.sampling import Sampling, draw, draw_bands
from umtn_core.decode.saving import restore, save
from umtn_core.decode.stream import RingLayout, Stream
from umtn_core.errors import Cancelled, UmtnError
from umtn_core.native.cuda.device import THREADS
from umtn_core.native.cuda.driver import open_device, why_not_usable
from umtn_core.shape import PRESETS, NetworkShape

PRECISIONS = ("fp32", "fp16", "bf16")

#: On the temperature, a band: one of them takes the likeliest code always.
FACTORS = (1.1, 0.0, 0.5, 2.0, 0.9, 1.0, 0.3, 1.5)

#: How far the logits may be from float32's, relative to the greatest.
TOLERANCES = {"fp32": 1e-5, "fp16": 0.004, "bf16": 0.03}


def banded_shape(bands, steps=3, **options) -> NetworkShape:
    """Of latent frames of so many steps."""
    return small_shape(bands=bands, hop=steps * bands, decoder_input="embedding", **options)


@pytest.fixture(params=["emulated", pytest.param("gpu", marks=pytest.mark.gpu)])
def device(request):
    if request.param == "emulated":
        # Here, so that a GPU's tests need no compiler.
        return request.getfixturevalue("emulated_device")(multiprocessors=8, clusters=True)
    if why_not_usable():
        pytest.skip(why_not_usable())
    return open_device()


def requests(shape, count, samples=60):
    rng = np.random.default_rng(0)
    size = (shape.latent_channels, -(-samples // shape.output_hop))
    ends = [max(1, samples - 13 * i) for i in range(count)]
    return [
        # Whole steps of all bands.
        Stream(
            rng.normal(size=size).astype(np.float32), -(-end // shape.bands) * shape.bands, 7 * i
        )
        for i, end in enumerate(ends)
    ]


def follow(monkeypatch, engine, plan):
    monkeypatch.setattr(engine.planner, "best", lambda streams: plan)
    return engine


@pytest.mark.parametrize("precision", PRECISIONS)
def test_logits_and_rings_are_those_of_onnx(random_bundle, shape, device, precision):
    bundle = random_bundle(shape)
    for streams in (1, 11):
        work = given_work(shape, streams)
        expected = scored(OnnxEngine(bundle, "a", 1), *work)
        found = scored(CudaEngine(bundle, "a", precision, device), *work)
        for actual, wanted in zip(found, expected, strict=True):
            assert relative(actual, wanted) < TOLERANCES[precision]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("bands", [1, 2, 4, 8])
def test_any_legal_shape(random_bundle, device, seed, bands):
    rng = np.random.default_rng(10 * bands + seed if bands > 1 else seed)
    shape = small_shape(
        bands=bands, hop=10 * bands,
        decoder_blocks=int(rng.integers(1, 3)), decoder_layers=int(rng.integers(1, 4)),
        decoder_kernel=int(rng.integers(2, 4)), residual_channels=int(rng.integers(1, 60)),
        skip_channels=int(rng.integers(1, 60)), start_code=int(rng.choice([-1, 0, 128])),
        decoder_input=str(rng.choice(["scalar", "embedding"])) if bands == 1 else "embedding",
    )  # fmt: skip
    bundle = random_bundle(shape)
    work = given_work(shape, int(rng.integers(1, 20)), seed)
    expected, rings = scored(OnnxEngine(bundle, "a", 1), *work)
    for precision in PRECISIONS:
        found, kept = scored(CudaEngine(bundle, "a", precision, device), *work)
        assert relative(found, expected) < TOLERANCES[precision]
        assert relative(kept, rings) < TOLERANCES[precision]


def test_lower_precisions_are_what_they_say(random_bundle, device):
    """A test of nearness alone would pass if everything were float32."""
    shape = small_shape(residual_channels=64)
    bundle, work = random_bundle(shape), given_work(shape, 3)
    exact, fp16, bf16 = (scored(CudaEngine(bundle, "a", p, device), *work)[0] for p in PRECISIONS)
    assert 1e-6 < np.abs(fp16 - exact).mean() < np.abs(bf16 - exact).mean() < 0.05


def kinds_of_plans(engine, streams):
    """One plan of each kind that the planner knows for so many streams."""
    kinds = {}
    for plan in engine.planner.plans(streams):
        waits = plan.slots < -(-plan.groups // plan.pipelines)
        kind = (
            plan.stages, plan.heads > 1, plan.pipelines > 1, waits, plan.clustered > 0,
            plan.head_parts, plan.logits_bands, plan.kernel,
        )  # fmt: skip
        kinds.setdefault(kind, plan)
    return kinds


@pytest.mark.parametrize("bands", [1, *(pytest.param(n, marks=pytest.mark.long) for n in (2, 8))])
def test_every_way_to_spread_the_streams_gives_the_same_bits(
    random_bundle, emulated_device, monkeypatch, bands
):
    wide = {"residual_channels": 33, "decoder_kernel": 3, "skip_channels": 20}
    shape = (
        small_shape(hop=4, **wide)
        if bands == 1
        else banded_shape(bands, 2, decoder_layers=2, **wide)
    )
    bundle = random_bundle(shape)
    for streams in (3, 30 if bands == 1 else 17):
        work = given_work(shape, streams, frames=1)
        # With as many blocks as the most parts of a head ask for.
        blocks = 16 if bands == 1 else 20
        device = emulated_device(multiprocessors=blocks, clusters=True, seed=streams)
        engine = CudaEngine(bundle, "a", "fp32", device)
        kinds = kinds_of_plans(engine, streams)
        assert any(plan.is_pipeline for plan in kinds.values())
        assert any(plan.clustered for plan in kinds.values())
        assert {plan.head_parts for plan in kinds.values()} == {
            parts for parts in (1, 2, 4, 8) if parts <= bands
        }
        plans = list(kinds.values())
        # Messages that wait for room, and weights of which a part only is on the chip.
        for plan in plans[:]:
            if plan.is_pipeline and -(-plan.groups // plan.pipelines) > 2:
                plans.append(dataclasses.replace(plan, slots=1))
            if plan.resident_bytes > 4096:
                few = 4000 // 16 * 16
                of_head = min(few, plan.head_resident_bytes)
                plans.append(
                    dataclasses.replace(plan, resident_bytes=few, head_resident_bytes=of_head)
                )
        plans.append(engine.planner._in_workspace(streams))
        first = None
        for plan in plans:
            found = scored(follow(monkeypatch, engine, plan), *work)
            first = found if first is None else first
            for actual, wanted in zip(found, first, strict=True):
                assert np.array_equal(actual, wanted), plan


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("ahead", [1, 2, 4, 8])
def test_weights_that_come_through_a_queue_give_the_same_bits(
    random_bundle, emulated_device, monkeypatch, ahead, precision
):
    monkeypatch.setattr(cuda_plan, "AHEAD", (ahead,))
    # Numbers of tiles that are no whole batches, and chunks of strips that are not full.
    shape = small_shape(
        hop=3, decoder_layers=ahead, decoder_kernel=3, residual_channels=70, skip_channels=130
    )
    bundle, work = random_bundle(shape), given_work(shape, 34, frames=1)
    # Room for the queue, and not for all weights.
    memory = {1: 160, 2: 200, 4: 260, 8: 400}[ahead] << 10
    device = emulated_device(multiprocessors=3, shared_bytes=memory)
    engine = CudaEngine(bundle, "a", precision, device)
    queued = {(p.group, p.warps): p for p in engine.planner.plans(34) if p.queue_ahead}
    assert set(queued) == set(cuda_plan.PLAIN)
    expected = scored(follow(monkeypatch, engine, engine.planner._in_workspace(34)), *work)
    for plan in queued.values():
        assert plan.queue_ahead == ahead
        found = scored(follow(monkeypatch, engine, plan), *work)
        for actual, wanted in zip(found, expected, strict=True):
            assert np.array_equal(actual, wanted), plan


@pytest.mark.parametrize("preset", ["released", "wideband"])
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_presets_at_full_width(random_bundle, emulated_device, monkeypatch, preset, precision):
    shape = PRESETS[preset]
    bundle, rng = random_bundle(shape), np.random.default_rng(0)
    conditioning = rng.normal(size=(3, shape.conditioning_width)).astype(np.float32)
    codes = rng.integers(0, 256, (3, 2 * shape.bands)).astype(np.uint8)

    def logits(engine):
        stepper = engine.stepper(3, Sampling())
        stepper.load(0, np.full((3, shape.input_codes), shape.start_code, np.int64), None)
        return stepper.score(conditioning, codes)

    expected = logits(OnnxEngine(bundle, "a", 1))
    device = emulated_device(multiprocessors=132, shared_bytes=232_448, clusters=True)
    engine = CudaEngine(bundle, "a", precision, device)
    plans = {(p.kernel, p.clustered): p for p in engine.planner.plans(3) if p.stage_layers != 2}
    # All of the kernels of a precision but that without shared memory.
    assert len({kernel for kernel, _ in plans}) == (5 if precision == "fp32" else 6)
    first = None
    for plan in plans.values():
        found = logits(follow(monkeypatch, engine, plan))
        first = found if first is None else first
        assert relative(found, expected) < TOLERANCES[precision]
        assert np.array_equal(found, first), plan


@pytest.mark.parametrize("channels", [16, 128])
@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_weights_in_registers_give_the_same_bits(
    random_bundle, emulated_device, monkeypatch, precision, channels
):
    shape = small_shape(
        hop=2, decoder_blocks=1, decoder_layers=2, residual_channels=channels, skip_channels=20
    )
    bundle, work = random_bundle(shape), given_work(shape, 2, frames=2)
    device = emulated_device(multiprocessors=8, shared_bytes=220 << 10)
    engine = CudaEngine(bundle, "a", precision, device)
    held = next(p for p in engine.planner.plans(2) if p.kernel.startswith("one_"))
    expected = scored(follow(monkeypatch, engine, engine.planner._in_workspace(2)), *work)
    found = scored(follow(monkeypatch, engine, held), *work)
    for actual, wanted in zip(found, expected, strict=True):
        assert np.array_equal(actual, wanted)


def test_a_block_that_waits_in_vain_gives_up(random_bundle, emulated_device, monkeypatch):
    monkeypatch.setattr("umtn_core.decode.cuda.cuda_engine.PATIENCE", 20_000)
    shape = small_shape()
    device = emulated_device(multiprocessors=16)
    engine = CudaEngine(random_bundle(shape), "a", "fp32", device)
    plan = next(plan for plan in engine.planner.plans(1) if plan.is_pipeline)
    follow(monkeypatch, engine, plan)
    launch = device.launch

    def without_the_last_block(kernel, blocks, *arguments, **others):
        launch(kernel, blocks - (kernel == plan.kernel), *arguments, **others)

    device.launch = without_the_last_block
    with pytest.raises(UmtnError, match="one part waited in vain for another; use another engine"):
        decoded(engine, requests(shape, 1))


def evaluated(bundle, conditioning, uniforms, sampling):
    """Codes and logits of one stream, by the sums of the paper written down one by one.

    Of a network of several bands, from its weights alone: (steps, bands), (steps, bands, 256).
    """
    shape, kernel = bundle.shape, bundle.shape.decoder_kernel
    r, bands = shape.residual_channels, shape.bands
    named = GraphFile.parse(bundle.decoder("a")).weights
    w = {name: np.asarray(weight, np.float64) for name, weight in named.items()}
    tables = w["first_conv.weight"].reshape(bands, 256, r)
    inputs = [[] for _ in shape.dilations]
    newest, codes, scores = [shape.start_code] * bands, [], []
    for step, numbers in enumerate(uniforms.reshape(-1, bands)):
        condition = conditioning[step // shape.steps_per_frame].astype(np.float64)
        hidden = sum((tables[b, c] for b, c in enumerate(newest) if c >= 0), np.zeros(r))
        skip = w["skip_conv.weight"][:, :, 0] @ hidden + w["skip_conv.bias"]
        for i, dilation in enumerate(shape.dilations):
            inputs[i].append(hidden)
            both = condition[2 * r * i : 2 * r * (i + 1)].copy()
            for tap in range(kernel):
                at = step - (kernel - 1 - tap) * dilation
                if at >= 0:
                    both += w[f"layers.{i}.causal.weight"][:, :, tap] @ inputs[i][at]
            gated = np.tanh(both[r:]) / (1 + np.exp(-both[:r]))
            layer = f"layers.{i}"
            skip += w[f"{layer}.skip.weight"][:, :, 0] @ gated + w[f"{layer}.skip.bias"]
            if i + 1 < len(shape.dilations):
                hidden = hidden + w[f"{layer}.residual.weight"][:, :, 0] @ gated
                hidden = hidden + w[f"{layer}.residual.bias"]
        output = w["fc.weight"][:, :, 0] @ np.maximum(skip, 0) + w["fc.bias"]
        output = np.maximum(output + condition[2 * r * len(shape.dilations) :], 0)
        logits = w["logits.weight"][:, :, 0] @ output + w["logits.bias"]
        scores.append(logits.reshape(bands, 256).astype(np.float32))
        newest = draw_bands(scores[-1][None], numbers[None], sampling)[0]
        codes.append(newest)
    return np.array(codes), np.array(scores)


def made(engine, conditioning, uniforms, sampling):
    """Codes of all streams, (streams, samples), in pieces that end anywhere within frames."""
    shape, streams = engine.shape, uniforms.shape[0]
    layout, stop = RingLayout.of(shape), threading.Event()
    rings = [np.zeros((layout.rows, shape.residual_channels), np.float32) for _ in uniforms]
    recent = np.full((streams, shape.input_codes), shape.start_code)
    stepper = engine.stepper(streams, sampling)
    stepper.load(0, recent, rings)
    codes = np.zeros(uniforms.shape, np.uint8)
    for i, frame in enumerate(conditioning):
        begin, split, end = (shape.output_hop * i + n for n in (0, shape.bands, shape.output_hop))
        for piece in (slice(begin, split), slice(split, end)):
            part = np.empty_like(codes[:, piece])
            assert stepper.steps(frame, uniforms[:, piece], part, stop) == part.shape[1]
            codes[:, piece] = part
    return codes


@pytest.mark.parametrize("streams", [1, 12])
@pytest.mark.parametrize("bands", [2, 4, 8])
def test_every_plan_draws_the_codes_of_a_plain_evaluation(
    random_bundle, device, monkeypatch, bands, streams
):
    shape = banded_shape(bands, decoder_layers=2, start_code=(-1, 128)[streams > 1])
    bundle, rng = random_bundle(shape), np.random.default_rng(bands)
    conditioning, _ = given_work(shape, streams)
    uniforms = rng.random((streams, 2 * shape.output_hop), np.float32)
    sampling = Sampling(temperature=0.8, band_temperatures=FACTORS[:bands])
    expected = [evaluated(bundle, conditioning[:, i], u, sampling) for i, u in enumerate(uniforms)]
    codes = np.stack([codes for codes, _ in expected]).reshape(streams, -1)
    logits = np.stack([scores for _, scores in expected]).reshape(streams, -1, 256)
    engine = CudaEngine(bundle, "a", "fp32", device)
    assert relative(scored(engine, conditioning, codes.astype(np.uint8))[0], logits) < 1e-5
    for plan in kinds_of_plans(engine, streams).values():
        follow(monkeypatch, engine, plan)
        assert np.array_equal(made(engine, conditioning, uniforms, sampling), codes), plan


@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_bands_are_drawn_from_their_own_logits_in_lower_precisions(
    random_bundle, device, monkeypatch, precision
):
    shape = banded_shape(8)
    bundle, rng = random_bundle(shape), np.random.default_rng(1)
    conditioning, _ = given_work(shape, 10)
    uniforms = rng.random((10, 2 * shape.output_hop), np.float32)
    sampling = Sampling(band_temperatures=FACTORS)
    engine = CudaEngine(bundle, "a", precision, device)
    drawn_first = None
    for plan in kinds_of_plans(engine, 10).values():
        follow(monkeypatch, engine, plan)
        codes = made(engine, conditioning, uniforms, sampling)
        drawn_first = codes if drawn_first is None else drawn_first
        assert np.array_equal(codes, drawn_first), plan
    logits = scored(engine, conditioning, drawn_first)[0].reshape(-1, 8, 256)
    expected = draw_bands(logits, uniforms.reshape(-1, 8), sampling)
    assert np.array_equal(drawn_first.reshape(-1, 8), expected)


def test_wide_batches_are_the_same_streams_to_the_bit(random_bundle, device):
    shape = small_shape(hop=4)
    engine = CudaEngine(random_bundle(shape), "a", "fp16", device)
    conditioning, codes = given_work(shape, 257, frames=1)
    logits, rings = scored(engine, conditioning, codes)
    for begin, end in ((0, 1), (3, 5), (200, 257)):
        part, kept = scored(engine, conditioning[:, begin:end], codes[begin:end])
        assert np.array_equal(part, logits[begin:end])
        assert np.array_equal(kept, rings[begin:end])


def test_samples_are_those_of_the_onnx_engine(random_bundle, shape, device):
    bundle, streams = random_bundle(shape), requests(shape, 3)
    for sampling in (
        Sampling(seed=3),
        Sampling(seed=2**64 - 1, temperature=0.7, top_p=0.9),
        Sampling(temperature=0),
        Sampling(temperature=0.9, band_temperatures=FACTORS[: shape.bands]),
    ):
        expected = decoded(OnnxEngine(bundle, "a", 1), streams, sampling)
        assert same(decoded(CudaEngine(bundle, "a", "fp32", device), streams, sampling), expected)


def test_a_decode_moves_between_engines(random_bundle, shape, device):
    bundle, streams = random_bundle(shape), requests(shape, 2)
    cuda, onnx = CudaEngine(bundle, "a", "fp32", device), OnnxEngine(bundle, "a", 1)
    for first, second in itertools.permutations((cuda, onnx)):
        decode = Decode(first, streams, Sampling(seed=3))
        decode.advance(32)
        resumed = restore(second, save(decode))
        resumed.advance()
        assert same(resumed.codes, decoded(onnx, streams))


@pytest.mark.parametrize("bands", [1, 2, 8])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_saved_decode_goes_on_as_if_nothing_had_happened(random_bundle, device, precision, bands):
    shape = small_shape() if bands == 1 else banded_shape(bands)
    engine = CudaEngine(random_bundle(shape), "a", precision, device)
    streams = requests(shape, 3)
    decode = Decode(engine, streams, Sampling(seed=3))
    for until in (1, 17) if bands == 1 else (bands, 4 * bands):  # within a frame
        decode.advance(until)
    resumed = restore(engine, save(decode))
    resumed.advance()
    assert same(resumed.codes, decoded(engine, streams))


@pytest.mark.parametrize("spread", [0.0, 0.5, 3.0, 300.0])
def test_codes_are_drawn_as_sampling_defines(device, spread):
    rng = np.random.default_rng(int(spread))
    for temperature, top_p in itertools.product((0.0, 0.3, 1.0), (1e-6, 0.5, 0.9, 1.0)):
        logits = (rng.normal(size=(6, 256)) * spread).astype(np.float32)
        numbers = rng.random(6, np.float32)
        # Where weights are too small to be normal, only the number 0 could tell.
        numbers[:2] = 0 if spread < 10 else 2**-24, 1 - 2**-24
        sampling = Sampling(0, temperature, top_p)
        assert np.array_equal(
            drawn(device, logits, numbers, sampling), draw(logits, numbers, sampling)
        )


def test_cancelling_takes_effect_soon(random_bundle, device):
    shape = small_shape(hop=100_000)
    engine = CudaEngine(random_bundle(shape), "a", "fp32", device)
    decode = Decode(engine, [Stream(np.zeros((2, 10), np.float32), 1_000_000)], Sampling())
    asked = threading.Event()
    threading.Timer(0.3, asked.set).start()
    asked_at = []

    def cancelled():
        if asked.is_set() and not asked_at:
            asked_at.append(time.monotonic())
        return asked.is_set()

    with pytest.raises(Cancelled):
        decode.advance(cancelled=cancelled)
    # Generous: the machine that runs this may be busy with other things.
    assert time.monotonic() - asked_at[0] < 2
    assert 0 < len(decode.codes[0]) < 1_000_000


def damaged(bundle, value):
    """The same model with one weight of the domain a replaced."""
    contents = bundle.decoder("a")
    weight = GraphFile.parse(contents).weights["layers.0.skip.weight"].tobytes()
    graphs = {name: bundle.contents(name) for name in bundle.manifest.graph_files}
    spoilt = np.float32(value).tobytes() + weight[4:]
    graphs[decoder_file("a")] = contents.replace(weight, spoilt)
    return Bundle.in_memory(bundle.manifest, graphs)


def test_weights_that_do_not_fit_are_refused(random_bundle, emulated_device):
    bundle = random_bundle(small_shape())
    for value in (np.nan, np.inf):
        with pytest.raises(UmtnError, match="weights is not a number"):
            CudaEngine(damaged(bundle, value), "a", "fp32", emulated_device())
    with pytest.raises(UmtnError, match="too large for fp16"):
        CudaEngine(damaged(bundle, 1e6), "a", "fp16", emulated_device())


@pytest.mark.parametrize("precision", PRECISIONS)
def test_output_that_is_no_number_is_an_error(random_bundle, device, precision):
    shape = small_shape()
    stream = Stream(np.full((shape.latent_channels, 9), 3e38, np.float32), 90)
    with pytest.raises(UmtnError, match="not a number"):
        decoded(CudaEngine(random_bundle(shape), "a", precision, device), [stream] * 3)


def test_more_than_the_memory_is_an_error_that_says_how_much_fits(random_bundle, emulated_device):
    shape = small_shape(decoder_layers=12, residual_channels=64)
    bundle = random_bundle(shape)
    engine = CudaEngine(bundle, "a", "fp32", emulated_device(memory=300 << 20))
    fits = engine.most_streams
    assert 1 < fits < 100
    with pytest.raises(UmtnError, match=r"room for about .* streams"):
        engine.stepper(1000, Sampling())
    engine.stepper(fits, Sampling())
    with pytest.raises(UmtnError, match="MB of weights"):
        CudaEngine(bundle, "a", "fp32", emulated_device(memory=100_000))
    with pytest.raises(UmtnError, match="sizes"):
        engine.stepper(0, Sampling())


def test_arrays_of_the_wrong_shape_are_refused(random_bundle, device):
    shape = small_shape()
    stepper = CudaEngine(random_bundle(shape), "a", "fp32", device).stepper(2, Sampling())
    ring = np.zeros((RingLayout.of(shape).rows, shape.residual_channels), np.float32)
    recent = np.zeros((2, shape.input_codes), np.int64)
    conditioning = np.zeros((2, shape.conditioning_width), np.float32)
    numbers, codes = np.zeros((2, 5), np.float32), np.zeros((2, 5), np.uint8)
    stop = threading.Event()
    for call in (
        lambda: stepper.load(0, recent[:1], [ring, ring]),
        lambda: stepper.load(0, recent, [ring]),
        lambda: stepper.load(0, recent + 256, [ring, ring]),
        lambda: stepper.load(-1, recent, [ring, ring]),
        lambda: stepper.store([ring[1:], ring]),
        lambda: stepper.store([np.asfortranarray(ring)] * 2),
        lambda: stepper.steps(conditioning[:, 1:], numbers, codes, stop),
        lambda: stepper.steps(conditioning, numbers[:, 1:], codes, stop),
        lambda: stepper.steps(conditioning, numbers, np.asfortranarray(codes), stop),
    ):
        with pytest.raises(UmtnError):
            call()
    stop.set()
    stepper.load(0, recent, [ring, ring])
    assert stepper.steps(conditioning, numbers, codes, stop) == 0


def test_pieces_that_end_within_a_step_are_refused(random_bundle, device):
    shape = banded_shape(2)
    stepper = CudaEngine(random_bundle(shape), "a", "fp32", device).stepper(1, Sampling())
    conditioning = np.zeros((1, shape.conditioning_width), np.float32)
    codes = np.zeros((1, 5), np.uint8)
    with pytest.raises(UmtnError, match="5 codes are no whole number of steps of 2 bands"):
        stepper.steps(conditioning, codes.astype(np.float32), codes, threading.Event())
    with pytest.raises(UmtnError, match="5 codes"):
        stepper.score(conditioning, codes)


def test_more_bands_than_the_kernels_make_are_refused(random_bundle, emulated_device):
    bundle = random_bundle(small_shape())
    manifest = msgspec.structs.replace(bundle.manifest, shape=banded_shape(16))
    graphs = {name: bundle.contents(name) for name in bundle.manifest.graph_files}
    with pytest.raises(UmtnError, match="8 bands at most, but this model has 16"):
        CudaEngine(Bundle.in_memory(manifest, graphs), "a", "fp32", emulated_device())


def wideband_planner(device):
    wide = {"bands": 8, "residual_channels": 128, "skip_channels": 128}
    shape = msgspec.structs.replace(PRESETS["wideband"], **wide)
    r, s = shape.residual_channels, shape.skip_channels
    layer = (2 * r * shape.decoder_kernel + r + s) * r * 2
    rest = (r + s + shape.bands * 256) * s * 2
    return Planner(shape, "fp16", device, layer, len(shape.dilations) * layer + rest)


def test_plans_for_bands_stay_within_a_chip_s_limits(emulated_device):
    h100 = {"multiprocessors": 132, "shared_bytes": 232_448}
    small = {"multiprocessors": 40, "shared_bytes": 64 << 10, "capability": (7, 5)}
    for options in (h100, small):
        device = emulated_device(**options)
        for streams in (1, 8, 40, 1000):
            for plan in wideband_planner(device).plans(streams):
                assert plan.shared_bytes <= device.shared_bytes
                assert plan.blocks <= device.multiprocessors or not plan.is_pipeline
                assert plan.group * 8 <= THREADS
                assert 8 // plan.head_parts % plan.logits_bands == 0


def test_a_single_stream_s_bands_are_divided_between_blocks(emulated_device):
    planner = wideband_planner(emulated_device(multiprocessors=132, shared_bytes=232_448))
    plan = planner.best(1)
    assert plan.is_pipeline and plan.head_parts > 1
    # With all weights of a part's bands on the chip, and all its codes drawn at once.
    assert plan.head_resident_bytes == (128 + 2048 // plan.head_parts) * 128 * 2
    assert plan.logits_bands == 8 // plan.head_parts


def test_names_that_are_unknown_are_refused(random_bundle, emulated_device):
    bundle = random_bundle(small_shape())
    with pytest.raises(UmtnError, match="fp32, fp16, bf16"):
        CudaEngine(bundle, "a", "int8", emulated_device())
    with pytest.raises(UmtnError, match="no domain"):
        CudaEngine(bundle, "c", "fp32", emulated_device())


def test_clusters_that_the_driver_refuses_are_done_without(random_bundle, emulated_device):
    from umtn_core.native.cuda.device import LaunchRefused

    shape = small_shape()
    device = emulated_device(multiprocessors=16, clusters=True)
    engine = CudaEngine(random_bundle(shape), "a", "fp32", device)
    clustered = next(plan for plan in engine.planner.plans(1) if plan.clustered)
    engine.planner.best = lambda streams: clustered
    launch = device.launch

    def refuse(*arguments, cluster=0, **others):
        if cluster:
            raise LaunchRefused("no clusters today")
        launch(*arguments, cluster=cluster, **others)

    device.launch = refuse
    expected = decoded(OnnxEngine(random_bundle(shape), "a", 1), requests(shape, 1))
    assert same(decoded(engine, requests(shape, 1)), expected)
