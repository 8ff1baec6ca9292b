"""What the figures mean, their means over directions, and a table of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

LEGEND = {
    "value, ceiling, floor": "of the translation; of a real render judged in the same way; of "
    "what is wrong by design (another piece's render for content, the untouched source for timbre)",
    "interval": "95 % bootstrap interval over pieces, percentiles of 2000 seeded draws",
    "pieces": "the value of each piece alone, in the order of the list of pieces",
    "controls": "the same measure of the paired truth, of the untouched source, of other pieces' "
    "renders on the target's instrument, and of silence",
    "share_of_ceiling": "value over ceiling; interval from resampling both together",
    "note_f1": "notes played that a transcriber finds again within 100 ms and 50 cents",
    "note_f1_basic_pitch": "the same by Basic Pitch's network",
    "pitch_within_50": "share of the frames where the paired truth has a pitch in which the "
    "translation has the same, to 50 cents; ceiling: the source against the truth, both being "
    "real renders of one performance",
    "pitch_within_120": "the same to 120 cents",
    "pitch_class_within_50": "the same to 50 cents in whatever octave",
    "voiced": "share of those frames where the translation has any pitch",
    "pitch_within_50_of_notes": "against the notes played; ceiling: the truth, whose instrument "
    "speaks late",
    "pitch_within_50_of_source": "against the source; ceiling: the truth",
    "pitch_within_50_at_best_lag": "after taking out one constant delay; ceiling: the source",
    "pitch_within_50_in_trained_range": "frames whose pitch the held-out pieces have too",
    "chroma_correlation": "Pearson's correlation of pitch classes over time with the source's",
    "chroma_dtw": "mean cosine distance of pitch classes along the best time warping to the "
    "source; lower is better",
    "pitch_ncc": "normalised cross-correlation of the pitch trajectory with the source's, in "
    "semitones, at the best shift within 100 ms",
    "pitch_dtw": "mean distance in semitones along the best time warping to the source's pitch; "
    "lower is better",
    "onset_f1": "onsets shared with the source, within 50 ms",
    "onset_deviation_ms": "mean distance of shared onsets (within 100 ms) after one constant "
    "delay; lower is better",
    "tempo_within_4": "share of pieces whose tempo is the source's, to 4 %",
    "pitch_contour_distance": "difference of pitch classes along the best time warping to the "
    "source, rests left out (the DPD of Mancusi et al., 2025, by another tracker); lower is better",
    "pitch_contour_distance_basic_pitch": "the same by Basic Pitch's network, as theirs is",
    "pitch_set_jaccard_basic_pitch": "Jaccard distance of the pitch classes that occur by Basic "
    "Pitch's network, as the JD of Mancusi et al. is",
    "pitch_set_jaccard": "Jaccard distance of the pitch classes that occur anywhere in it and in "
    "the source (the JD of Mancusi et al., 2025, by another tracker); lower is better",
    "pitch_jaccard": "Jaccard distance of the semitones that sound in each frame, here and in the "
    "source (Cífka et al., 2021, by another tracker); lower is better",
    "swell_slope": "slope of its level on the source's, dB for dB: 1 where it swells as far",
    "loudness_correlation": "correlation of its level in dB with the source's",
    "vibrato_ratio": "depth of its vibrato as a share of the source's; floor: notes as written",
    "tuning_offset_cents": "median distance from the source's pitch, octaves aside; lower is "
    "better",
    "pitch_within_20_of_source": "share of the source's frames with a pitch where it has the same, "
    "to 20 cents",
    "rest_dbfs": "level from 60 ms after the source begins to rest, in dB of full scale",
    "rest_after_ms": "time from there until it is below -80 dB of full scale",
    "harmonics_over_rest_db": "power of its harmonics over that of everything else; more is better",
    "named_as_target": "share of clips of 2 s that a classifier which has only heard real renders "
    "takes for the target; clips fallen silent count as not",
    "probability_of_target": "mean probability it gives the target",
    "envelope_db_from_target_mean": "distance of mean spectral envelopes in dB from the target's "
    "training audio; lower is better",
    "envelope_db_from_truth": "the same from the paired truth, piece by piece",
    "stft_distance": "multi-resolution STFT distance to the paired truth; lower is better",
    "clipped": "share of samples at full scale or in flat runs at the peak",
    "noise_floor_db": "noise between partials below the sound's power, in dB; lower is better",
    "likelihood": "nats a sample on held-out audio (of bands, where it is made in several, and so "
    "not to be compared between models in other bands): the network teacher-forced, linear "
    "prediction of order 32 (fitted to what went before, or once to training audio), and no "
    "context",
    "domain_read_off_latents": "share of excerpts whose domain a fresh linear classifier reads "
    "off the latents; floor: chance, which is the aim",
    "blending": "share of each input's frames heard in decoded mixtures of both inputs' latents",
    "controlled": "held-out pieces that were made to swell by 30 dB, with a rest and a vibrato of "
    "40 cents, or put in stereo: the same figures of these, and by how much the correlation of "
    "left and right, the level of a mono sum and the balance of the sides differ from what went "
    "in; ceiling: a real render treated alike; floor: one as it was, or two pieces in place of one",
    "joins": "spectral flux and level change where segments are joined, ranked among elsewhere in "
    "the same render: percentile 50 is a place like any other",
}

_TITLES = {
    "pitch_within_50": "pitch, 50 cents",
    "pitch_within_120": "pitch, 120 cents",
    "note_f1": "note F1",
    "named_as_target": "named as target",
    "envelope_db_from_target_mean": "envelope distance, dB",
}
#: How it is played.
_PLAYING = {
    "swell_slope": "swell",
    "loudness_correlation": "loudness",
    "vibrato_ratio": "vibrato",
    "tuning_offset_cents": "cents off",
    "pitch_within_20_of_source": "within 20 cents",
    "rest_dbfs": "dBFS in rests",
}
_CONTROLLED = {
    "swell_slope": "swell",
    "loudness_correlation": "loudness",
    "vibrato_ratio": "vibrato",
    "rest_dbfs": "dBFS in the rest",
    "stereo_correlation_error": "left with right off by",
}


def means_over_directions(
    directions: Mapping[str, Mapping[str, Mapping[str, Any]]],
) -> dict[str, dict[str, float | None]]:
    """Mean value, ceiling and floor of every figure over all directions."""
    names = dict.fromkeys(name for figures in directions.values() for name in figures)
    means: dict[str, dict[str, float | None]] = {}
    for name in names:
        means[name] = {}
        for part in ("value", "ceiling", "floor"):
            numbers = [figures[name][part] for figures in directions.values()]
            known = [number for number in numbers if number is not None]
            means[name][part] = round(float(np.mean(known)), 4) if known else None
    return means


def table(report: Mapping[str, Any]) -> str:
    """Say the figures that matter most, as lines of text."""
    lines = [
        f"{report['model']}: {report['scope']}, {report['split']} split; "
        "every figure as value (floor to ceiling)"
    ]
    for font, directions in report["directions"].items():
        lines += ["", f"{font}, {len(report['pieces'][font])} pieces"]
        lines += _rows({**directions, "all": report["summary"][font]})
    lines += _playing(report)
    if "unavailable" in report["recordings"]:
        lines += ["", f"Real recordings: {report['recordings']['unavailable']}"]
    else:
        lines += ["", "Real recordings, pitch against the recording's own"]
        for direction, figures in report["recordings"].items():
            pitch = figures["pitch_within_50_of_source"]
            named = figures["named_as_target"]
            lines.append(
                f"  {direction:24} pitch {_three(pitch)}   named as target {_three(named)}"
            )
    lines += ["", "Nats a sample: network, linear prediction adaptive, fixed, unigram"]
    for domain, nats in report["likelihood"].items():
        keys = ("network", "linear_prediction_adaptive", "linear_prediction_fixed", "unigram")
        lines.append(f"  {domain:24} " + "  ".join(f"{nats[key]:.3f}" for key in keys))
    if report["domain_read_off_latents"]:
        probe = report["domain_read_off_latents"]
        lines += [
            "",
            f"Domain read off latents: {probe['value']:.3f} (chance {probe['floor']:.3f})",
        ]
    return "\n".join(lines)


def _playing(report: Mapping[str, Any]) -> list[str]:
    """How it is played, by means over the directions of each soundfont, and of what was made up."""
    lines = ["", "Played as the source was, means over directions"]
    for font, means in report["summary"].items():
        found = [
            f"{title} {_three(means[name])}" for name, title in _PLAYING.items() if name in means
        ]
        lines += [f"  {font}: {'; '.join(found)}"]
    for target, found in report["controlled"].items():
        known = [f"{title} {_three(found['figures'][name])}" for name, title in _CONTROLLED.items()]
        lines += [f"  swell of 30 dB, stereo, to {target}: {'; '.join(known)}"]
    return lines


def _rows(directions: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[str]:
    shown = [name for name in _TITLES if all(name in figures for figures in directions.values())]
    rows = [" " * 26 + "".join(f"{_TITLES[name]:<25}" for name in shown).rstrip()]
    for direction, figures in directions.items():
        cells = "".join(f"{_three(figures[name]):<25}" for name in shown)
        rows.append(f"  {direction:24}{cells}".rstrip())
    return rows


def _three(figure: Mapping[str, Any]) -> str:
    value, ceiling, floor = (
        "-" if figure[part] is None else f"{figure[part]:.3f}"
        for part in ("value", "ceiling", "floor")
    )
    return f"{value} ({floor} to {ceiling})"


def quality(report: Mapping[str, Any]) -> dict[str, Any]:
    """The report's figures as a model's manifest holds them: without single pieces.

    Parameters
    ----------
    report
        The report of `umtn_core.evaluation.evaluate.evaluate`.

    Returns
    -------
    dict
        Plain values. Each figure has its value, ceiling and floor.
    """
    recordings = report["recordings"]
    return {
        "split": report["split"],
        "pieces": {font: len(names) for font, names in report["pieces"].items()},
        "sampling": report["sampling"],
        "figures": {
            font: {direction: _without_pieces(each) for direction, each in directions.items()}
            for font, directions in report["directions"].items()
        },
        "recordings": recordings
        if "unavailable" in recordings
        else {direction: _without_pieces(each) for direction, each in recordings.items()},
        "controlled": {
            target: _without_pieces(found["figures"])
            for target, found in report["controlled"].items()
        },
        "nats a sample": report["likelihood"],
        "domain read off latents": report["domain_read_off_latents"]
        and _without_pieces({"": report["domain_read_off_latents"]})[""],
    }


def _without_pieces(figures: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    parts = ("value", "ceiling", "floor")
    return {name: {part: figure.get(part) for part in parts} for name, figure in figures.items()}
