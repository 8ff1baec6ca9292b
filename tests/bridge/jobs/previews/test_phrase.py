import numpy as np
import pytest

from bridge.jobs.previews.phrase import RATE, notes, phrase
from umtn_core.bundle.scope import Scope
from umtn_core.scope.listening import listen
from umtn_core.scope.remark import remark

WIND = Scope(60, 84, 1, "single lines of wind and string instruments")


@pytest.mark.parametrize("target", ["clarinet", "trumpet", "flute", "violin", "cello", "nobody"])
def test_the_phrase_is_what_the_model_was_taught(target):
    audio = phrase(target, WIND)
    assert audio.shape == (1, round(3.5 * RATE)) and audio.dtype == np.float32
    assert 0.2 < np.abs(audio).max() <= 0.31
    assert np.abs(audio[:, :100]).max() == 0 == np.abs(audio[:, -100:]).max()
    heard = listen(lambda first, count: audio[:, first : first + count], audio.shape[1], RATE)
    assert remark(heard, WIND) == ""
    assert heard.pitched > 0.9


@pytest.mark.parametrize("scope", [None, WIND, Scope(40, 47, 1, "tubas"), Scope(60, 60, 1, "one")])
def test_each_instrument_plays_where_it_is_at_home_within_the_range(scope):
    flute, cello = notes("alto Flute", scope), notes("cello", scope)
    for chosen in flute, cello:
        assert chosen == sorted(chosen)
        if scope is not None:
            assert scope.lowest <= chosen[0] and chosen[-1] <= scope.highest
    if scope in (None, WIND):
        assert flute[0] > cello[0]
        assert flute[-1] - flute[0] == 12
