import numpy as np
import pytest

from umtn_core.evaluation.listening.heard import Heard
from umtn_core.evaluation.measures.notes import compare_notes

RATE = 16_000


def play(notes, seconds, vibrato_cents=0.0):
    """Tones with 10 ms ramps: (start_s, end_s, midi) each."""
    audio = np.zeros(round(seconds * RATE))
    for start, end, midi in notes:
        time = np.arange(round((end - start) * RATE)) / RATE
        hertz = 440 * 2 ** ((midi - 69) / 12 + vibrato_cents / 1200 * np.sin(35 * time))
        phase = 2 * np.pi * np.cumsum(hertz) / RATE
        ramp = np.minimum(1, np.minimum(time, time[::-1]) / 0.01)
        audio[round(start * RATE) :][: len(time)] += ramp * sum(
            0.1 / k * np.sin(k * phase) for k in (1, 2, 3)
        )
    return audio


MELODY = [(0.1, 0.4, 67), (0.4, 0.6, 69), (0.6, 0.75, 72), (1.0, 1.5, 60)]


@pytest.mark.parametrize("vibrato", [0.0, 45.0])
def test_writes_down_a_melody(vibrato):
    found = Heard(play(MELODY, 2.0, vibrato)).notes
    assert [pitch for _, _, pitch in found] == [67, 69, 72, 60]
    for (start, end, _), (played_start, played_end, _) in zip(found, MELODY, strict=True):
        assert start == pytest.approx(played_start, abs=0.03)
        assert end == pytest.approx(played_end, abs=0.04)


def test_a_repeated_note_is_two_and_a_held_one_is_one():
    twice = Heard(play([(0.1, 0.38, 70), (0.4, 0.8, 70)], 1.0)).notes
    assert [pitch for _, _, pitch in twice] == [70, 70]
    assert [pitch for _, _, pitch in Heard(play([(0.1, 0.8, 70)], 1.0)).notes] == [70]


@pytest.mark.parametrize("samples", [0, 1, 300, 16_000])
def test_silence_of_any_length_has_no_notes(samples):
    assert Heard(np.zeros(samples)).notes == []


def test_finds_the_notes_of_a_real_render(render):
    for program in (71, 73):
        audio, notes = render(program)
        assert compare_notes([(Heard(audio).notes, notes)]).f1 > 0.85
        other = [(start, end, pitch + 1, velocity) for start, end, pitch, velocity in notes]
        assert compare_notes([(Heard(audio).notes, other)]).f1 < 0.3
