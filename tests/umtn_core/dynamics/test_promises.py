"""What the shipped model makes of swells, soft phrases, clicks, rests and steady tones."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.umtn_core.dynamics.test_ride import NOTES, RATE, decibels, note, phrase
from umtn_core.bundle import Bundle
from umtn_core.evaluation.listening.pitch_tracking import track
from umtn_core.evaluation.measures.rests import rest_after, rest_level
from umtn_core.evaluation.measures.swell import frame_levels, loudness_correlation, swell_slope
from umtn_core.translator import Translator

MODELS = Path(__file__).parents[3] / "models"
TARGETS = ("clarinet", "trumpet", "flute", "violin")
SOFTER = (15, 24, 30)
CLICK = 18_000


def recordings():
    line = np.concatenate([phrase(), phrase()])
    quiet = line * decibels(-36)
    clicked = quiet.copy()
    clicked[CLICK : CLICK + 8] = 1
    rest = np.zeros(RATE // 2, np.float32)
    soft = {n: np.concatenate([phrase(), phrase() * decibels(-n)]) for n in SOFTER}
    return soft | {
        "swell": line * decibels(-30 * np.abs(np.linspace(-1, 1, len(line)))),
        "quiet": quiet,
        "clicked": clicked,
        "rests": np.concatenate([part for hertz in NOTES for part in (note(hertz), rest)]),
        "steady": note(523.25, 3.0),
    }


@cache
def made(target):
    bundle = Bundle.open(MODELS / "default")
    translator = Translator(bundle, target, engine="cpu-int8", segments=1)
    sources = recordings()
    found = translator.translate_many([(audio, RATE) for audio in sources.values()])
    return dict(zip(sources, found, strict=True))


def in_tune(audio, notes=NOTES, seconds=0.5):
    hertz = track(audio * (0.1 / audio.std()), RATE).hertz
    middles = [
        hertz[round(100 * seconds * (i + 0.3)) : round(100 * seconds * (i + 0.9))]
        for i in range(len(notes))
    ]
    cents = (
        1200 * np.log2(np.maximum(middle, 1) / hertz)
        for middle, hertz in zip(middles, notes, strict=True)
    )
    return sum(np.mean(np.abs(apart) < 50) > 0.5 for apart in cents)


@pytest.mark.parametrize("target", TARGETS)
def test_a_swell_is_a_swell(target):
    swell, source = made(target)["swell"], recordings()["swell"]
    assert swell_slope(swell, source, RATE) >= 0.9
    assert loudness_correlation(swell, source, RATE) >= 0.95


@pytest.mark.parametrize("softer", SOFTER)
@pytest.mark.parametrize("target", TARGETS)
def test_a_softer_phrase_is_as_much_softer_and_in_tune(target, softer):
    loud, soft = np.split(made(target)[softer], 2)
    apart = 20 * np.log10(loud.std() / soft.std())
    assert apart == pytest.approx(softer, abs=1.5)
    assert (in_tune(loud), in_tune(soft)) == (4, 4)


@pytest.mark.parametrize("target", TARGETS)
def test_a_click_changes_nothing_away_from_it(target):
    quiet, clicked = made(target)["quiet"], made(target)["clicked"]
    assert in_tune(clicked, NOTES * 2) == 8
    away = [i for i in range(8) if abs(0.5 * i + 0.25 - CLICK / RATE) > 0.35]
    assert len(away) == 7
    for i in away:
        middle = slice(i * 8_000 + 800, i * 8_000 + 7_200)
        # The rest of the stream is drawn anew, and one note is not quite as loud as another.
        assert abs(20 * np.log10(clicked[middle].std() / quiet[middle].std())) < 1


@pytest.mark.parametrize("target", TARGETS)
def test_rests_are_silent(target):
    rested, source = made(target)["rests"], recordings()["rests"]
    assert rest_level(rested, source, RATE) <= -80
    assert rest_after(rested, source, RATE) <= 60


@pytest.mark.parametrize("target", TARGETS)
def test_a_steady_tone_is_steady(target):
    levels = frame_levels(made(target)["steady"], RATE, 0.1)[5:-5]
    assert np.std(levels) < 0.25
    assert np.ptp(levels) < 1
