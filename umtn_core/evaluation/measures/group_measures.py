"""Every measure of a group of recordings, as shares over its pieces.

Each function here judges whatever it is given: translations, real renders, other pieces, silence.
That is how each figure gets its ceiling and its floor from the very same computation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from umtn_core.evaluation.listening.chroma import chroma_correlation
from umtn_core.evaluation.listening.heard import RATE, Heard
from umtn_core.evaluation.listening.note import Note
from umtn_core.evaluation.listening.pitch_tracking import PitchTrack
from umtn_core.evaluation.listening.rhythm import onset_counts, onset_deviations, same_tempo
from umtn_core.evaluation.listening.spectra import envelope_distance
from umtn_core.evaluation.measures.alignment import chroma_dtw, pitch_dtw, pitch_ncc
from umtn_core.evaluation.measures.contour import (
    Classes,
    classes_of_probabilities,
    classes_of_track,
    contour_distances,
    keys_of_notes,
    keys_of_track,
    pitch_jaccard,
    pitch_set_jaccard,
)
from umtn_core.evaluation.measures.notes import compare_notes
from umtn_core.evaluation.measures.pitch import best_lag, compare, from_notes, pool
from umtn_core.evaluation.measures.rests import rest_after, rest_level
from umtn_core.evaluation.measures.share import Share
from umtn_core.evaluation.measures.sound import clipped_share, noise_floor, stft_distance
from umtn_core.evaluation.measures.swell import PHRASE_SECONDS, loudness_correlation, swell_slope
from umtn_core.evaluation.measures.timbre import TimbreClassifier
from umtn_core.evaluation.measures.tuning import tuning_offset
from umtn_core.evaluation.measures.vibrato import LEAST_CENTS, vibrato_depths

Group = Sequence[Heard]
Shares = dict[str, Share]


def of_source(made: Group, sources: Group, *, polyphonic: bool) -> Shares:
    """What has come over from the sources: pitch, harmony, onsets, tempo."""
    shares = {
        "chroma_correlation": _mean(
            lambda a, b: chroma_correlation(a.chroma, b.chroma), made, sources
        ),
        "chroma_dtw": _mean(lambda a, b: chroma_dtw(a.chroma, b.chroma), made, sources),
        "onset_f1": _shares(lambda a, b: onset_counts(a.rhythm, b.rhythm), made, sources),
        "onset_deviation_ms": _shares(
            lambda a, b: onset_deviations(a.rhythm, b.rhythm), made, sources
        ),
        "tempo_within_4": _mean(lambda a, b: same_tempo(a.rhythm, b.rhythm), made, sources),
    }
    if not polyphonic:
        shares["pitch_within_50_of_source"] = agreement(_pitch(made), _pitch(sources), "within_50")
        shares["pitch_ncc"] = _mean(lambda a, b: pitch_ncc(a.pitch, b.pitch), made, sources)
        shares["pitch_dtw"] = _mean(lambda a, b: pitch_dtw(a.pitch, b.pitch), made, sources)
    return shares


def of_performance(made: Group, sources: Group, *, polyphonic: bool) -> Shares:
    """How the source was played: its swells, rests, vibrato and tuning."""

    def of_levels(how: Callable[..., float], *seconds: float) -> Share:
        return _mean(lambda a, b: how(a.samples, b.samples, RATE, *seconds), made, sources)

    shares = {
        "swell_slope": of_levels(swell_slope, PHRASE_SECONDS),
        "loudness_correlation": of_levels(loudness_correlation, PHRASE_SECONDS),
        "rest_dbfs": of_levels(rest_level),
        "rest_after_ms": of_levels(rest_after),
    }
    if not polyphonic:
        shares["vibrato_ratio"] = vibrato(_pitch(made), sources)
        shares["tuning_offset_cents"] = _mean(
            lambda a, b: abs(tuning_offset(a.pitch, b.pitch)), made, sources
        )
        shares["pitch_within_20_of_source"] = agreement(_pitch(made), _pitch(sources), "within_20")
    return shares


def as_published(made: Group, sources: Group, *, polyphonic: bool) -> Shares:
    """Distances of pitch from the sources as papers on timbre transfer report them."""
    if polyphonic:
        return {
            "pitch_jaccard": _mean(
                lambda a, b: pitch_jaccard(
                    *(keys_of_notes(each.polyphonic_notes, each.seconds) for each in (a, b))
                ),
                made,
                sources,
            )
        }
    first, second = (
        [classes_of_track(heard.pitch) for heard in group] for group in (made, sources)
    )
    return {
        "pitch_jaccard": _mean(
            lambda a, b: pitch_jaccard(keys_of_track(a.pitch), keys_of_track(b.pitch)),
            made,
            sources,
        ),
        **_of_classes(first, second, ""),
    }


def _of_classes(made: Sequence[Classes], real: Sequence[Classes], by: str) -> Shares:
    """Distances of pitch classes, whoever has heard them."""
    return {
        f"pitch_contour_distance{by}": Share.mean(contour_distances(made, real)),
        f"pitch_set_jaccard{by}": Share.mean(list(map(pitch_set_jaccard, made, real))),
    }


def played_straight(notes: Sequence[Sequence[Note]], sources: Group) -> Shares:
    """Vibrato of what has none: the notes played, each at one pitch."""
    straight = [
        from_notes(each, len(heard.pitch.hertz)) for each, heard in zip(notes, sources, strict=True)
    ]
    return {"vibrato_ratio": vibrato(straight, sources)}


def vibrato(made: Sequence[PitchTrack], sources: Group) -> Share:
    """How deep the vibrato within the sources' notes is, as a share of theirs."""
    depths = (
        vibrato_depths(track, heard.pitch, heard.notes)
        for track, heard in zip(made, sources, strict=True)
    )
    return Share.of_pairs(each if each[1] >= LEAST_CENTS else (0.0, 0.0) for each in depths)


