"""What must hold of any decode: the same samples whatever runs beside or between them."""

import threading
import time

import numpy as np
import pytest

from umtn_core.decode.decode import Decode
from umtn_core.decode.onnx.onnx_engine import OnnxEngine
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.saving import restore, save
from umtn_core.decode.stream import Stream
from umtn_core.errors import Cancelled, UmtnError
from umtn_core.shape import NetworkShape


def engine_for(bundle, threads=1):
    engine = OnnxEngine(bundle, "a", threads)
    engine.fewest_streams_a_thread = 1
    return engine


def requests(shape, count, samples=150):
    """Streams of different lengths and ids."""
    rng = np.random.default_rng(0)
    steps = [-(-max(1, samples - 13 * i) // shape.bands) for i in range(count)]
    lengths = [count * shape.bands for count in steps]
    sizes = [(shape.latent_channels, -(-n // shape.output_hop)) for n in lengths]
    return [
        Stream(rng.normal(size=size).astype(np.float32), n, 7 * i)
        for i, (n, size) in enumerate(zip(lengths, sizes, strict=True))
    ]


def decoded(engine, streams, sampling=None):
    decode = Decode(engine, streams, sampling or Sampling(seed=3))
    decode.advance()
    assert decode.done
    return decode.codes


def same(actual, expected):
    return len(actual) == len(expected) and all(map(np.array_equal, actual, expected))


def test_same_seed_same_samples_and_another_seed_others(random_bundle, shape: NetworkShape):
    engine = engine_for(random_bundle(shape))
    streams = requests(shape, 3)
    first = decoded(engine, streams)
    assert [len(codes) for codes in first] == [stream.samples for stream in streams]
    assert same(decoded(engine, streams), first)
    assert not same(decoded(engine, streams, Sampling(seed=4)), first)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 16, 32, 33])
def test_a_stream_does_not_depend_on_those_beside_it(random_bundle, shape: NetworkShape, count):
    engine = engine_for(random_bundle(shape))
    streams = requests(shape, 33, samples=60)
    alone = [decoded(engine, [stream])[0] for stream in streams[:count]]
    assert same(decoded(engine, streams[:count]), alone)
    assert same(decoded(engine, streams[count - 1 :: -1]), alone[::-1])


def test_wide_layers_do_not_depend_on_the_batch_either(random_bundle):
    shape = NetworkShape(
        hop=20, latent_channels=4, encoder_blocks=1, encoder_layers=1, encoder_channels=2,
        decoder_blocks=1, decoder_layers=3, residual_channels=128, skip_channels=128,
    )  # fmt: skip
    engine = engine_for(random_bundle(shape))
    streams = requests(shape, 40, samples=40)
    alone = [decoded(engine, [stream])[0] for stream in streams]
    for count in (2, 7, 31, 40):
        assert same(decoded(engine, streams[:count]), alone[:count])


def test_a_stream_does_not_depend_on_the_number_of_threads(random_bundle, shape: NetworkShape):
    bundle, streams = random_bundle(shape), requests(shape, 5)
    expected = decoded(engine_for(bundle, 1), streams)
    assert same(decoded(engine_for(bundle, 3), streams), expected)


def test_streams_with_one_id_and_latent_are_equal_and_others_differ(random_bundle, shape):
    engine = engine_for(random_bundle(shape))
    stream = requests(shape, 1)[0]
    twin = Stream(stream.latents, stream.samples, stream.id)
    other = Stream(stream.latents, stream.samples, stream.id + 1)
    a, b, c = decoded(engine, [stream, twin, other])
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_stopping_between_changes_nothing(random_bundle, shape: NetworkShape):
    engine = engine_for(random_bundle(shape))
    streams = requests(shape, 3)
    decode = Decode(engine, streams, Sampling(seed=3))
    for until in sorted({1, 2, 17, shape.output_hop, shape.output_hop + 1, 100}):
        decode.advance(until)
        assert [len(codes) for codes in decode.codes] == [
            min(-(-until // shape.bands) * shape.bands, s.samples) for s in streams
        ]
    decode.advance()
    assert same(decode.codes, decoded(engine, streams))


def test_a_saved_decode_goes_on_as_if_nothing_had_happened(random_bundle, shape: NetworkShape):
    bundle = random_bundle(shape)
    streams = requests(shape, 3)
    sampling = Sampling(seed=2**63, temperature=0.9, top_p=0.95)
    decode = Decode(engine_for(bundle), streams, sampling)
    decode.advance(77)
    contents = save(decode)
    resumed = restore(engine_for(bundle, threads=2), contents)
    assert same(resumed.codes, decode.codes)
    resumed.advance()
    assert same(resumed.codes, decoded(engine_for(bundle), streams, sampling))


def test_a_decode_saved_with_other_weights_is_refused(random_bundle, shape: NetworkShape):
    bundle = random_bundle(shape)
    contents = save(Decode(engine_for(bundle), requests(shape, 1), Sampling()))
    with pytest.raises(UmtnError, match="another model"):
        restore(OnnxEngine(bundle, "b", 1), contents)
    for damaged in (b"", b"nonsense", contents[: len(contents) // 2]):
        with pytest.raises(UmtnError, match="damaged"):
            restore(engine_for(bundle), damaged)


def test_cancelling_stops_soon_and_leaves_a_decode_that_can_go_on(random_bundle):
    shape = NetworkShape(
        hop=800, latent_channels=1, encoder_blocks=1, encoder_layers=1, encoder_channels=1,
        decoder_blocks=1, decoder_layers=2, residual_channels=4, skip_channels=4,
    )  # fmt: skip
    engine = engine_for(random_bundle(shape), threads=2)
    latents = np.zeros((1, 1000), np.float32)
    streams = [Stream(latents, 800_000, i) for i in range(2)]
    decode = Decode(engine, streams, Sampling())
    asked = threading.Event()
    threading.Timer(0.3, asked.set).start()
    with pytest.raises(Cancelled):
        decode.advance(cancelled=asked.is_set)
    made = [len(codes) for codes in decode.codes]
    assert all(0 < n < 800_000 for n in made)
    until = max(made) + 50
    decode.advance(until)
    expected = Decode(engine, streams, Sampling())
    expected.advance(until)
    assert same(decode.codes, expected.codes)


def test_cancelling_takes_effect_within_a_tenth_of_a_second(random_bundle, shape: NetworkShape):
    engine = engine_for(random_bundle(shape))
    latents = np.zeros((shape.latent_channels, 100_000), np.float32)
    decode = Decode(engine, [Stream(latents, 100_000 * shape.output_hop)], Sampling())
    asked_at = []

    def cancelled():
        if len(decode.codes[0]) < 200:
            return False
        asked_at.append(time.monotonic())
        return True

    with pytest.raises(Cancelled):
        decode.advance(cancelled=cancelled)
    # Generous: the machine that runs this may be busy with other things.
    assert time.monotonic() - asked_at[0] < 0.5


def test_progress_rises_to_one(random_bundle, shape: NetworkShape):
    seen = []
    decode = Decode(engine_for(random_bundle(shape)), requests(shape, 2, 3000), Sampling())
    decode.advance(progress=seen.append)
    fractions = [progress.fraction for progress in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert all(p.seconds_left is None or p.seconds_left >= 0 for p in seen)


def test_an_error_in_a_callback_ends_the_decode(random_bundle, shape: NetworkShape):
    def broken(_):
        raise ZeroDivisionError

    decode = Decode(engine_for(random_bundle(shape)), requests(shape, 2, 3000), Sampling())
    with pytest.raises(ZeroDivisionError):
        decode.advance(progress=broken)


def test_nothing_to_decode_is_done_at_once(random_bundle, shape: NetworkShape):
    engine = engine_for(random_bundle(shape))
    assert decoded(engine, []) == []
    latents = np.zeros((shape.latent_channels, 0), np.float32)
    (codes,) = decoded(engine, [Stream(latents, 0)])
    assert len(codes) == 0
