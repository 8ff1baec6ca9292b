"""Streams beyond what the memory holds wait for their turn, and come out the same."""

import itertools
import time
import tracemalloc
from threading import Event
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from umtn_core.decode import batch
from umtn_core.decode.batch import FRAMES
from umtn_core.decode.decode import Decode
from umtn_core.decode.engine import Engine, Stepper
from umtn_core.decode.memory import (
    ring_bytes,
    rings_to_keep,
    streams_at_once,
    streams_conditioned,
    streams_to_time,
)
from umtn_core.decode.onnx.onnx_engine import OnnxEngine
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.saving import restore, save
from umtn_core.decode.stream import Stream, StreamState
from umtn_core.errors import Cancelled, UmtnError
from umtn_core.shape import PRESETS, NetworkShape

TINY = NetworkShape(
    hop=40, latent_channels=2, encoder_blocks=1, encoder_layers=1, encoder_channels=2,
    decoder_blocks=1, decoder_layers=2, residual_channels=2, skip_channels=4,
)  # fmt: skip

#: Whose rings are most of what a stream takes.
LONG = NetworkShape(
    hop=40, latent_channels=2, encoder_blocks=1, encoder_layers=1, encoder_channels=2,
    decoder_blocks=1, decoder_layers=15, residual_channels=16, skip_channels=4,
)  # fmt: skip


@pytest.fixture
def free(monkeypatch):
    """Let so many bytes be free, of as many."""

    def set_to(count):
        memory = SimpleNamespace(available=count, total=count)
        monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)

    return set_to


@pytest.fixture
def together(monkeypatch):
    """The greatest number of streams that had a stepper at the same time on one thread."""
    seen = []
    right = batch.StreamBatch.__init__

    def init(self, engine, sampling, tasks, threads=1):
        seen.append(len(tasks))
        right(self, engine, sampling, tasks, threads)

    monkeypatch.setattr("umtn_core.decode.batch.StreamBatch.__init__", init)
    return seen


def streams(count):
    rng = np.random.default_rng(0)
    return [Stream(rng.normal(size=(2, 3)).astype(np.float32), 110, i) for i in range(count)]


def test_rings_are_counted_as_they_are(random_bundle):
    decode = Decode(OnnxEngine(random_bundle(TINY), "a", 1), streams(1), Sampling())
    decode.advance(until=10)
    assert ring_bytes(TINY) == decode.states[0].rings.nbytes
    assert 30e6 < ring_bytes(PRESETS["released"]) < 40e6


def test_there_is_always_room_for_one(free):
    free(0)
    assert streams_at_once(PRESETS["released"]) == streams_to_time(PRESETS["released"]) == 1
    free(16 << 30)
    assert streams_at_once(PRESETS["released"]) == 128


def test_what_does_not_fit_is_decoded_in_turns(random_bundle, free, together):
    engine = OnnxEngine(random_bundle(TINY), "a", 1)
    free(1 << 30)
    whole = Decode(engine, streams(11), Sampling(2))
    whole.advance()
    assert together == [11]
    together.clear()
    free(4 * 4 * ring_bytes(TINY))
    waves = Decode(engine, streams(11), Sampling(2))
    waves.advance()
    assert together == [4, 4, 3]
    assert all(map(np.array_equal, waves.codes, whole.codes))


def test_turns_can_be_interrupted_and_saved(random_bundle, free):
    engine = OnnxEngine(random_bundle(TINY), "a", 1)
    whole = Decode(engine, streams(7), Sampling(2))
    whole.advance()
    free(4 * 2 * ring_bytes(TINY))
    waves = Decode(engine, streams(7), Sampling(2))
    while not waves.done:
        waves.advance(seconds=0.0)
        waves = restore(engine, save(waves))
        waves.advance(until=50)
        waves.advance()
    assert all(map(np.array_equal, waves.codes, whole.codes))


def test_too_little_memory_is_said_in_a_sentence(random_bundle, monkeypatch):
    def begin(*_):
        raise MemoryError

    monkeypatch.setattr(StreamState, "begin", begin)
    with pytest.raises(UmtnError, match="ask for fewer segments"):
        Decode(OnnxEngine(random_bundle(TINY), "a", 1), streams(2), Sampling())


class OnDevice(OnnxEngine):
    """As if its rings were elsewhere."""

    on_device = True
    most_streams = 1000


class Constant(Engine):
    """Keeps nothing of its streams here, and makes one code only."""

    name, threads, on_device, most_streams = "constant", 1, True, 1000

    def stepper(self, streams, sampling, threads=1):
        return ConstantStepper(self, streams)


class ConstantStepper(Stepper):
    def _begin(self, time, recent):
        pass

    def _load(self, time, recent, rings):
        assert all(ring[0, 0] == 7 for ring in rings)

    def _store(self, rings):
        for ring in rings:
            if ring is not None:
                ring[...] = 7

    def _condition(self, conditioning):
        pass

    def _steps(self, uniforms, codes, stop):
        codes[...] = 9
        return codes.shape[1]

    def _score(self, codes):
        raise NotImplementedError


