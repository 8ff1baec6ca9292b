import numpy as np
import pytest

from umtn_core.evaluation.listening.chroma import HOP_SECONDS, chroma, chroma_correlation

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


@pytest.mark.long
@pytest.mark.parametrize("program", [73, 71, 56, 40, 0])
def test_hears_the_pitch_classes_that_librosa_hears(render, program):
    librosa = pytest.importorskip("librosa", reason="the library to compare with")
    audio, _ = render(program)
    found = chroma(audio)
    theirs = librosa.feature.chroma_stft(
        y=audio.astype(np.float32),
        sr=RATE,
        n_fft=4096,
        hop_length=round(HOP_SECONDS * RATE),
        tuning=0.0,
        octwidth=None,
        norm=2,
    ).T[: len(found)]
    sounding = found.any(axis=1)
    assert chroma_correlation(found[sounding], theirs[sounding]) > 0.94
    assert chroma_correlation(found[sounding], np.roll(theirs[sounding], 1, axis=1)) < 0.2
    same = found[sounding].argmax(axis=1) == theirs[sounding].argmax(axis=1)
    assert same.mean() > 0.9