def of_notes(made: Group, notes: Sequence[Sequence[Note]], *, polyphonic: bool) -> Shares:
    """Which of the notes played are found again, by one transcriber or two."""
    shares = {}
    if not polyphonic:
        shares["note_f1"] = _note_f1([heard.notes for heard in made], notes)
        played = [
            from_notes(each, len(heard.pitch.hertz))
            for each, heard in zip(notes, made, strict=True)
        ]
        shares["pitch_within_50_of_notes"] = agreement(_pitch(made), played, "within_50")
    else:
        shares["note_f1"] = _note_f1([heard.polyphonic_notes for heard in made], notes)
    return shares


def second_opinion(made: Group, sources: Group, notes: Sequence[Sequence[Note]]) -> Shares:
    """Notes and pitch classes as Basic Pitch's network finds them, beside the pitch tracker's."""
    first, second = (
        [classes_of_probabilities(heard.posteriors[0]) for heard in group]
        for group in (made, sources)
    )
    return {
        "note_f1_basic_pitch": _note_f1([heard.polyphonic_notes for heard in made], notes),
        **_of_classes(first, second, "_basic_pitch"),
    }


def of_truth(made: Group, truths: Group, *, polyphonic: bool) -> Shares:
    """How near it is to the paired render on the target's own instrument."""
    shares = {
        "envelope_db_from_truth": _mean(
            lambda a, b: envelope_distance(a.envelope, b.envelope), made, truths
        ),
        "stft_distance": _mean(lambda a, b: stft_distance(a.samples, b.samples), made, truths),
    }
    if not polyphonic:
        tracks, real = _pitch(made), _pitch(truths)
        for name, field in (
            ("pitch_within_50", "within_50"),
            ("pitch_within_120", "within_120"),
            ("pitch_class_within_50", "chroma"),
            ("voiced", "voiced"),
        ):
            shares[name] = agreement(tracks, real, field)
        # How early or late the target's instrument speaks is not a wrong note.
        shifted = [_earlier(track, lag_frames(tracks, real)) for track in tracks]
        shares["pitch_within_50_at_best_lag"] = agreement(shifted, real, "within_50")
    return shares


