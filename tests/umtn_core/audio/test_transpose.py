import numpy as np
import pytest

from umtn_core.audio.transpose import Transposition

RATE = 16_000


def transposed(audio, semitones, rate=RATE, cuts=()):
    transposition = Transposition(semitones, rate)
    parts = [transposition(block) for block in np.split(audio, cuts)]
    return np.concatenate([*parts, transposition.rest()])


def tone(frequency, seconds, rate=RATE):
    time = np.arange(round(seconds * rate)) / rate
    partials = [np.sin(2 * np.pi * frequency * k * time) / k for k in (1, 2, 3)]
    return (0.2 * np.sum(partials, axis=0)).astype(np.float32)


def plucks(seconds, rate=RATE):
    """Notes that begin at once and die away; also when each begins, in samples."""
    rng = np.random.default_rng(2)
    audio = np.zeros(round(seconds * rate))
    begins = np.arange(0.3, seconds - 0.6, 0.53)
    for begin in begins:
        time = np.arange(rate // 2) / rate
        frequency = 440 * 2 ** (rng.integers(0, 18) / 12)
        note = sum(np.sin(2 * np.pi * frequency * k * time) * np.exp(-8 * time) for k in (1, 2, 3))
        at = round(begin * rate)
        audio[at : at + len(note)] += 0.2 * note
    return audio.astype(np.float32), np.round(begins * rate).astype(int)


def onset(audio, at, rate=RATE):
    """When the level first comes to a third of its highest, within 120 ms of a sample; seconds."""
    around = audio[at - rate // 8 : at + rate // 8].astype(float) ** 2
    level = np.sqrt(np.convolve(around, np.ones(rate // 500) / (rate // 500), "same"))
    return np.argmax(level > 0.3 * level.max()) / rate


def frequency_near(audio, expected, rate=RATE):
    """The frequency of the partial that is within 1 % of what is expected, by its phase."""
    time = np.arange(len(audio)) / rate
    width = rate // 10
    turned = np.convolve(audio * np.exp(-2j * np.pi * expected * time), np.hanning(width), "valid")
    phase = np.unwrap(np.angle(turned))
    return expected + np.polyfit(np.arange(len(phase)) / rate, phase, 1)[0] / (2 * np.pi)


def level(audio):
    return 10 * np.log10(np.mean(audio.astype(float) ** 2))


@pytest.mark.parametrize("semitones", [-5, 7])
def test_it_gives_the_same_however_the_signal_is_divided(semitones):
    audio, _ = plucks(21)
    whole = transposed(audio, semitones)
    cuts = np.cumsum(np.random.default_rng(0).integers(0, 40_000, 30))
    assert np.array_equal(transposed(audio, semitones, cuts=cuts[cuts < len(audio)]), whole)


@pytest.mark.parametrize("semitones", [-36, -17, -12, -3, 1, 9, 12, 36])
def test_a_tone_comes_out_at_its_pitch_and_as_loud(semitones):
    # Low enough for all its partials to stay below half the rate, and none to fall out.
    wanted = 220 if semitones > 0 else 440
    audio = tone(wanted / 2 ** (semitones / 12), 12, rate=44_100)
    result = transposed(audio, semitones, rate=44_100)
    middle = slice(44_100, -44_100)
    found = frequency_near(result[middle], wanted, rate=44_100)
    assert abs(1200 * np.log2(found / wanted)) < 3
    assert level(result[middle]) == pytest.approx(level(audio[middle]), abs=1)


@pytest.mark.parametrize(
    ("semitones", "median", "most"),
    # At -17, Rubber Band keeps time worst.
    [(-17, 8e-3, 20e-3), *((n, 5e-3, 12e-3) for n in (-12, -3, -1, 1, 3, 9, 12))],
)
def test_notes_begin_when_they_began(semitones, median, most):
    audio, begins = plucks(20)
    result = transposed(audio, semitones)
    late = [onset(result, at) - onset(audio, at) for at in begins]
    assert len(result) == len(audio)
    assert abs(np.median(late)) < median
    assert np.max(np.abs(late)) < most


def test_a_vibrato_keeps_its_pace_and_width():
    time = np.arange(12 * RATE) / RATE
    cents = 40 * np.sin(2 * np.pi * 5.5 * time)
    audio = (0.3 * np.sin(2 * np.pi * np.cumsum(440 * 2 ** (cents / 1200)) / RATE)).astype("f4")
    result = transposed(audio, 7)
    wanted = 440 * 2 ** (7 / 12)
    turned = np.convolve(result * np.exp(-2j * np.pi * wanted * time), np.hanning(400), "same")
    found = 1200 * np.log2(1 + np.diff(np.unwrap(np.angle(turned))) * RATE / (2 * np.pi * wanted))
    spectrum = np.abs(np.fft.rfft(found[RATE:-RATE] * np.hanning(len(found) - 2 * RATE)))
    paces = np.fft.rfftfreq(len(found) - 2 * RATE, 1 / RATE)
    assert paces[1 + np.argmax(spectrum[1:])] == pytest.approx(5.5, abs=0.1)
    # The analysis itself takes a tenth off; so it does of what went in.
    assert np.sqrt(2) * np.std(found[RATE:-RATE]) == pytest.approx(40, rel=0.15)


def test_silence_stays_silence():
    assert not transposed(np.zeros(11 * RATE, np.float32), 5).any()


@pytest.mark.parametrize("rate", [8_000, 48_000, 192_000])
@pytest.mark.parametrize("length", [0, 1, 99, 4_801])
def test_any_length_comes_out_as_long(rate, length):
    audio = tone(440, 1, rate)[:length]
    result = transposed(audio, -3, rate)
    assert (result.shape, result.dtype) == (audio.shape, np.float32)
    assert np.isfinite(result).all()


def test_no_semitones_change_nothing():
    audio, _ = plucks(2)
    assert np.array_equal(transposed(audio, 0, cuts=[5, 99]), audio)
