import numpy as np
import pytest

from umtn_core.evaluation.listening.chroma import chroma, chroma_correlation

RATE = 16_000


def melody(pitches, harmonics=(1.0,)):
    time = np.arange(RATE // 2) / RATE
    notes = []
    for midi in pitches:
        hertz = 440 * 2 ** ((midi - 69) / 12)
        notes.append(
            sum(a * np.sin(2 * np.pi * hertz * (k + 1) * time) for k, a in enumerate(harmonics))
        )
    return 0.3 * np.concatenate(notes)


@pytest.mark.parametrize("midi", [60, 61, 69, 83])
def test_a_tone_is_its_pitch_class(midi):
    found = chroma(melody([midi]))
    assert (found[2:-4].argmax(axis=1) == midi % 12).all()
    assert np.linalg.norm(found[4]) == pytest.approx(1.0)


def test_silence_has_no_classes():
    assert not chroma(np.zeros(RATE)).any()
    assert chroma_correlation(chroma(np.zeros(RATE)), chroma(melody([60]))) == 0.0


def test_the_octave_and_the_instrument_matter_little_and_the_tune_much():
    tune = chroma(melody([60, 64, 67, 65]))
    assert chroma_correlation(tune, tune) == pytest.approx(1.0)
    other = chroma(melody([72, 76, 79, 77], harmonics=(1.0, 0.5, 0.2)))
    assert chroma_correlation(other, tune) > 0.85
    assert chroma_correlation(chroma(melody([61, 66, 70, 63])), tune) < 0.2


def test_what_is_shorter_is_silent_at_its_end():
    tune = chroma(melody([60, 64]))
    assert 0.5 < chroma_correlation(tune[:10], tune) < 0.95
