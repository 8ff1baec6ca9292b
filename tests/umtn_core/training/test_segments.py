"""Segments and what is done to them."""

import numpy as np
import pytest
import torch

from umtn_core.companding import MU, Companding
from umtn_core.data.store import Store
from umtn_core.errors import UmtnError
from umtn_core.training.corruption import corrupt
from umtn_core.training.perturbation import perturb, shift_pitch
from umtn_core.training.segments import NumberedBatches, SegmentDataset
from umtn_core.training.settings import Corruption, Perturbation, SpectralAid
from umtn_core.training.spectrum import semitone_spectrum

DOMAINS = ("flute", "violin")


def _tone(frequency, samples=16_000):
    return (0.5 * np.sin(2 * np.pi * frequency * np.arange(samples) / 16_000)).astype(np.float32)


def _frequency(audio):
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio)), 1 << 17))
    return spectrum.argmax() * 16_000 / (1 << 17)


def test_the_same_number_is_the_same_segment(settings):
    first, again = (SegmentDataset(settings(), DOMAINS, "train") for _ in range(2))
    for a, b in zip(first[5], again[5], strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(first[5].target, first[6].target)


def test_validation_segments_are_clean_and_aligned(settings):
    options = settings()
    segment = SegmentDataset(options, DOMAINS, "valid")[0].widened()
    heard = ((segment.heard + 0.5) * MU).round().long()[:, 0]
    inner = heard[:, options.context : options.context + options.segment]
    assert torch.equal(inner, segment.target)
    assert torch.equal(segment.past[:, 1:], segment.target[:, :-1])
    assert torch.equal(segment.past[:, 0], heard[:, options.context - 1])
    assert not segment.scored[:, : options.unscored].any()
    assert segment.scored[:, options.unscored :].all()


def test_without_context_the_first_step_has_nothing_yet(settings):
    segment = SegmentDataset(settings(context=0), DOMAINS, "valid")[0]
    assert (segment.past[:, 0] == -1).all()


def test_training_targets_are_clean_and_the_past_is_not(settings):
    options = settings(corruption={"noise_probability": 1.0}, gain_quietest=1.0)
    segment = SegmentDataset(options, DOMAINS, "train")[0]
    clip = np.concatenate([audio for audio in SegmentDataset(
        options, DOMAINS, "train").audio[0].files])  # fmt: skip
    codes = Companding().encode(clip.astype(np.float32) / 32767)
    windows = np.lib.stride_tricks.sliding_window_view(codes, options.segment)
    assert (windows == segment.target[0].numpy()).all(axis=1).any()
    assert (segment.past[:, 1:] != segment.target[:, :-1]).any()


def test_files_are_drawn_by_their_length_and_never_across(settings):
    audio = SegmentDataset(settings(), DOMAINS, "train").audio[0]
    audio.files = [np.full(700, 1, np.int16), np.full(1400, 2, np.int16)]
    audio.ends = np.cumsum([700 - 600, 1400 - 600])
    random = np.random.default_rng(0)
    drawn = [audio.draw(601, random) for _ in range(400)]
    assert all(len(set(piece)) == 1 and len(piece) == 601 for piece in drawn)
    share = np.mean([piece[0] * 32767 > 1.5 for piece in drawn])
    assert share == pytest.approx(8 / 9, abs=0.06)


def test_too_short_a_store_is_refused(settings):
    with pytest.raises(UmtnError, match="shorten"):
        SegmentDataset(settings(segment=80_000), DOMAINS, "train")


def test_every_process_takes_its_own_share_of_every_batch():
    whole = list(NumberedBatches(4, 3, 6))
    shares = [list(NumberedBatches(4, 3, 6, rank, 2)) for rank in range(2)]
    assert whole == list(range(12, 24))
    assert sorted(shares[0] + shares[1]) == whole
    assert shares[0][:2] == [12, 13] and shares[1][:2] == [14, 15]
    with pytest.raises(UmtnError, match="evenly"):
        NumberedBatches(3, 0, 1, 0, 2)


def test_pitch_moves_by_the_semitones_asked_and_only_there():
    tone = _tone(440)
    shifted = shift_pitch(tone, 4000, 8000, 0.5)
    np.testing.assert_array_equal(shifted[:4000], tone[:4000])
    np.testing.assert_array_equal(shifted[12_000:], tone[12_000:])
    assert _frequency(shifted[4200:11_800]) == pytest.approx(440 * 2 ** (0.5 / 12), rel=1e-3)


def test_perturbation_stays_within_its_limits():
    tone, random = _tone(440), np.random.default_rng(0)
    for _ in range(30):
        out = perturb(tone, Perturbation(), 8000, random)
        changed = np.flatnonzero(out != tone)
        assert np.ptp(changed) < 4000 and np.ptp(changed) > 1900
        inner = out[changed[0] + 64 : changed[-1] - 64]
        cents = 1200 * np.log2(_frequency(inner) / 440)
        assert abs(cents) < 52


def test_no_perturbation_leaves_the_audio_alone():
    tone = _tone(300)
    out = perturb(tone, Perturbation(probability=0), 8000, np.random.default_rng(0))
    np.testing.assert_array_equal(out, tone)


def test_equaliser_changes_the_sound_within_its_strength():
    noise = np.random.default_rng(1).standard_normal(16_000).astype(np.float32) * 0.1
    still = Perturbation(semitones=0, equaliser_db=6)
    out = perturb(noise, still, 8000, np.random.default_rng(0))
    ratio = 20 * np.log10(np.abs(np.fft.rfft(out)) / np.abs(np.fft.rfft(noise)))
    assert 1 < np.abs(ratio).max() < 6.1


def test_distortion_changes_the_harmonics_and_keeps_pitch_and_energy():
    tone = _tone(440)
    out = perturb(tone, Perturbation(semitones=0, distortion=1), 8000, np.random.default_rng(3))
    spectrum = np.abs(np.fft.rfft(out * np.hanning(len(out))))
    assert spectrum.argmax() == 440
    assert spectrum[879:882].max() > 0.02 * spectrum.max()
    assert (out**2).mean() == pytest.approx((tone**2).mean(), rel=0.01)


def test_splices_are_not_scored_and_the_rest_is_untouched():
    past, other = _tone(300, 2000), _tone(500, 2000)
    settings = Corruption(splice_probability=1, splice_longest=500)
    out, scored = corrupt(past, lambda: other, settings, np.random.default_rng(0))
    assert 1 <= (~scored).sum() <= 500
    np.testing.assert_array_equal(out[scored], past[scored])
    np.testing.assert_array_equal(out[~scored], other[~scored])


def test_no_corruption_leaves_the_past_alone():
    past = _tone(300, 2000)
    out, scored = corrupt(past, lambda: past, Corruption(), np.random.default_rng(0))
    assert scored.all() and (out == past).all()


def test_mixing_adds_the_other_excerpt_at_some_gain():
    past, other = _tone(300, 2000), _tone(500, 2000)
    settings = Corruption(mix_probability=1, mix_quietest=0.1, mix_loudest=0.2)
    out, _ = corrupt(past, lambda: other, settings, np.random.default_rng(0))
    gain = (out - past) @ other / (other @ other)
    assert 0.1 <= gain <= 0.2
    np.testing.assert_allclose(out, past + gain * other, atol=1e-6)


def _corrupted(past, seed=0, **settings):
    return corrupt(past, lambda: past, Corruption(**settings), np.random.default_rng(seed))


def test_the_level_of_the_past_changes_within_its_limits():
    past = np.ones((400, 8), np.float32)
    quietest, loudest, constant = 0.0, -99.0, 0
    for seed in range(200):
        out, scored = _corrupted(past, seed, level_probability=1.0)
        assert scored.all() and (out == out[:, :1]).all()
        decibels = 20 * np.log10(out[:, 0])
        quietest, loudest = min(quietest, decibels.min()), max(loudest, decibels.max())
        constant += np.ptp(decibels) < 1e-3
        # Straight lines between few points: no jumps.
        assert np.abs(np.diff(decibels)).max() < 38 / (400 / 4) + 0.1
    assert -30.01 < quietest < -27 and 6 < loudest < 8.01
    assert 0.2 < constant / 200 < 0.4


def test_a_past_may_begin_in_silence_up_to_its_middle():
    past = np.ones(400, np.float32)
    lengths = []
    for seed in range(100):
        out, scored = _corrupted(past, seed, silence_probability=1.0)
        silent = np.flatnonzero(out < 1)
        assert scored.all() and silent[-1] == len(silent) - 1 and out[: len(silent)].max() <= 0.02
        lengths.append(len(silent))
    assert min(lengths) < 20 and 180 < max(lengths) < 200


def test_a_clean_past_s_level_is_as_unreliable_as_another_s():
    past = np.ones(2000, np.float32)
    for seed in range(20):
        spoilt, scored = _corrupted(
            past, seed, clean_probability=1.0, level_probability=1.0, mix_probability=1.0,
            splice_probability=1.0,
        )  # fmt: skip
        # Straight lines in decibels: nothing else was done.
        bends = np.abs(np.diff(20 * np.log10(spoilt), 2)) > 1e-3
        assert not np.array_equal(spoilt, past) and bends.sum() <= 4 and scored.all()


def test_a_share_of_pasts_stays_clean_whatever_else_is_asked_for():
    past = _tone(300, 2000)
    strong = {"noise_probability": 1.0, "splice_probability": 1.0, "mix_probability": 1.0}
    same = [
        np.array_equal(_corrupted(past, seed, clean_probability=0.25, **strong)[0], past)
        for seed in range(200)
    ]
    assert 0.15 < np.mean(same) < 0.35


def test_spectrum_has_its_peak_at_the_tone():
    aid = SpectralAid(weight=1)
    spectrum = semitone_spectrum(_tone(440), 4000, 10, 400, 16_000, aid)
    assert spectrum.shape == (60, 10)
    assert (spectrum.argmax(axis=0) == 69 - 48).all()


def test_store_is_what_the_segments_come_from(settings, store):
    assert set(DOMAINS) < set(Store.open(store).domains)
