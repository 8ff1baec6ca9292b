from itertools import pairwise

import numpy as np
import pytest

from umtn_core.data.synth.invention.invent import invent
from umtn_core.data.synth.invention.textures import TEXTURES

RANGES = [(21, 108), (36, 96), (50, 91), (60, 72)]


def piece(seed=0, is_line=True, pitch=(50, 91), seconds=20.0):
    rng = np.random.default_rng(seed)
    return invent(seconds, pitch, is_line=is_line, rng=rng)


def voices(notes):
    """How many notes sound at each onset."""
    return [sum(n.start <= note.start < n.end for n in notes) for note in notes]


@pytest.mark.parametrize("pitch", RANGES)
@pytest.mark.parametrize("is_line", [True, False])
def test_notes_lie_in_range_and_time_and_can_be_told_apart(pitch, is_line):
    for seed in range(12):
        made = piece(seed, is_line, pitch)
        assert made.seconds == 20.0 and made.is_line == is_line
        assert [n.start for n in made.notes] == sorted(n.start for n in made.notes)
        for note in made.notes:
            assert pitch[0] <= note.pitch <= pitch[1] and 20 <= note.velocity <= 126
            assert 0.03 <= note.start < note.end <= 19.41
        for one in {n.pitch for n in made.notes}:
            same = [n for n in made.notes if n.pitch == one]
            assert all(a.end < b.start for a, b in pairwise(same))


def test_lines_are_lines_and_textures_have_two_to_five_voices():
    most = []
    for seed in range(40):
        assert max(voices(piece(seed).notes)) == 1
        most.append(max(voices(piece(seed, False).notes)))
    assert min(most) >= 2 and max(most) == 5
    assert len(set(most)) == 4


@pytest.mark.parametrize("texture", TEXTURES, ids=lambda t: t.__name__)
def test_every_texture_has_several_voices_and_stays_in_its_range(texture):
    for seed in range(8):
        notes = texture(1.0, 11.0, 40, 80, np.random.default_rng(seed))
        assert all(40 <= n.pitch <= 80 and 0.9 <= n.start < 11.1 for n in notes)
        assert len(notes) >= 12
    assert max(voices(notes)) >= 2 or texture.__name__ == "broken"


@pytest.mark.parametrize("is_line", [True, False])
def test_the_whole_range_is_heard(is_line):
    heard = np.zeros(128)
    for seed in range(150):
        for note in piece(seed, is_line, (21, 108)).notes:
            heard[note.pitch] += note.end - note.start
    share = heard[21:109] / heard.sum() * 88
    assert heard[:21].sum() == heard[109:].sum() == 0
    assert share.min() > 0.15 and share.max() < 2.5


def test_lines_breathe():
    made = [piece(seed, seconds=30.0).notes for seed in range(60)]
    lengths = np.array([n.end - n.start for notes in made for n in notes])
    gaps = np.array([b.start - a.end for notes in made for a, b in pairwise(notes)])
    steps = np.array([b.pitch - a.pitch for notes in made for a, b in pairwise(notes)])
    count = np.array([len(notes) for notes in made])
    assert np.mean(lengths < 0.1) > 0.05 and np.mean(lengths > 1.0) > 0.03
    assert np.mean(gaps < 0.01) > 0.15 and np.mean(gaps > 0.3) > 0.02
    assert np.mean(steps == 0) > 0.01 and np.mean(np.abs(steps) == 1) > 0.05
    assert np.mean(np.abs(steps) > 7) > 0.01
    assert count.min() >= 15 and count.max() < 300


def test_the_generator_decides():
    assert piece(3) == piece(3) != piece(4)
    assert piece(3, False) == piece(3, False) != piece(4, False)
