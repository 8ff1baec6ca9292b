"""The filter bank against its definition, and what is promised of it."""

import numpy as np
import pytest

from umtn_core.filter_bank import OVERLAP, Synthesis, analyse, filters, synthesise

BANDS = [1, 2, 4, 8]
SEVERAL = BANDS[1:]


def noise(samples, seed=0):
    return np.random.default_rng(seed).normal(0, 0.2, samples).astype(np.float32)


def analysed_plainly(audio, bands):
    """Each sample of each band is a product of its filter with the audio around it."""
    lead = (OVERLAP - 1) * bands // 2
    steps = -(-len(audio) // bands)
    made = np.zeros((steps, bands))
    for n in range(steps):
        for q in range(bands):
            for k in range(OVERLAP * bands):
                t = n * bands + k - lead
                if 0 <= t < len(audio):
                    made[n, q] += float(filters(bands)[q, k]) * float(audio[t])
    return made


def synthesised_plainly(samples, bands):
    """Each sample of each band adds its filter to the audio around it."""
    lead = (OVERLAP - 1) * bands // 2
    made = np.zeros(len(samples) * bands)
    for n, row in enumerate(samples):
        for q in range(bands):
            for k in range(OVERLAP * bands):
                t = n * bands + k - lead
                if 0 <= t < len(made):
                    made[t] += float(filters(bands)[q, k]) * float(row[q])
    return made


@pytest.mark.parametrize("bands", SEVERAL)
@pytest.mark.parametrize("samples", [1, 7, 65, 300])
def test_it_does_what_the_definition_says(bands, samples):
    audio = noise(samples)
    found = analyse(audio, bands)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, analysed_plainly(audio, bands), atol=1e-6)
    again = synthesise(found, bands)
    assert again.dtype == np.float32
    np.testing.assert_allclose(again, synthesised_plainly(found, bands), atol=1e-6)


@pytest.mark.parametrize("bands", SEVERAL)
def test_the_filters_are_cosines_under_one_window_that_falls_to_both_sides(bands):
    made = filters(bands)
    assert made.shape == (bands, OVERLAP * bands)
    assert not made.flags.writeable
    spectra = np.abs(np.fft.rfft(made, 4096, axis=1)) ** 2
    hertz = np.arange(spectra.shape[1]) / (spectra.shape[1] - 1) * bands
    for q, spectrum in enumerate(spectra):
        # Past its neighbours a band hears nothing.
        far = np.abs(hertz - q - 0.5) > 1.5
        assert spectrum[far].max(initial=0) < 1e-6 * spectrum.max()


@pytest.mark.parametrize("bands", BANDS)
@pytest.mark.parametrize("kind", ["noise", "chord", "step", "impulses"])
def test_audio_comes_back_with_a_thousandth_of_its_amplitude_changed_at_most(bands, kind):
    time = np.arange(8_000)
    audio = {
        "noise": noise(8_000),
        "chord": sum(0.1 * np.sin(2 * np.pi * f * time) for f in (0.01, 0.0625, 0.13, 0.25, 0.4)),
        "step": np.where(time < 4_000, 0.0, 0.5),
        "impulses": (time % 997 == 500).astype(float),
    }[kind].astype(np.float32)
    again = synthesise(analyse(audio, bands), bands)
    # At the ends the audio is cut off: what would follow is missing.
    inside = slice(OVERLAP * bands, -OVERLAP * bands)
    error = np.square(again - audio)[inside].sum() / np.square(audio)[inside].sum()
    assert 10 * np.log10(error + 1e-20) < -60


@pytest.mark.parametrize("bands", SEVERAL)
def test_bands_and_shifts_by_steps_are_orthonormal(bands):
    """So noise in the bands is as strong in the audio, and white where it was white."""
    made = filters(bands).astype(np.float64)
    length = OVERLAP * bands
    for shift in range(OVERLAP):
        products = made[:, shift * bands :] @ made[:, : length - shift * bands].T
        expected = np.eye(bands) if shift == 0 else 0
        # The lowest and the highest band overlap their own mirrors a little.
        assert np.abs(products - expected).max() < 1e-3
    samples = np.random.default_rng(1).normal(0, 1, (4_000, bands)).astype(np.float32)
    assert np.square(synthesise(samples, bands)).mean() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("bands", BANDS)
