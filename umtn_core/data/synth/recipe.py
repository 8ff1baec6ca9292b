"""The recipe of a synthetic data set: one typed, validated YAML file."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Share = Annotated[float, Meta(ge=0, lt=1)]
Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Pitch = Annotated[int, Meta(ge=0, le=127)]
Span = tuple[float, float]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all parts of a recipe: immutable, and unknown keys are refused."""


class Domain(Section, frozen=True):
    """One instrument.

    Parameters
    ----------
    programs
        General MIDI programs (0 to 127); each piece draws one.
    minutes
        Audio to make, all splits together.
    soundfont
        Name as listed in `umtn_core.data.synth.soundfonts`, or a path.
    pitch
        Lowest and highest MIDI pitch; pieces are transposed to spread evenly over it.
    """

    programs: Annotated[list[Annotated[int, Meta(ge=0, le=127)]], Meta(min_length=1)]
    minutes: Positive
    soundfont: str = "FluidR3_GM"
    pitch: tuple[Pitch, Pitch] = (60, 84)


class PerformanceSettings(Section, frozen=True):
    """How the notes of a score are played; every amount may be 0.

    Parameters
    ----------
    onsets_per_second
        Range of a piece's mean rate of note onsets, drawn log-uniformly.
    shortest_s
        The tempo is slowed so that 19 notes in 20 are at least this long.
    longest_s
        Longer notes are cut to this.
    drift
        Size of the slow change of tempo, as a share of the tempo.
    jitter_s
        Standard deviation of the onsets' deviation.
    velocity
        Range of a piece's mean MIDI velocity.
    shaping
        Swing of the velocity over a phrase, and standard deviation of a note's own.
    legato
        Range of the share of a note's time that sounds, drawn for a piece.
    articulation
        Standard deviation of a note's own share.
    gap_s
        Least silence between two notes of a monophonic line, or of one pitch.
    """

    onsets_per_second: Span = (2.0, 5.0)
    shortest_s: NotNegative = 0.12
    longest_s: Positive = 2.0
    drift: Share = 0.05
    jitter_s: NotNegative = 0.008
    velocity: Span = (62.0, 104.0)
    shaping: NotNegative = 8.0
    legato: Span = (0.82, 1.0)
    articulation: NotNegative = 0.03
    gap_s: NotNegative = 0.004


class AcousticsSettings(Section, frozen=True):
    """The room and the microphone; every strength may be 0.

    Parameters
    ----------
    eq_db
        Largest boost or cut of the low shelf, the high shelf and one peak between.
    reverb_share
        Share of the pieces with reverb.
    reverb_wet
        Largest wet level of the reverb.
    reverb_room
        Range of its room size, 0 to 1.
    noise_dbfs
        Range of the level of white noise added, or None for none.
    peak
        Range of the largest absolute sample after the gain.
    """

    eq_db: NotNegative = 1.5
    reverb_share: Annotated[float, Meta(ge=0, le=1)] = 0.25
    reverb_wet: Annotated[float, Meta(ge=0, le=1)] = 0.05
    reverb_room: Span = (0.1, 0.5)
    noise_dbfs: Span | None = (-90.0, -70.0)
    peak: Span = (0.5, 0.8)


class PairSettings(Section, frozen=True):
    """Held-out pieces, rendered in every domain for evaluation only.

    Parameters
    ----------
    count
        How many pieces; half go to validation, half to the test.
    seconds
        Range of their length.
    soundfonts
        Each is rendered in all of these, with each domain's first program.
    """

    count: Annotated[int, Meta(ge=0)] = 24
    seconds: Span = (8.0, 10.0)
    soundfonts: list[str] = msgspec.field(default_factory=lambda: ["FluidR3_GM", "TimGM6mb"])


class Recipe(Section, frozen=True):
    """All that decides a synthetic data set; the same recipe makes the same samples.

    Parameters
    ----------
    name
        Of the data set.
    scope
        ``mono``: single melodic lines. ``poly``: everything a score holds.
    collections
        Score collections, as named in `umtn_core.data.synth.scores`.
    domains
        The instruments, by name.
    seed
        Of everything random.
    max_pieces
        Parse no more than about this many scores of each collection; None for all.
    piece_s
        Range of a piece's length; longer scores are cut.
    valid, test
        Shares of the pieces set aside.
    """

    name: str
    scope: Literal["mono", "poly"]
    collections: Annotated[list[str], Meta(min_length=1)]
    domains: Annotated[dict[str, Domain], Meta(min_length=1)]
    seed: int = 0
    sample_rate: Annotated[int, Meta(ge=8000, le=48000)] = 16_000
    max_pieces: Annotated[int, Meta(ge=1)] | None = None
    piece_s: Span = (6.0, 60.0)
    valid: Share = 0.05
    test: Share = 0.05
    performance: PerformanceSettings = PerformanceSettings()
    acoustics: AcousticsSettings = AcousticsSettings()
    pairs: PairSettings = PairSettings()
