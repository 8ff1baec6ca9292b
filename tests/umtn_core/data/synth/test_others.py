import numpy as np
import pytest

from umtn_core.data.synth import others
from umtn_core.data.synth.curves import flat
from umtn_core.data.synth.others import version
from umtn_core.data.synth.performance import Performance, PlayedNote
from umtn_core.data.synth.recipe import AcousticsSettings, Instruments, OthersSettings
from umtn_core.data.synth.render import RenderError
from umtn_core.data.synth.soundfonts import find_soundfont

FONT = "TimGM6mb"
DRY = AcousticsSettings(eq_db=0, reverb_share=0, noise_dbfs=None)
NOTES = [PlayedNote(0.5 * k + 0.2, 0.5 * k + 0.5, 60 + 2 * k, 90) for k in range(5)]
LINE = Performance(NOTES, 3.0, True)


def settings(made_up=0.0, sustained=(73,), struck=(46,)):
    return OthersSettings(
        sustained=[Instruments(font=FONT, programs=list(sustained))] if sustained else [],
        struck=[Instruments(font=FONT, programs=list(struck))] if struck else [],
        made_up=made_up,
        acoustics=DRY,
    )


def make(wanted, seed=0, played=LINE, target=(FONT, 40), samples=48_000):
    fonts = {FONT: find_soundfont(FONT).path}
    return version(played, target, samples, wanted, fonts, np.random.default_rng(seed))


def played_by(monkeypatch, wanted, seeds=30, high=127, **given):
    """Which programs play, without playing: 128 stands for one made up."""
    found = []

    class Player:
        def keys(self, program):
            return frozenset(range(high + 1))

        def render(self, performance, program):
            found.append(program)
            return np.ones(3 * 44_100, np.float32)

    def made_up(*args):
        found.append(128)
        return np.ones(48_000, np.float32)

    monkeypatch.setattr(others, "loaded", lambda path: Player())
    monkeypatch.setattr(others, "play", made_up)
    for seed in range(seeds):
        make(wanted, seed, **given)
    return found


@pytest.mark.usefixtures("fluidsynth")
@pytest.mark.parametrize("made_up", [0.0, 1.0])
def test_a_version_has_its_onsets_where_the_performance_has(made_up):
    for seed in range(4):
        sound = make(settings(made_up), seed)
        assert sound.shape == (48_000,) and sound.dtype == np.float32
        assert 0.3 < np.abs(sound).max() <= 1.0
        assert np.abs(sound[:3100]).max() < 0.01
        level = np.array([np.std(sound[k : k + 80]) for k in range(0, 47_920, 80)])
        for note in NOTES:
            onset = int(note.start * 200)
            assert level[onset + 2 : onset + 24].max() > 2 * level[max(0, onset - 3) : onset].mean()


def test_the_target_itself_never_plays(monkeypatch):
    found = played_by(monkeypatch, settings(sustained=(40, 73), struck=(40, 46)))
    assert set(found) == {46, 73}


def test_what_swells_is_played_by_what_can(monkeypatch):
    swelling = Performance(NOTES, 3.0, True, flat(3.0))
    swelling.curves.gain[100:] = 0.5
    assert set(played_by(monkeypatch, settings(), played=swelling)) == {73}


def test_the_share_that_is_made_up(monkeypatch):
    found = played_by(monkeypatch, settings(0.3), seeds=300)
    assert 0.2 < np.mean(np.array(found) == 128) < 0.4
    assert set(played_by(monkeypatch, settings(0.0, struck=()))) == {73, 128}


def test_who_lacks_a_pitch_does_not_play(monkeypatch):
    assert set(played_by(monkeypatch, settings(), high=68)) == {46, 73}
    assert set(played_by(monkeypatch, settings(), high=67)) == {128}


def test_lengths_are_cut_and_filled(monkeypatch):
    assert make(settings(1.0), samples=47_000).shape == (47_000,)
    filled = make(settings(1.0), samples=50_000)
    assert filled.shape == (50_000,) and not filled[48_000:].any()


def test_nobody_who_can_play_it_is_an_error(monkeypatch):
    monkeypatch.setattr(others, "play", lambda *args: np.zeros(48_000, np.float32))
    with pytest.raises(RenderError, match="No other instrument"):
        make(settings(1.0))