def test_streams_on_a_device_take_no_rings_here(random_bundle, free, together):
    engine, free_rings = Constant(random_bundle(LONG), "a"), 20
    free(2 * free_rings * ring_bytes(LONG))
    ends = itertools.cycle((110, 104, 97))
    requests = [Stream(each.latents, next(ends), each.id) for each in streams(600)]
    decode = Decode(engine, requests, Sampling())
    tracemalloc.start()
    decode.advance()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert decode.done and all((codes == 9).all() for codes in decode.codes)
    # Of 600 streams, those that are brought to a smaller batch at most, and conditioning, which
    # takes a thirtieth.
    assert together == [600]
    assert peak < (free_rings + 40) * ring_bytes(LONG)


def test_streams_that_have_ended_are_carried_along_on_a_device(random_bundle, together):
    bundle = random_bundle(TINY)
    requests = [Stream(each.latents, 30 + 7 * i, each.id) for i, each in enumerate(streams(11))]
    expected = Decode(OnnxEngine(bundle, "a", 1), requests, Sampling(2))
    expected.advance()
    opened = []

    class Counting(OnDevice):
        def stepper(self, count, *others):
            opened.append(count)
            return super().stepper(count, *others)

    found = Decode(Counting(bundle, "a", 1), requests, Sampling(2))
    found.advance()
    assert all(map(np.array_equal, found.codes, expected.codes))
    assert opened == [11, 2]


def test_what_cannot_be_kept_when_a_device_is_stopped_begins_anew(random_bundle, free):
    bundle = random_bundle(LONG)
    whole = Decode(OnnxEngine(bundle, "a", 1), streams(9), Sampling(2))
    whole.advance()
    free(2 * 4 * ring_bytes(LONG))
    assert rings_to_keep(LONG) == 4

    class Stopped(OnDevice):
        def stepper(self, *given):
            stepper = super().stepper(*given)
            right = stepper.steps

            def steps(conditioning, uniforms, codes, stop):
                stop.set()
                one = np.empty((len(codes), 1), np.uint8)
                made = right(conditioning, uniforms[:, :1].copy(), one, Event())
                codes[:, :1] = one
                return made

            stepper.steps = steps
            return stepper

    decode = Decode(Stopped(bundle, "a", 1), streams(9), Sampling(2))
    decode.advance()
    assert [state.position for state in decode.states] == [1] * 4 + [0] * 5
    assert [state.rings is None for state in decode.states] == [False] * 4 + [True] * 5
    decode = restore(OnDevice(bundle, "a", 1), save(decode))
    decode.advance()
    assert all(map(np.array_equal, decode.codes, whole.codes))


@pytest.mark.parametrize("what", [(), ("store",)])
def test_streams_of_a_device_that_is_lost_begin_anew(random_bundle, what):
    """Whether it fails for good, or its rings, which have gone on, can still be had."""
    bundle = random_bundle(TINY)
    whole = Decode(OnnxEngine(bundle, "a", 1), streams(3), Sampling(2))
    whole.advance()

    class Lost(OnDevice):
        def stepper(self, *given):
            stepper = super().stepper(*given)
            for name in what:
                setattr(stepper, name, self.fail)
            right = stepper.steps
            calls = itertools.count()

            def steps(*work):
                made = right(*work)
                return self.fail() if next(calls) else made

            stepper.steps = steps
            return stepper

        def fail(self, *_):
            raise UmtnError("The GPU failed; use another engine.")

    decode = Decode(Lost(bundle, "a", 1), streams(3), Sampling(2))
    with pytest.raises(UmtnError, match="The GPU failed"):
        decode.advance()
    assert [state.position for state in decode.states] == [0, 0, 0]
    on_another = restore(OnnxEngine(bundle, "a", 1), save(decode))
    on_another.advance()
    assert all(map(np.array_equal, on_another.codes, whole.codes))


def test_streams_stopped_before_their_first_step_go_on_beside_others(
    random_bundle, free, monkeypatch
):
    engine = OnnxEngine(random_bundle(TINY), "a", 1)
    whole = Decode(engine, streams(7), Sampling(2))
    whole.advance()
    decode = Decode(engine, streams(7), Sampling(2))
    # Stopped while the first three are loaded.
    free(4 * 3 * ring_bytes(TINY))
    cancelled = Event()
    right = engine.stepper

    def stepper(*given):
        cancelled.set()
        time.sleep(0.2)
        return right(*given)

    monkeypatch.setattr(engine, "stepper", stepper)
    with pytest.raises(Cancelled):
        decode.advance(cancelled=cancelled.is_set)
    assert [state.position for state in decode.states] == [0] * 7
    monkeypatch.undo()
    # There is room for other groups now.
    free(4 * 4 * ring_bytes(TINY))
    decode.advance()
    assert all(map(np.array_equal, decode.codes, whole.codes))


def test_conditioning_bounds_what_a_device_is_given(random_bundle, free, together):
    decode = Decode(OnDevice(random_bundle(TINY), "a", 1), streams(9), Sampling(2))
    free(2 * 5 * 4 * FRAMES * TINY.conditioning_width)
    assert streams_conditioned(TINY, FRAMES) == 5
    decode.advance()
    assert together == [5, 4] and decode.done


def test_a_decode_that_is_to_be_stopped_keeps_to_what_fits_here(random_bundle, free, together):
    decode = Decode(OnDevice(random_bundle(TINY), "a", 1), streams(9), Sampling(2))
    free(2 * 4 * ring_bytes(TINY))
    decode.advance(until=50)
    assert together == [3, 3, 3]
    assert all(state.position == 50 for state in decode.states)
