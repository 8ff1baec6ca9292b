import msgspec
import numpy as np
import pytest

from umtn_core.data.synth.curves import CONTROL_RATE, flat
from umtn_core.data.synth.expression import express
from umtn_core.data.synth.performance import Performance, PlayedNote
from umtn_core.data.synth.recipe import ExpressionSettings

ALL = ("bend", "swell", "pedal")
NONE = ExpressionSettings(
    tuning_share=0, vibrato_share=0, glide_share=0, bend_share=0, swell_share=0, accent_share=0,
    pedal_share=0,
)  # fmt: skip
LINE = Performance([PlayedNote(0.5, 1.9, 60, 80), PlayedNote(2.0, 3.4, 64, 80)], 4.0, True)


def curves(seed=0, abilities=ALL, played=LINE, **shares):
    settings = msgspec.structs.replace(NONE, **shares)
    return express(played, settings, abilities, np.random.default_rng(seed))


def test_nothing_asked_for_is_nothing_done():
    made = curves()
    assert len(made.bend) == len(made.gain) == len(made.pedal) == 4 * CONTROL_RATE + 1
    assert not made.bend.any() and (made.gain == 1).all() and not made.pedal.any()


@pytest.mark.parametrize("seed", range(5))
def test_tuning_moves_the_whole_piece(seed):
    made = curves(seed, (), tuning_share=1.0)
    assert (made.bend == np.float32(made.tuning)).all() and 0 < abs(made.tuning) <= 0.5


@pytest.mark.parametrize("seed", range(5))
def test_vibrato_sets_in_after_the_onset_with_its_rate_and_depth(seed):
    made = curves(
        seed, vibrato_share=1.0, vibrato_hz=(5.0, 5.0), vibrato_depth=(0.4, 0.4),
        vibrato_onset_s=(0.3, 0.3),
    )  # fmt: skip
    assert not made.bend[:79].any()
    part = made.bend[120:190]
    assert 0.2 < part.max() <= 0.4 and -0.4 <= part.min() < -0.2
    crossings = np.count_nonzero(np.diff(np.signbit(part)))
    assert crossings == pytest.approx(2 * 5 * 0.7, abs=1.5)


def test_a_glide_begins_at_the_last_pitch_and_ends_at_its_own():
    reached = [curves(seed, glide_share=1.0).bend for seed in range(30)]
    glides = [bend for bend in reached if bend.any()]
    assert 3 <= len(glides) < 25
    for bend in glides:
        assert bend[200] == pytest.approx(-4.0) and not bend[:199].any()
        assert not bend[222:].any() and (np.diff(bend[200:222]) >= 0).all()


def test_scoops_falls_and_dips():
    made = [curves(seed, bend_share=1.0).bend for seed in range(60)]
    assert all(np.abs(bend).max() <= 2.0 for bend in made)
    assert any(bend[50] < -0.2 for bend in made)  # from below
    assert any(bend[188] < -0.2 for bend in made)  # a fall
    assert sum(bool(bend.any()) for bend in made) > 20


def test_swells_keep_to_their_depth_and_do_not_jump():
    made = [curves(seed, swell_share=1.0).gain for seed in range(40)]
    for gain in made:
        assert gain.min() >= 10 ** (-24 / 20) * 0.99 and gain.max() <= 1.0
    depths = [20 * np.log10(gain.min()) for gain in made]
    assert min(depths) < -12
    accents = curves(3, accent_share=1.0).gain
    assert accents.min() >= 10 ** (-6 / 20) * 0.99 and accents.max() <= 1.0


def test_the_pedal_is_lifted_where_the_bass_changes():
    made = curves(pedal_share=1.0)
    assert made.pedal[60:190].all() and made.pedal[210:340].all()
    assert not made.pedal[198:205].all() and not made.pedal[:50].any()


def test_no_instrument_does_what_it_cannot():
    everything = ExpressionSettings(
        tuning_share=1, vibrato_share=1, glide_share=1, bend_share=1, swell_share=1,
        accent_share=1, pedal_share=1,
    )  # fmt: skip
    for seed in range(10):
        whole = express(LINE, everything, ALL, np.random.default_rng(seed))
        assert np.ptp(whole.bend) > 0 and np.ptp(whole.gain) > 0 and whole.pedal.any()
        piano = whole.as_played_by(("pedal",))
        assert np.ptp(piano.bend) == 0 and piano.bend[0] == np.float32(whole.tuning)
        assert (piano.gain == 1).all() and piano.pedal is whole.pedal
        own = express(LINE, everything, (), np.random.default_rng(seed))
        assert np.ptp(own.bend) == 0 and (own.gain == 1).all() and not own.pedal.any()


def test_chords_are_bent_all_alike():
    chord = Performance([PlayedNote(0.5, 3.5, p, 80) for p in (60, 64, 67)], 4.0, False)
    made = curves(0, played=chord, vibrato_share=1.0, glide_share=1.0, bend_share=1.0)
    assert 0 < np.abs(made.bend).max() <= 0.35


def test_no_notes_no_harm():
    empty = Performance([], 2.0, True)
    made = express(empty, ExpressionSettings(), ALL, np.random.default_rng(0))
    assert len(made.bend) == len(flat(2.0).bend) and not made.pedal.any()
