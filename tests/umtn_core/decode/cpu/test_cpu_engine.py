"""The C++ engine against the onnx engine and against itself."""

import itertools
import threading
import time

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.umtn_core.decode.driving import decoded, given_work, relative, same, scored, small_shape
from umtn_core.bundle import Bundle
from umtn_core.bundle.manifest import conditioner_file, decoder_file
from umtn_core.decode.choosing.engines import open_engine
from umtn_core.decode.cpu import cpu_engine
from umtn_core.decode.cpu.cpu_engine import CpuEngine
from umtn_core.decode.decode import Decode
from umtn_core.decode.onnx.onnx_engine import OnnxEngine
from umtn_core.decode.sampling import Sampling, draw
from umtn_core.decode.saving import restore, save
from umtn_core.decode.stream import RingLayout, Stream
from umtn_core.errors import Cancelled, UmtnError
from umtn_core.native.calls import targets
from umtn_core.native.library import is_available
from umtn_core.shape import NetworkShape

pytestmark = pytest.mark.skipif(not is_available(), reason="installed without a C++ compiler")

#: How far the logits may be from float32's, relative to the greatest. Random weights forgive
#: less than trained ones.
TOLERANCES = {"fp32": 1e-5, "bf16": 0.02, "int8": 0.04}


shapes = st.builds(
    small_shape,
    decoder_blocks=st.integers(1, 3),
    decoder_layers=st.integers(1, 5),
    decoder_kernel=st.integers(2, 4),
    residual_channels=st.integers(1, 70),
    skip_channels=st.integers(1, 70),
    decoder_input=st.sampled_from(["scalar", "embedding"]),
    start_code=st.sampled_from([-1, 0, 128]),
)


@pytest.fixture
def teams(monkeypatch):
    """Let even the smallest network be shared between threads."""
    monkeypatch.setattr(CpuEngine, "teams", True)
    monkeypatch.setattr(cpu_engine, "WORTH_A_TEAM", 0)


