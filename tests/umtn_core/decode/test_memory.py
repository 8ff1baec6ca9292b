"""Streams beyond what the memory holds wait for their turn, and come out the same."""

from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from umtn_core.decode import batch
from umtn_core.decode.decode import Decode
from umtn_core.decode.memory import ring_bytes, streams_at_once, streams_to_time
from umtn_core.decode.onnx.onnx_engine import OnnxEngine
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.saving import restore, save
from umtn_core.decode.stream import Stream, StreamState
from umtn_core.errors import UmtnError
from umtn_core.shape import PRESETS, NetworkShape

TINY = NetworkShape(
    hop=40, latent_channels=2, encoder_blocks=1, encoder_layers=1, encoder_channels=2,
    decoder_blocks=1, decoder_layers=2, residual_channels=2, skip_channels=4,
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


def test_rings_are_counted_as_they_are():
    state = StreamState.begin(streams(1)[0], TINY)
    assert ring_bytes(TINY) == state.rings.nbytes
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
