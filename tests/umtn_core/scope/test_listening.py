import math

import numpy as np
import pytest

from tests.umtn_core.scope.sounds import RATE, chords, drums, line, noise, speech, tone
from umtn_core.bundle.scope import Scope
from umtn_core.scope.listening import listen
from umtn_core.scope.remark import remark

SCOPE = Scope(lowest=60, highest=84, voices=1, material="single lines")


def heard(audio, rate=RATE):
    return listen(lambda first, count: audio[..., first : first + count], audio.shape[-1], rate)


def test_pitches_are_told_to_the_semitone():
    findings = heard(np.concatenate([tone(pitch, 1.0) for pitch in (60, 67, 67, 81)]))
    assert findings.pitched > 0.9
    shares = {pitch: share for pitch, share in enumerate(findings.pitches) if share > 0.05}
    assert shares == {
        60: pytest.approx(0.25, abs=0.05),
        67: pytest.approx(0.5, abs=0.05),
        81: pytest.approx(0.25, abs=0.05),
    }
    assert sum(findings.pitches) == pytest.approx(1)


@pytest.mark.parametrize("pitch", [30, 36, 43, 55, 64, 76, 88, 98, 105])
@pytest.mark.parametrize("brightness", [0.5, 1.0, 2.0])
def test_octaves_are_told_apart(pitch, brightness):
    findings = heard(tone(pitch, 2.0, brightness=brightness))
    assert findings.inside(pitch - 1, pitch + 1) > 0.95
    assert findings.several < 0.05


def test_a_missing_fundamental_is_no_octave():
    wave = sum(tone(36 + 12 * math.log2(h), 2.0, brightness=9) for h in range(2, 9))
    assert heard(wave).inside(35, 37) > 0.95


IN_SCOPE = {
    "slow": line(61, 0.8),
    "fast": line(64, 0.1),
    "vibrato": line(66, 0.6, vibrato=0.5),
    "soft": line(62) * np.float32(0.01),
    "tuned between": line(62, 0.5)[: 5 * RATE].repeat(1),
    "reverberant": np.convolve(
        line(62), np.append(1, 0.04 * np.exp(-np.arange(RATE) / 4000) * noise(1) / 0.1), "full"
    ).astype(np.float32),
    "noisy": line(63) + np.float32(0.03) * noise(6)[: len(line(63))],
    "rests": np.concatenate([line(65, seconds=2), np.zeros(9 * RATE, np.float32)]),
    "two players": np.stack([line(62), line(69, 0.3)[: len(line(62))]]),
    "inverted": np.stack([line(62), -line(62)]),
}


@pytest.mark.parametrize("name", IN_SCOPE)
def test_not_a_word_on_what_is_in_scope(name):
    assert remark(heard(IN_SCOPE[name]), SCOPE) == ""


OUTSIDE = {
    "low": (line(40), "lie below"),
    "low, bright": (np.concatenate([tone(p, 0.5, brightness=0.3) for p in range(36, 48)]), "below"),
    "high": (line(90), "lie above"),
    "triads": (chords(60, (0, 4, 7)), "several notes"),
    "low triads": (chords(48, (0, 3, 7, 10)), "several notes"),
    "thirds": (chords(62, (0, 4)), "several notes"),
    "fifths": (chords(62, (0, 7)), "several notes"),
    "noise": (noise(), "no clear pitch"),
    "drums": (drums(), "no clear pitch"),
    "speech": (speech(), "speech"),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_is_outside_is_named(name):
    audio, words = OUTSIDE[name]
    assert words in remark(heard(audio), SCOPE)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000, 96_000])
def test_any_rate_will_do(rate):
    from umtn_core.audio.resample import resample

    findings = heard(resample(tone(69, 2.0), RATE, rate), rate)
    assert findings.inside(68, 70) > 0.95


def test_levels_are_those_of_the_recording():
    findings = heard(tone(69, 3.0, brightness=9) * np.float32(10 ** (-40 / 20) / 0.2))
    assert findings.peak == pytest.approx(-40, abs=0.1)
    assert findings.level == pytest.approx(-43, abs=0.3)


def test_a_click_does_not_hide_how_soft_a_recording_is():
    audio = line(62) * np.float32(0.003)
    audio[RATE : RATE + 8] = 1.0
    findings = heard(audio)
    assert findings.peak == 0
    assert findings.level < -55
    assert findings.inside(61, 75) > 0.9


def test_a_note_between_long_rests_is_heard():
    audio = np.zeros(35 * RATE, np.float32)
    audio[5 * RATE : 6 * RATE] = tone(69, 1.0)
    findings = heard(audio)
    assert findings.seconds == pytest.approx(1, abs=0.3)
    assert findings.inside(68, 70) > 0.9


@pytest.mark.parametrize("audio", [np.zeros(0), np.zeros(9), np.full(9_000, 1e-41)], ids=len)
def test_silence_is_minus_infinity(audio):
    findings = heard(audio.astype(np.float32))
    assert findings.level == findings.peak == -math.inf
    assert sum(findings.pitches) == findings.pitched == findings.seconds == 0


def test_the_same_recording_gives_the_same_findings():
    heard(drums())
    assert heard(line(62)) == heard(line(62).copy())


def test_of_what_is_shorter_than_a_sample_that_is_heard_there_is_a_level():
    findings = heard(np.full(2, 0.1, np.float32), 192_000)
    assert findings.level == findings.peak == pytest.approx(-20)
    assert findings.seconds == 0