def requests(shape, count, samples=150):
    rng = np.random.default_rng(0)
    frames = -(-samples // shape.steps_per_frame)
    size = (shape.latent_channels, frames)
    # Where there are bands, as many samples of each.
    return [
        Stream(
            rng.normal(size=size).astype(np.float32),
            max(1, samples - 13 * i) * shape.bands,
            7 * i,
        )
        for i in range(count)
    ]


@settings(max_examples=12, deadline=None)
@given(shape=shapes, streams=st.integers(1, 20), seed=st.integers(0, 99))
def test_any_legal_shape_scores_as_onnx_does(random_bundle, shape, streams, seed):
    bundle = random_bundle(shape)
    work = given_work(shape, streams, seed, frames=4)
    logits, rings = scored(OnnxEngine(bundle, "a", 1), *work)
    for target in targets():
        found, kept = scored(CpuEngine(bundle, "a", 1, target=target), *work)
        assert relative(found, logits) < TOLERANCES["fp32"]
        assert relative(kept, rings) < TOLERANCES["fp32"]


@pytest.mark.parametrize("precision", ["bf16", "int8"])
@pytest.mark.parametrize("streams", [1, 7])
def test_lower_precisions_stay_near(random_bundle, shape: NetworkShape, precision, streams):
    bundle = random_bundle(shape)
    work = given_work(shape, streams, frames=4)
    logits, _ = scored(OnnxEngine(bundle, "a", 1), *work)
    found = [scored(CpuEngine(bundle, "a", 1, precision, target), *work)[0] for target in targets()]
    for one in found:
        assert relative(one, logits) < TOLERANCES[precision]
        # The very fewest bits differ between instruction sets, after many layers more.
        assert relative(one, found[0]) < TOLERANCES[precision] / 2


def test_lower_precisions_are_what_they_say(random_bundle):
    """A test of nearness alone would pass if everything were float32."""
    shape = small_shape(residual_channels=64)
    bundle = random_bundle(shape)
    work = given_work(shape, 5, frames=4)
    exact, _ = scored(CpuEngine(bundle, "a", 1), *work)
    errors = {
        precision: np.sqrt(
            np.mean((scored(CpuEngine(bundle, "a", 1, precision), *work)[0] - exact) ** 2)
        )
        for precision in ("bf16", "int8")
    }
    assert 1e-5 < errors["bf16"] < errors["int8"] < 0.1


def test_all_precisions_against_pytorch(random_bundle):
    torch = pytest.importorskip("torch")
    from umtn_core.bundle.onnx_file import GraphFile
    from umtn_core.networks.decoder import Decoder

    shape = small_shape(
        decoder_blocks=2, decoder_layers=4, residual_channels=64, skip_channels=48, hop=50,
        decoder_input="embedding", conditioning_channels=9,
    )  # fmt: skip
    bundle = random_bundle(shape)
    weights = {
        **GraphFile.parse(bundle.decoder("a")).weights,
        **GraphFile.parse(bundle.conditioner("a")).weights,
    }
    network = Decoder(shape)
    state = network.state_dict()
    assert set(state) - set(weights) == {"layers.7.residual.weight", "layers.7.residual.bias"}
    state |= {k: torch.from_numpy(weights[k].copy()) for k in state if k in weights}
    network.load_state_dict(state)
    rng = np.random.default_rng(5)
    latents = rng.normal(size=(shape.latent_channels, 20)).astype(np.float32)
    codes = rng.integers(0, 256, (1, 20 * shape.hop)).astype(np.uint8)
    with torch.no_grad():
        tensor = torch.from_numpy(codes.astype(np.int64))
        expected = network(tensor, torch.from_numpy(latents)[None]).numpy()
    for precision, tolerance in TOLERANCES.items():
        engine = CpuEngine(bundle, "a", 1, precision)
        found, _ = scored(engine, engine.condition(latents)[:, None], codes)
        assert relative(found, expected) < tolerance


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
def test_wide_batches_are_the_same_streams_to_the_bit(random_bundle, precision):
    shape = small_shape(residual_channels=33, decoder_kernel=3, decoder_layers=5, hop=25)
    engine = CpuEngine(random_bundle(shape), "a", 1, precision)
    conditioning, codes = given_work(shape, 257, frames=4)
    logits, rings = scored(engine, conditioning, codes)
    for begin, end in ((0, 1), (3, 5), (10, 16), (200, 257)):
        part, kept = scored(engine, conditioning[:, begin:end], codes[begin:end])
        assert np.array_equal(part, logits[begin:end])
        assert np.array_equal(kept, rings[begin:end])


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
@pytest.mark.parametrize("threads", [2, 5])
def test_threads_share_a_step_without_changing_a_bit(
    random_bundle, shape: NetworkShape, teams, precision, threads
):
    engine = CpuEngine(random_bundle(shape), "a", 1, precision)
    for streams in (1, 6):
        work = given_work(shape, streams, frames=1)
        for actual, expected in zip(
            scored(engine, *work, threads), scored(engine, *work), strict=True
        ):
            assert np.array_equal(actual, expected)


def test_samples_are_those_of_the_onnx_engine(random_bundle, shape: NetworkShape):
    bundle, streams = random_bundle(shape), requests(shape, 5, 400)
    for sampling in (
        Sampling(seed=3),
        Sampling(seed=2**64 - 1, temperature=0.7, top_p=0.9),
        Sampling(temperature=0),
    ):
        expected = decoded(OnnxEngine(bundle, "a", 1), streams, sampling)
        for target in targets():
            assert same(
                decoded(CpuEngine(bundle, "a", 1, target=target), streams, sampling), expected
            )


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
def test_a_stream_depends_on_nothing_beside_it(random_bundle, shape, teams, precision):
    bundle, streams = random_bundle(shape), requests(shape, 9, 120)
    engine = CpuEngine(bundle, "a", 1, precision)
    alone = [decoded(engine, [stream])[0] for stream in streams]
    assert same(decoded(engine, streams), alone)
    for threads in (2, 3):
        assert same(decoded(CpuEngine(bundle, "a", threads, precision), streams), alone)
    assert same(decoded(CpuEngine(bundle, "a", 2, precision), streams[7:]), alone[7:])


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
def test_a_saved_decode_goes_on_with_other_threads_as_if_nothing_had_happened(
    random_bundle, shape: NetworkShape, teams, precision
):
    bundle, streams = random_bundle(shape), requests(shape, 3)
    sampling = Sampling(seed=2**63, temperature=0.9, top_p=0.95)
    decode = Decode(CpuEngine(bundle, "a", 1, precision), streams, sampling)
    for until in (1, 17, 77):
        decode.advance(until * shape.bands)
    resumed = restore(CpuEngine(bundle, "a", 3, precision), save(decode))
    resumed.advance()
    assert same(resumed.codes, decoded(CpuEngine(bundle, "a", 1, precision), streams, sampling))


def test_a_decode_moves_between_engines(random_bundle, shape: NetworkShape):
    bundle, streams = random_bundle(shape), requests(shape, 2)
    cpu, onnx = CpuEngine(bundle, "a", 1), OnnxEngine(bundle, "a", 1)
    for first, second in itertools.permutations((cpu, onnx)):
        decode = Decode(first, streams, Sampling(seed=3))
        decode.advance(61 * shape.bands)
        resumed = restore(second, save(decode))
        resumed.advance()
        assert same(resumed.codes, decoded(onnx, streams))


def test_a_decode_goes_on_in_its_own_precision_only(random_bundle):
    shape = small_shape()
    bundle, streams = random_bundle(shape), requests(shape, 2)
    engines = [CpuEngine(bundle, "a", 1, precision) for precision in ("fp32", "bf16", "int8")]
    for first, second in itertools.permutations(engines, 2):
        decode = Decode(first, streams, Sampling(seed=3))
        decode.advance(61)
        with pytest.raises(UmtnError, match=f"made in {first.precision}.*not in"):
            restore(second, save(decode))


@given(
    seed=st.integers(0, 2**32 - 1),
    spread=st.sampled_from([0.0, 0.5, 3.0, 30.0, 300.0]),
    temperature=st.sampled_from([0.0, 0.3, 1.0, 2.5]),
    top_p=st.sampled_from([1e-6, 0.1, 0.5, 0.9, 0.999999, 1.0]),
)
def test_codes_are_drawn_as_sampling_defines(seed, spread, temperature, top_p):
    rng = np.random.default_rng(seed)
    logits = (rng.normal(size=(7, 256)) * spread).astype(np.float32)
    numbers = rng.random(7, np.float32)
    # Weights too small to be normal are 0 here, which shows only where the number is 0.
    numbers[:2] = 0 if spread < 10 else 2**-24, 1 - 2**-24
    expected = draw(logits, numbers, Sampling(0, temperature, top_p))
    for target in targets():
        drawn = cpu_engine.drawn(logits, numbers, Sampling(0, temperature, top_p), target)
        # Unequal only where the number falls on the edge of two codes: practically never.
        assert np.array_equal(drawn, expected)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
@pytest.mark.parametrize("spread", [0.0, 0.5, 3.0, 10.0])
def test_numbers_next_to_a_code_s_edge_are_drawn_as_sampling_defines(spread, temperature):
    rng = np.random.default_rng(int(10 * spread))
    logits = (rng.normal(size=(2000, 256)) * spread).astype(np.float32)
    weights = np.exp((logits - logits.max(axis=1, keepdims=True)).astype(float) / temperature)
    cumulative = weights.cumsum(axis=1)
    edges = cumulative[np.arange(2000), rng.integers(0, 255, 2000)] / cumulative[:, -1]
    off = rng.choice([0.0, 1e-7, 1e-6, 1e-5, 3e-5], 2000) * rng.choice([-1, 1], 2000)
    numbers = np.clip(edges + off, 2**-24, 1 - 2**-24).astype(np.float32)
    expected = draw(logits, numbers, Sampling(0, temperature))
    for target in targets():
        drawn = cpu_engine.drawn(logits, numbers, Sampling(0, temperature), target)
        assert np.array_equal(drawn, expected)


@pytest.mark.parametrize("top_p", [0.25, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("kind", ["equal", "nearly equal", "few", "steps"])
def test_codes_at_the_nucleus_s_edge_are_drawn_as_sampling_defines(kind, top_p):
    rng = np.random.default_rng(0)
    logits = {
        "equal": np.repeat(rng.normal(size=(200, 32)), 8, axis=1),
        "nearly equal": 1 + 1e-6 * rng.normal(size=(200, 256)),
        "few": np.where(rng.random((200, 256)) < 0.02, 0.0, -3e38),
        "steps": rng.integers(0, 5, (200, 256)) * np.log(2),
    }[kind].astype(np.float32)
    numbers = (rng.integers(0, 2**24, 200) / 2**24).astype(np.float32)
    expected = draw(logits, numbers, Sampling(top_p=top_p))
    for target in targets():
        drawn = cpu_engine.drawn(logits, numbers, Sampling(top_p=top_p), target)
        assert np.array_equal(drawn, expected)


def test_cancelling_takes_effect_within_a_tenth_of_a_second(random_bundle):
    shape = small_shape(residual_channels=128, skip_channels=128, decoder_layers=10, hop=100_000)
    engine = CpuEngine(random_bundle(shape), "a", 2)
    stream = Stream(np.zeros((shape.latent_channels, 10), np.float32), 1_000_000)
    for streams in (1, 40):
        decode = Decode(engine, [stream] * streams, Sampling())
        asked = threading.Event()
        threading.Timer(0.3, asked.set).start()
        asked_at = []

        def cancelled(asked=asked, asked_at=asked_at):
            if asked.is_set() and not asked_at:
                asked_at.append(time.monotonic())
            return asked.is_set()

        with pytest.raises(Cancelled):
            decode.advance(cancelled=cancelled)
        # Generous: the machine that runs this may be busy with other things.
        assert time.monotonic() - asked_at[0] < 0.5
        assert 0 < len(decode.codes[0]) < 1_000_000


def altered(bundle, **weights):
    """The same model with some weights of the domain a's decoder replaced."""
    from umtn_core.bundle.onnx_file import GraphFile

    contents = bundle.decoder("a")
    kept = GraphFile.parse(contents).weights
    for name, values in weights.items():
        before = kept[name.replace("__", ".")]
        assert contents.count(before.tobytes()) == 1
        after = np.broadcast_to(values, before.shape).astype(np.float32)
        contents = contents.replace(before.tobytes(), after.tobytes())
    graphs = {name: bundle.contents(name) for name in bundle.manifest.graph_files}
    graphs[decoder_file("a")] = contents
    return Bundle.in_memory(bundle.manifest, graphs)


def damaged(bundle, value):
    """The same model with one weight of the domain a replaced."""
    from umtn_core.bundle.onnx_file import GraphFile

    weight = GraphFile.parse(bundle.decoder("a")).weights["layers.0.skip.weight"].copy()
    weight.flat[0] = value
    return altered(bundle, layers__0__skip__weight=weight)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused(random_bundle, value):
    bundle = damaged(random_bundle(small_shape()), value)
    with pytest.raises(UmtnError, match="weights is not a number"):
        CpuEngine(bundle, "a")
    CpuEngine(bundle, "b")


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
def test_output_that_is_no_number_is_an_error(random_bundle, precision):
    shape = small_shape()
    stream = Stream(np.full((shape.latent_channels, 9), 3e38, np.float32), 90)
    with pytest.raises(UmtnError, match="not a number"):
        decoded(CpuEngine(random_bundle(shape), "a", 1, precision), [stream] * 3)


def test_a_decoder_of_another_shape_is_refused(random_bundle):
    bundle, other = random_bundle(small_shape()), random_bundle(small_shape(skip_channels=9))
    graphs = {name: bundle.contents(name) for name in bundle.manifest.graph_files}
    for name in (decoder_file("a"), conditioner_file("a")):
        graphs[name] = other.contents(name)
    mixed = Bundle.in_memory(bundle.manifest, graphs)
    with pytest.raises(UmtnError, match=r"no weight .* of the shape"):
        CpuEngine(mixed, "a")


def test_more_than_the_memory_is_an_error(random_bundle):
    shape = small_shape(decoder_layers=14, residual_channels=128)
    engine = CpuEngine(random_bundle(shape), "a", 1)
    with pytest.raises(UmtnError, match="not enough memory"):
        engine.stepper(1_000_000, Sampling())
    with pytest.raises(UmtnError, match="sizes"):
        engine.stepper(0, Sampling())


def test_arrays_of_the_wrong_shape_are_refused(random_bundle):
    shape = small_shape()
    stepper = CpuEngine(random_bundle(shape), "a", 1).stepper(2, Sampling())
    ring = np.zeros((RingLayout.of(shape).rows, shape.residual_channels), np.float32)
    recent = np.zeros((2, shape.input_kernel), np.int64)
    conditioning = np.zeros((2, shape.conditioning_width), np.float32)
    numbers, codes, stop = (
        np.zeros((2, 5), np.float32),
        np.zeros((2, 5), np.uint8),
        threading.Event(),
    )
    for wrong in ([ring], [ring, ring[:-1]], [ring, ring.astype(np.float64)]):
        with pytest.raises(UmtnError, match=r"ring|given"):
            stepper.load(0, recent, wrong)
    with pytest.raises(UmtnError, match="given"):
        stepper.load(0, recent[:1], [ring, ring])
    with pytest.raises(UmtnError, match="given"):
        stepper.steps(conditioning[:, 1:], numbers, codes, stop)
    with pytest.raises(UmtnError, match="given"):
        stepper.steps(conditioning, numbers[:, 1:], codes, stop)
    with pytest.raises(UmtnError, match="given"):
        stepper.steps(conditioning, numbers, codes[:1], stop)
    with pytest.raises(UmtnError, match="sizes"):
        stepper.load(0, recent + 256, [ring, ring])
    with pytest.raises(UmtnError, match="without gaps"):
        stepper.steps(conditioning, numbers, np.asfortranarray(codes), stop)
    with pytest.raises(UmtnError, match="without gaps"):
        stepper.store([np.asfortranarray(ring)] * 2)
    with pytest.raises(UmtnError, match="position"):
        stepper.load(-1, recent, [ring, ring])


def test_unknown_precisions_and_targets_are_refused(random_bundle):
    bundle = random_bundle(small_shape())
    with pytest.raises(UmtnError, match="fp32, bf16, int8"):
        CpuEngine(bundle, "a", precision="fp16")
    with pytest.raises(UmtnError, match="generic"):
        CpuEngine(bundle, "a", target="sse9")
    with pytest.raises(UmtnError, match="no domain"):
        CpuEngine(bundle, "c")


def test_numbers_too_small_to_be_normal_are_zero_while_samples_are_made(random_bundle):
    shape = small_shape()
    bundle = altered(random_bundle(shape), logits__weight=0, logits__bias=1e-40)
    for target in targets():
        logits, _ = scored(
            CpuEngine(bundle, "a", 1, target=target), *given_work(shape, 3, frames=4)
        )
        assert not logits.any()


def test_denormal_handling_is_put_back(random_bundle):
    shape = small_shape()
    decoded(CpuEngine(random_bundle(shape), "a", 1), requests(shape, 2))
    stepper = CpuEngine(random_bundle(shape), "a", 1).stepper(1, Sampling())
    conditioning, codes = given_work(shape, 1, frames=4)
    stepper.score(conditioning[0], codes)
    assert np.float32(1e-40) * np.float32(0.5) > 0


def test_engines_by_name(random_bundle):
    bundle = random_bundle(small_shape())
    for name, precision in (("cpu", "fp32"), ("cpu-bf16", "bf16"), ("cpu-int8", "int8")):
        engine = open_engine(name, bundle, "a", 2, whatever_it_loses=True)
        assert (engine.precision, engine.threads) == (precision, 2)
    assert msgspec.structs.asdict(engine.shape) == msgspec.structs.asdict(bundle.shape)