def test_analysis_is_the_transpose_of_synthesis(bands):
    audio, samples = noise(40 * bands, 1), noise(40 * bands, 2).reshape(40, bands)
    assert np.vdot(analyse(audio, bands), samples) == pytest.approx(
        np.vdot(audio, synthesise(samples, bands)), abs=1e-4
    )


@pytest.mark.parametrize("bands", BANDS)
@pytest.mark.parametrize("place", [0, 1, 500, 1_003, 1_999])
def test_an_impulse_stays_where_it_is(bands, place):
    audio = np.zeros(2_000, np.float32)
    audio[place] = 1
    steps = np.square(analyse(audio, bands)).sum(1)
    assert abs(int(steps.argmax()) - place // bands) <= 1
    assert int(np.abs(synthesise(analyse(audio, bands), bands)).argmax()) == place


@pytest.mark.parametrize("bands", SEVERAL)
@pytest.mark.parametrize("band", range(8))
def test_a_tone_is_heard_in_its_own_band(bands, band):
    if band >= bands:
        pytest.skip("there are fewer bands")
    hertz = (band + 0.5) / (2 * bands)
    audio = np.sin(2 * np.pi * hertz * np.arange(4_000)).astype(np.float32)
    power = np.square(analyse(audio, bands))[OVERLAP:-OVERLAP].sum(0)
    assert power[band] > 0.999 * power.sum()


@pytest.mark.parametrize("bands", BANDS)
@pytest.mark.parametrize("sizes", [[1] * 40, [0, 3, 0, 17, 1, 19], [40], [39, 1], [16, 15, 9]])
def test_bit_by_bit_it_makes_the_same_audio(bands, sizes):
    samples = noise(40 * bands).reshape(40, bands)
    synthesis, parts, first = Synthesis(bands), [], 0
    for size in sizes:
        parts.append(synthesis(samples[first : first + size]))
        first += size
    parts.append(synthesis.rest())
    found = np.concatenate(parts)
    assert len(found) == 40 * bands
    np.testing.assert_allclose(found, synthesise(samples, bands), atol=1e-6)


@pytest.mark.parametrize("bands", SEVERAL)
def test_no_more_than_half_a_filter_is_held_back(bands):
    synthesis = Synthesis(bands)
    given = made = 0
    for _ in range(50):
        given += bands
        made += len(synthesis(np.ones((1, bands), np.float32)))
        assert 0 <= given - made <= OVERLAP * bands // 2


@pytest.mark.parametrize("bands", BANDS)
@pytest.mark.parametrize("samples", [0, 1, 2, 3, 7, 8, 9, 16, 17, 127, 128, 129])
def test_every_length_is_covered_by_whole_steps(bands, samples):
    audio = noise(samples)
    steps = analyse(audio, bands)
    assert steps.shape == (-(-samples // bands), bands)
    again = synthesise(steps, bands)
    assert again.shape == (steps.size,)
    assert np.isfinite(again).all()


def test_one_band_is_the_audio_itself():
    audio = noise(1_000)
    assert np.array_equal(analyse(audio, 1)[:, 0], audio)
    assert np.array_equal(synthesise(audio[:, None], 1), audio)


@pytest.mark.parametrize("bands", SEVERAL)
def test_what_is_long_is_done_in_parts_that_fit_together(bands, monkeypatch):
    audio = noise(3_000)
    whole = analyse(audio, bands)
    monkeypatch.setattr("umtn_core.filter_bank.CHUNK", 37)
    np.testing.assert_allclose(analyse(audio, bands), whole, atol=1e-6)
    np.testing.assert_allclose(
        synthesise(whole, bands), synthesised_plainly(whole, bands), atol=1e-6
    )
