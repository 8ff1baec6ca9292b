"""What the measures are called on a page, and how their numbers are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Group: measures in the order of the page, as (name, title, unit).
GROUPS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "Content: is it the same music?": (
        ("note_f1", "Notes played, found again (F1)", "%"),
        ("note_f1_basic_pitch", "the same by Basic Pitch", "%"),
        ("pitch_within_50", "Time in tune with the paired truth, 50 cents", "%"),
        ("pitch_within_50_of_source", "Time in tune with the source, 50 cents", "%"),
        ("pitch_within_50_in_trained_range", "the same where the model was taught", "%"),
        ("chroma_correlation", "Pitch classes, correlation with the source", ""),
        ("pitch_ncc", "Pitch, cross-correlation with the source (NCC)", ""),
        ("pitch_dtw", "Pitch, warped to the source (DTW)", "st"),
        ("chroma_dtw", "Pitch classes, warped to the source (DTW)", ""),
        ("onset_f1", "Onsets shared with the source, 50 ms", "%"),
        ("onset_deviation_ms", "Unevenness of shared onsets", "ms"),
        ("tempo_within_4", "Pieces that keep the tempo, 4 %", "%"),
        ("pitch_contour_distance", "Pitch classes, warped without rests (DPD)", ""),
        ("pitch_contour_distance_basic_pitch", "the same by Basic Pitch", ""),
        ("pitch_set_jaccard", "Pitch classes that occur, Jaccard distance (JD)", ""),
        ("pitch_set_jaccard_basic_pitch", "the same by Basic Pitch", ""),
        ("pitch_jaccard", "Pitches frame by frame, Jaccard distance", ""),
    ),
    "Playing: is it played as it was?": (
        ("swell_slope", "Swells, dB for dB of the source", ""),
        ("loudness_correlation", "Loudness, correlation with the source", ""),
        ("vibrato_ratio", "Vibrato, share of the source's depth", ""),
        ("tuning_offset_cents", "Tuning, off from the source's", "cents"),
        ("pitch_within_20_of_source", "Time in tune with the source, 20 cents", "%"),
        ("rest_dbfs", "Level where the source rests", "dBFS"),
        ("rest_after_ms", "Falls silent after the source by", "ms"),
    ),
    "Target: is it that instrument?": (
        ("named_as_target", "Clips taken for the target", "%"),
        ("probability_of_target", "Mean probability of the target", "%"),
        ("envelope_db_from_target_mean", "Spectral envelope from the target's", "dB"),
        ("envelope_db_from_truth", "Spectral envelope from the paired truth's", "dB"),
    ),
    "Sound: is it good sound?": (
        ("stft_distance", "Multi-resolution STFT distance from the truth", ""),
        ("noise_floor_db", "Noise between the partials", "dB"),
        ("harmonics_over_rest_db", "Harmonics over everything else", "dB"),
        ("clipped", "Samples clipped", "%"),
    ),
}
#: Measures of swells, rests and places that were made up, as (name, title, unit).
CONTROLLED: tuple[tuple[str, str, str], ...] = (
    ("swell_slope", "swell, dB for dB", ""),
    ("loudness_correlation", "loudness, correlation", ""),
    ("vibrato_ratio", "vibrato, share of its depth", ""),
    ("rest_dbfs", "level in the rest", "dBFS"),
    ("rest_after_ms", "silent after", "ms"),
    ("stereo_correlation_error", "left with right, correlation off by", ""),
    ("mono_sum_error_db", "mono sum off by", "dB"),
    ("pan_error_db", "place off by", "dB"),
)
#: Measures of which neither less nor more than 1 is right.
ONE_IS_BEST = {"swell_slope", "vibrato_ratio"}
#: Measures of which less is more.
LOWER_IS_BETTER = {
    "pitch_dtw",
    "chroma_dtw",
    "onset_deviation_ms",
    "envelope_db_from_target_mean",
    "envelope_db_from_truth",
    "stft_distance",
    "noise_floor_db",
    "clipped",
    "pitch_contour_distance",
    "pitch_set_jaccard",
    "pitch_contour_distance_basic_pitch",
    "pitch_set_jaccard_basic_pitch",
    "pitch_jaccard",
    "tuning_offset_cents",
    "rest_dbfs",
    "rest_after_ms",
}
#: Between a number and its unit: no line breaks there.
_NARROW = "\u00a0"
TIERS = {
    1: ("Unseen scores", "Held-out pieces, on the soundfont that the training audio came from."),
    2: ("Unseen timbre", "The same pieces, played by instruments the model has never heard."),
    3: ("Real recordings", "Real players, one clip each, judged against the recording itself."),
}


def number(value: float | None, unit: str) -> str:
    """Write a number as a reader wants it."""
    if value is None:
        return "–"  # noqa: RUF001
    if unit == "%":
        text = f"{100 * value:.0f}" if value == 0 or value >= 0.01 else f"{100 * value:.2g}"
    else:
        text = f"{value:.{ {'ms': 0, 'dBFS': 0, 'dB': 1, 'cents': 1}.get(unit, 2) }f}"
    return text + (_NARROW + unit if unit else "")


def span(interval: list[float] | None, unit: str) -> str:
    """Write an interval, without the unit twice."""
    if not interval:
        return ""
    low, high = (number(bound, unit) for bound in interval)
    return f"{low.removesuffix(_NARROW + unit) if unit else low} to {high}"


def arrow(direction: str) -> str:
    """Write ``source->target`` in words."""
    source, _, target = direction.partition("->")
    return f"{source} to {target}"


def is_figure(value: Any) -> bool:
    """Whether something is a figure with a value, a ceiling and a floor."""
    return isinstance(value, Mapping) and {"value", "ceiling", "floor"} <= value.keys()
