import math
from dataclasses import replace

import numpy as np
import pytest

from umtn_core.bundle.scope import Scope
from umtn_core.scope.findings import PITCHES, Findings
from umtn_core.scope.remark import best_octave, offered, remark, semitones_of

SCOPE = Scope(lowest=60, highest=84, voices=1, material="single lines of wind instruments")


def findings(*pitches, **others):
    """What was heard of a single line with these pitches, each as long."""
    shares = np.bincount(pitches, minlength=PITCHES) / max(1, len(pitches))
    plain = Findings(tuple(shares), 0.9, 0.0, 0.0, False, -20.0, -6.0, 5.0)
    return replace(plain, **others)


def test_nothing_is_said_of_what_was_taught():
    assert remark(findings(60, 72, 84), SCOPE) == ""
    assert remark(findings(59, 85), SCOPE) == ""  # a semitone beside is played well
    assert remark(findings(), SCOPE) == ""


def test_low_notes_are_counted_and_the_octave_that_helps_is_named():
    said = remark(findings(36, 43, 47, 50, 60), SCOPE)
    assert said == (
        "80 % of its notes lie below the C4 to C6 that this model was taught; transpose octave "
        "(+24 semitones) would bring 100 % of them inside."
    )


def test_high_notes_are_lowered():
    said = remark(findings(96, 100), SCOPE)
    assert said.startswith("100 % of its notes lie above")
    assert "transpose octave (-24 semitones)" in said


def test_what_an_octave_would_not_help_is_said_to_need_another_model():
    assert "no octave" in remark(findings(10, 40, 70, 100, 127), SCOPE)


def test_a_transposition_counts():
    cello = findings(40, 43, 47)
    assert remark(cello, SCOPE, 24) == ""
    assert "below" in remark(cello, SCOPE, 12)
    assert "raised by 12 semitones" in remark(cello, SCOPE, 12)
    spoilt = remark(findings(64, 70), SCOPE, -24)
    assert "lowered by 24 semitones" in spoilt
    assert "without a transposition" in spoilt


@pytest.mark.parametrize(
    ("heard", "words"),
    [
        (findings(40, several=0.7, pitched=0.2), "In 70 % of it several notes sound at once"),
        (findings(40, unpitched=0.6, pitched=0.2), "60 % of it has no clear pitch"),
        (findings(40, wandering=True), "Its pitch wanders"),
    ],
)
def test_chords_and_noise_are_named_before_their_range(heard, words):
    said = remark(heard, SCOPE)
    assert said.startswith(words)
    assert "was taught single lines of wind instruments" in said
    assert said.endswith(".")
    assert said.count(".") == 1


def test_chords_are_in_scope_of_what_was_taught_chords():
    assert (
        remark(findings(64, several=0.7), Scope(lowest=36, highest=96, voices=4, material="m"))
        == ""
    )


def test_a_very_quiet_recording_is_named_whatever_was_taught():
    quiet = findings(64, level=-65.0, peak=-58.0)
    for scope in (SCOPE, None):
        assert "its loudest passage at -65 dBFS" in remark(quiet, scope)
        assert "record it louder" in remark(quiet, scope)
    both = remark(replace(findings(40), level=-65.0), SCOPE)
    assert "very quiet" in both
    assert "lie below" in both
    assert both.count(".") == 1


@pytest.mark.parametrize(("level", "peak"), [(-math.inf, -math.inf), (-100.0, -97.2)])
def test_silence_is_said(level, peak):
    said = remark(findings(level=level, peak=peak, seconds=0.0), None)
    assert "silent" in said
    assert ("-97 dBFS" in said) == (peak > -100)


def test_without_a_scope_notes_are_no_matter():
    assert remark(findings(20, several=0.9), None) == ""


def test_a_blip_is_no_matter():
    assert remark(findings(20, seconds=0.3), SCOPE) == ""


@pytest.mark.parametrize(
    ("pitches", "octave"),
    [
        ((64, 70), 0),
        ((40, 43), 24),
        ((50, 58), 12),
        ((98, 101), -24),
        ((20,), 0),  # four octaves below: none helps
        ((72, 60, 36), 0),
        ((50, *range(62, 73), *range(62, 73)), 0),  # an octave error: one note is no reason
        ((62, 86), 0),  # one octave down would bring in one and lose the other
        ((), 0),
    ],
)
def test_the_best_octave_brings_most_in_and_is_the_nearest(pitches, octave):
    assert best_octave(findings(*pitches), SCOPE) == octave


def test_semitones_are_those_asked_for_or_the_octave_that_helps():
    low = findings(SCOPE.lowest - 12)
    assert semitones_of(-5, low, SCOPE) == -5
    assert semitones_of("octave", low, SCOPE) == best_octave(low, SCOPE) == 12
    assert semitones_of("octave", low, None) == 0


def test_what_is_offered_is_what_the_sentence_says():
    low = findings(*([50] * 4), 62)
    assert "transpose octave" in remark(low, SCOPE)
    assert offered(low, SCOPE) == "octave"
    assert offered(low, SCOPE, 12) == "" == remark(low, SCOPE, 12)
    inside = findings(62, 64, 70)
    assert "without a transposition" in remark(inside, SCOPE, 24)
    assert offered(inside, SCOPE, 24) == "0"
    # Of what no transposition helps nothing is offered: too wide, noise, silence, nobody knows.
    assert offered(findings(10, 40, 70, 100, 127), SCOPE) == ""
    assert offered(low, None) == ""
