"""Held-out clips that a run is judged by, and the figures of what it plays of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from umtn_core.audio.resample import resample
from umtn_core.data.files import as_floats
from umtn_core.data.store import Store
from umtn_core.errors import UmtnError
from umtn_core.evaluation.listening import polyphonic
from umtn_core.evaluation.listening.harmonics import harmonics_over_rest, steady_frames
from umtn_core.evaluation.listening.heard import RATE, Heard
from umtn_core.evaluation.listening.pitch_tracking import PitchTrack, track
from umtn_core.evaluation.measures.notes import compare_notes
from umtn_core.evaluation.measures.pitch import share_within
from umtn_core.evaluation.measures.swell import frame_levels, swell_slope
from umtn_core.evaluation.measures.vibrato import vibrato_ratio
from umtn_core.shape import NetworkShape

Audio = NDArray[np.float32]

#: Clips of a domain's own instrument, and of performances heard by another one: lines, chords.
OWN, OTHER_LINES, OTHER_CHORDS = 3, 2, 1
#: Places of a file that are tried until one is fit.
_TRIES = 12
#: A clip with less sound than this share of its time, over so many dB of full scale, tells nothing.
_LEAST_SOUND, _SOUND_DB = 0.5, -50.0
#: What makes audio one voice whose pitch means something; see `one_voice`.
_LEAST_STRENGTH, _LEAST_SHARE, _LOWEST_HERTZ, _FUNDAMENTAL_DB = 0.9, 0.6, 110.0, -30.0
#: Output so much softer than the truth is as good as silent.
_SILENT_DB = 60.0
#: Pitches closer than this are in tune, in cents.
_IN_TUNE_CENTS = 50.0


class JudgedClip(NamedTuple):
    """One clip to be played by one domain's decoder.

    Attributes
    ----------
    source : str
        The domain it is heard on.
    heard : float32 array
        The clip as the encoder hears it.
    truth : float32 array
        The same time on the domain's own instrument, at the rate that is made.
    line : bool
        Whether it is one voice, so that its pitch can be told.
    """

    source: str
    heard: Audio
    truth: Audio
    line: bool


class ClipFigures(NamedTuple):
    """What one clip was played like; NaN where there is no figure.

    Attributes
    ----------
    in_tune : float
        The share of the truth's voiced frames within 50 cents of it; of one voice only.
    level_db : float
        The level above the truth's, in dB.
    harmonics_over_noise_db, true_harmonics_over_noise_db : float
        How far harmonics stand above the rest, in frames that are in tune and steady, and in the
        truth; of one voice only.
    vibrato_ratio : float
        Depth of vibrato as a share of the truth's; of one voice only.
    swell_slope : float
        The dB by which the level changes for each that the truth's does.
    notes_f1 : float
        Agreement of the notes heard in it with those heard in the truth; of several voices, and
        where Basic Pitch is installed.
    """

    in_tune: float
    level_db: float
    harmonics_over_noise_db: float
    true_harmonics_over_noise_db: float
    vibrato_ratio: float
    swell_slope: float
    notes_f1: float


def judged_clips(
    store: Store, domain: str, shape: NetworkShape, seconds: float, seed: int = 0
) -> list[JudgedClip]:
    """Choose the clips of one domain, the same ones each time.

    Parameters
    ----------
    store
        A store at the rate that is made.
    domain
        The domain whose decoder is to play.
    shape
        The shape of the network.
    seconds
        Length of a clip, rounded down to whole frames.
    seed
        The seed of the choice.

    Returns
    -------
    list of JudgedClip
        Up to `OWN` from the domain's validation files, and up to `OTHER_LINES` and
        `OTHER_CHORDS` of paired pieces heard by other instruments. Files that are too short or
        too silent give none.
    """
    cutter = _Cutter(store, shape, seconds, np.random.default_rng(seed))
    clips: list[JudgedClip] = []
    for entry in store.files(domain, "valid"):
        if len(clips) == OWN:
            break
        clips.extend(cutter.cut(domain, entry.path, entry.path, None))
    left = {"line": OTHER_LINES, "chords": OTHER_CHORDS}
    for number, pair in enumerate(store.pairs(split="valid")):
        texture = pair.texture or "line"
        others = sorted(set(pair.renders) - {domain})
        if domain not in pair.renders or not others or not left.get(texture):
            continue
        source = others[number % len(others)]
        found = list(cutter.cut(source, pair.renders[source], pair.renders[domain], pair.texture))
        left[texture] -= len(found)
        clips.extend(found)
    return clips


class _Cutter:
    """Cuts clips of one length out of a store."""

    def __init__(
        self, store: Store, shape: NetworkShape, seconds: float, random: np.random.Generator
    ):
        self.store, self.shape, self.random = store, shape, random
        self.frames = max(1, int(seconds * shape.sample_rate) // shape.hop)

    def cut(self, source: str, heard: str, truth: str, texture: str | None) -> Iterator[JudgedClip]:
        """Give one clip of a file and its truth, if a fit one is found soon: one voice at best."""
        shape, best = self.shape, None
        sounds = self.store.read(heard)
        truths = sounds if heard == truth else self.store.read(truth)
        samples = self.frames * shape.output_hop
        last = (min(len(sounds), len(truths)) - samples) // shape.output_hop
        if last < 0:
            return
        for first in self.random.integers(0, last + 1, _TRIES) * shape.output_hop:
            place = slice(int(first), int(first) + samples)
            excerpt, true = as_floats(sounds[place]), as_floats(truths[place])
            if not (_sounds(excerpt, shape.output_rate) and _sounds(true, shape.output_rate)):
                continue
            line = texture != "chords" and one_voice(true, shape.output_rate)
            if best is None or line:
                encoded = resample(
                    excerpt, shape.output_rate, shape.sample_rate, self.frames * shape.hop
                )
                best = JudgedClip(source, encoded, true, line)
            if line or texture == "chords":
                break
        if best is not None:
            yield best


def _sounds(audio: Audio, rate: int) -> bool:
    levels = frame_levels(audio, rate)
    return len(levels) > 0 and float((levels > _SOUND_DB).mean()) >= _LEAST_SOUND


def one_voice(samples: Audio, sample_rate: int, pitch: PitchTrack | None = None) -> bool:
    """Whether audio is one voice, as far as its pitch would mean something.

    Notes sounding together have a period in common, which a pitch tracker takes for a low note;
    but that note's own fundamental is missing.

    Parameters
    ----------
    samples : float array (samples,)
        The audio; full scale is 1.
    sample_rate
        Samples a second.
    pitch
        The track of its pitch, if there is one already.
    """
    pitch = pitch or track(samples, sample_rate)
    voiced = np.flatnonzero(pitch.hertz > 0)
    if len(voiced) < 10 or len(voiced) < _LEAST_SOUND * len(pitch.hertz):
        return False
    size = round(0.08 * sample_rate) // 2 * 2
    padded, window = np.pad(np.asarray(samples, np.float64), size), np.blackman(size)
    good = 0
    for frame in voiced:
        hertz = pitch.hertz[frame]
        middle = size + round(frame * pitch.hop_seconds * sample_rate)
        power = np.abs(np.fft.rfft(padded[middle - size // 2 : middle + size // 2] * window)) ** 2
        place = round(hertz * size / sample_rate)
        least = power[2:].max() * 10 ** (_FUNDAMENTAL_DB / 10)
        has_fundamental = power[max(0, place - 1) : place + 2].max() > least
        clear = pitch.strength[frame] > _LEAST_STRENGTH and hertz > _LOWEST_HERTZ
        good += bool(clear and has_fundamental)
    return good >= _LEAST_SHARE * len(voiced)


def clip_figures(clip: JudgedClip, played: Audio, rate: int) -> ClipFigures:
    """Judge one clip as it was played.

    Parameters
    ----------
    clip
        The clip that was heard, with its truth.
    played : float32 array (samples,)
        What the decoder made.
    rate
        The rate of both, in samples a second.
    """
    samples = min(len(played), len(clip.truth))
    made, true = Heard(played[:samples], rate), Heard(clip.truth[:samples], rate)
    power, reference = (float(np.square(x.full, dtype=np.float64).mean()) for x in (made, true))
    level, nan = math.nan, math.nan
    if reference > 0:
        level = max(-_SILENT_DB, 10 * math.log10(max(power, 1e-15) / reference))
    figures = ClipFigures(
        nan, level, nan, nan, nan, swell_slope(made.samples, true.samples, RATE), nan
    )
    if not clip.line:
        return figures._replace(notes_f1=_notes_f1(made, true))
    n = min(len(made.pitch.hertz), len(true.pitch.hertz))
    tracks = [x.pitch.hertz[:n] for x in (made, true)]
    voiced = (tracks[0] > 0) & (tracks[1] > 0)
    apart = np.full(n, np.inf)
    apart[voiced] = 1200 * np.abs(np.log2(tracks[0][voiced] / tracks[1][voiced]))
    steady = steady_frames(tracks[0]) & steady_frames(tracks[1]) & (apart < _IN_TUNE_CENTS)
    return figures._replace(
        in_tune=share_within(made.pitch, true.pitch, _IN_TUNE_CENTS),
        harmonics_over_noise_db=harmonics_over_rest(made.samples, RATE, made.pitch, steady),
        true_harmonics_over_noise_db=harmonics_over_rest(true.samples, RATE, true.pitch),
        vibrato_ratio=vibrato_ratio(made.pitch, true.pitch),
    )


def _notes_f1(made: Heard, true: Heard) -> float:
    if not polyphonic.installed():
        return math.nan
    try:
        return compare_notes([(made.polyphonic_notes, true.polyphonic_notes)]).f1
    except UmtnError:
        # Without mir_eval.
        return math.nan


def mean(figures: Sequence[float]) -> float:
    """Mean of the figures that there are, or NaN."""
    there = [figure for figure in figures if not math.isnan(figure)]
    return sum(there) / len(there) if there else math.nan
