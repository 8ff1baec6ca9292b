import contextlib
import gc
import threading
import weakref

import numpy as np
import pytest

from tests.umtn_core.cutting import cut
from umtn_core.errors import Cancelled
from umtn_core.stage import Passing, ahead, feed, heeding, through, together

AUDIO = np.arange(2000, dtype=np.float32)


class Late:
    """Gives everything half a block later."""

    def __init__(self):
        self._held = np.empty(0, np.float32)

    def __call__(self, audio):
        audio = np.concatenate([self._held, audio])
        given, self._held = np.split(audio, [len(audio) // 2])
        return given

    def rest(self):
        return self._held


def test_what_goes_through_stages_comes_out_whole_and_in_order():
    made = list(through(cut(AUDIO), Late(), Late()))
    assert np.array_equal(np.concatenate(made), AUDIO)
    assert all(len(block) for block in made)
    assert np.array_equal(np.concatenate(list(through(cut(AUDIO)))), AUDIO)


def test_blocks_of_several_places_are_put_side_by_side():
    made = list(together([cut(AUDIO, seed=1), cut(-AUDIO, seed=2), [AUDIO]]))
    assert np.array_equal(np.concatenate(made, axis=1), [AUDIO, -AUDIO, AUDIO])


def test_samples_that_pass_can_be_read_until_they_are_forgotten():
    passing = Passing()
    for block in cut(AUDIO):
        passing.add(block)
    assert (passing.begin, passing.end) == (0, 2000)
    passing.forget(500)
    passing.forget(400)
    assert np.array_equal(passing.read(600, 700), AUDIO[600:700])
    passing.add(AUDIO)
    assert np.array_equal(passing.read(1990, 2010), [*AUDIO[-10:], *AUDIO[:10]])
    assert (passing.begin, passing.end) == (500, 4000)


def test_blocks_are_made_ahead_by_another_thread():
    made_by = set()

    def blocks():
        for block in cut(AUDIO):
            made_by.add(threading.current_thread())
            yield block

    assert np.array_equal(np.concatenate(list(ahead(blocks()))), AUDIO)
    assert threading.current_thread() not in made_by


def test_what_goes_wrong_ahead_is_told_in_its_place():
    def blocks():
        yield AUDIO
        raise OSError("gone")

    made = ahead(blocks())
    assert next(made) is AUDIO
    with pytest.raises(OSError, match="gone"):
        next(made)


def test_what_failing_work_held_is_let_go_of_at_once():
    class Held:
        pass

    def blocks():
        held = Held()
        alive.append(weakref.ref(held))
        yield AUDIO
        raise OSError("gone")

    alive = []
    gc.disable()
    try:
        with contextlib.suppress(OSError):
            list(ahead(blocks()))
    finally:
        gc.enable()
    assert alive[0]() is None


def test_whoever_asks_is_heeded_between_blocks():
    wishes = iter([False, False, True])
    made = heeding(lambda: next(wishes), [AUDIO] * 4)
    assert next(made) is next(made) is AUDIO
    with pytest.raises(Cancelled):
        next(made)
    assert len(list(heeding(None, [AUDIO] * 4))) == 4


def test_nothing_is_made_ahead_any_more_once_nobody_takes_it():
    before = threading.active_count()

    def blocks():
        while True:
            yield AUDIO

    made = ahead(blocks())
    next(made)
    made.close()
    assert threading.active_count() == before


def test_it_may_be_the_making_thread_that_clears_up_what_nobody_takes():
    dropped = threading.Event()
    made_last = []

    def blocks():
        yield AUDIO
        dropped.wait()
        gc.collect()
        made_last.append(AUDIO)
        yield AUDIO

    ring = [ahead(blocks())]
    ring.append(ring)
    next(ring[0])
    gc.disable()
    try:
        del ring
        dropped.set()
        (maker,) = [each for each in threading.enumerate() if each.name == "umtn-ahead"]
        maker.join(5)
    finally:
        gc.enable()
    assert not maker.is_alive()
    assert made_last


def test_all_takers_are_fed_every_block_in_order():
    taken = [[], []]
    feed(cut(AUDIO), taken[0].append, taken[1].append)
    assert all(np.array_equal(np.concatenate(each), AUDIO) for each in taken)


def test_what_a_taker_raises_ends_the_feeding():
    taken = []

    def refuse(block):
        raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        feed([AUDIO, AUDIO], taken.append, refuse)
    assert len(taken) == 1
