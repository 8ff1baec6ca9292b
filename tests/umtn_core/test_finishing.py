import numpy as np
import pytest

from umtn_core.finishing import Finish
from umtn_core.recording import Recording
from umtn_core.segments.plan import Segment

RATE, MADE_AT = 44_100, 16_000


def tone(rate, seconds=1.0, level=0.1):
    return (level * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)).astype("f4")


def finish(mix=1.0, open_postfilter=None):
    return Finish(MADE_AT, -50.0, mix, open_postfilter)


def whole(samples):
    return Segment(begin=0, cut=0, end=samples)


def test_it_is_as_long_and_as_loud_as_the_source():
    recording = Recording.of(tone(RATE)[None], RATE, "per-channel")
    (signal,) = recording.signals
    made = tone(MADE_AT, level=0.02)
    signal.translated = finish().signal(signal, [made], [whole(len(made))])
    (result,) = finish().recording(recording)
    assert result.shape == (RATE,)
    assert np.std(result) == pytest.approx(np.std(signal.audio), rel=0.02)


def test_a_postfilter_hears_what_was_decoded_at_the_decoders_rate():
    heard = []

    def postfilter(audio, cancelled):
        heard.append((len(audio), cancelled()))
        return audio

    recording = Recording.of(tone(RATE), RATE, "per-channel")
    made = tone(MADE_AT)
    done = finish(open_postfilter=lambda: postfilter)
    done.signal(recording.signals[0], [made], [whole(len(made))], lambda: False)
    assert heard == [(MADE_AT, False)]


@pytest.mark.parametrize("mix", [0.0, 0.25])
def test_a_mix_holds_so_much_of_the_recording(mix):
    dry = tone(RATE)
    recording = Recording.of(dry, RATE, "mono")
    result = finish(mix).recording(recording)
    np.testing.assert_allclose(result, (1 - mix) * dry, atol=1e-6)
    assert result is not recording.dry