def of_target(
    made: Group,
    target: str,
    classifier: TimbreClassifier,
    expected: Sequence[int] | None = None,
) -> Shares:
    """Whether it sounds like the target's instrument.

    A piece with fewer sounding clips than expected has clips of no instrument for the rest: what
    fell silent was not played on the target.
    """
    column = classifier.domains.index(target)
    tables = [classifier.probabilities(heard.samples) for heard in made]
    for k, count in enumerate(expected or []):
        tables[k] = np.pad(tables[k], ((0, max(0, count - len(tables[k]))), (0, 0)))
    mean = classifier.envelopes[target]
    return {
        "named_as_target": Share.of_pairs(
            (float(((t.argmax(axis=1) == column) & t.any(axis=1)).sum()), len(t)) for t in tables
        ),
        "probability_of_target": Share.of_pairs(
            (float(t[:, column].sum()), len(t)) for t in tables
        ),
        "envelope_db_from_target_mean": Share.mean(
            [envelope_distance(heard.envelope, mean) for heard in made]
        ),
    }


def of_itself(made: Group, *, polyphonic: bool) -> Shares:
    """What needs no reference: clipping, noise and, of one voice, harmonics."""
    harmonics = [] if polyphonic else [heard.harmonics_over_rest for heard in made]
    return {
        **({"harmonics_over_rest_db": Share.mean(harmonics)} if harmonics else {}),
        "clipped": Share.mean([clipped_share(heard.samples) for heard in made]),
        "noise_floor_db": Share.mean([noise_floor(heard.samples, RATE) for heard in made]),
    }


def agreement(made: Sequence[PitchTrack], real: Sequence[PitchTrack], field: str) -> Share:
    """One of `measures.pitch.PitchFigures`, frame by frame of the real ones."""

    def counts(one: PitchTrack, truth: PitchTrack) -> tuple[float, float]:
        figures = compare(one, truth)
        return (float(getattr(figures, field)) * figures.frames if figures.frames else 0.0), float(
            figures.frames
        )

    return Share.of_pairs(counts(a, b) for a, b in zip(made, real, strict=True))


def lag_frames(made: Sequence[PitchTrack], real: Sequence[PitchTrack]) -> int:
    """Frames by which all are late together, at which they agree best."""
    return best_lag(*pool(made, real))[0]


def _earlier(track: PitchTrack, frames: int) -> PitchTrack:
    def moved(values: NDArray[np.float64]) -> NDArray[np.float64]:
        kept = values[max(0, frames) : len(values) + min(0, frames)]
        return np.pad(kept, (max(0, -frames), max(0, frames)))

    return PitchTrack(moved(track.hertz), moved(track.strength), track.hop_seconds)


def _note_f1(estimates: Sequence[Sequence[Note]], played: Sequence[Sequence[Note]]) -> Share:
    def counts(estimate: Sequence[Note], reference: Sequence[Note]) -> tuple[float, float]:
        figures = compare_notes([(estimate, reference)])
        both = figures.found + figures.played
        return (figures.f1 * both if both else 0.0), float(both)

    return Share.of_pairs(counts(a, b) for a, b in zip(estimates, played, strict=True))


def _pitch(group: Group) -> list[PitchTrack]:
    return [heard.pitch for heard in group]


def _mean(how: Callable[[Heard, Heard], float], made: Group, reference: Group) -> Share:
    return Share.mean([how(a, b) for a, b in zip(made, reference, strict=True)])


def _shares(
    how: Callable[[Heard, Heard], tuple[float, float]], made: Group, reference: Group
) -> Share:
    return Share.of_pairs(how(a, b) for a, b in zip(made, reference, strict=True))
