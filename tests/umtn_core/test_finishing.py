import numpy as np
import pytest

from umtn_core.audio.array import sound_of
from umtn_core.finishing import Finish
from umtn_core.hearing import Hearing
from umtn_core.recording import Recording
from umtn_core.segments.plan import Segment

RATE, MADE_AT = 44_100, 16_000


def tone(rate, seconds=1.0, level=0.1):
    return (level * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)).astype("f4")


def recorded(audio, mode="per-channel", dynamics=0.0):
    recording = Recording(sound_of(audio, RATE), mode)
    recording.hear(Hearing(16_000, -20.0, dynamics))
    return recording


def finish(mix=1.0, open_postfilter=None):
    return Finish(MADE_AT, -50.0, mix, open_postfilter)


def whole(samples):
    return Segment(begin=0, cut=0, end=samples)


def put_together(blocks):
    return np.concatenate(list(blocks), axis=-1)


@pytest.mark.parametrize("dynamics", [0.0, 1.0])
def test_it_is_as_long_and_as_loud_as_the_source(dynamics):
    audio = tone(RATE)
    recording = recorded(audio, dynamics=dynamics)
    made = tone(MADE_AT, level=0.02)
    blocks = finish().signal(recording.signals[0], [[made[:999], made[999:]]], [whole(len(made))])
    result = put_together(finish().recording(recording, [blocks]))
    assert result.shape == (1, RATE)
    assert np.std(result) == pytest.approx(np.std(audio), rel=0.02)


def test_a_postfilter_hears_what_was_decoded_at_the_decoders_rate():
    heard = []

    class Spy:
        def stage(self, samples, cancelled):
            heard.append((samples, cancelled()))
            return self

        def __call__(self, audio):
            heard.append(len(audio))
            return audio

        def rest(self):
            return np.empty(0, np.float32)

    made = tone(MADE_AT)
    done = finish(open_postfilter=Spy)
    blocks = done.signal(
        recorded(tone(RATE)).signals[0], [[made]], [whole(len(made))], lambda: False
    )
    put_together(blocks)
    assert heard == [(MADE_AT, False), MADE_AT]


@pytest.mark.parametrize("mix", [0.0, 0.25])
def test_a_mix_holds_so_much_of_the_recording(mix):
    dry = tone(RATE)
    recording = recorded(dry, "mono")
    silence = [np.zeros(RATE, np.float32)]
    result = put_together(finish(mix).recording(recording, [silence]))
    np.testing.assert_allclose(result[0], (1 - mix) * dry, atol=1e-6)
