"""The recipe of a synthetic data set: one typed, validated YAML file."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Fraction = Annotated[float, Meta(ge=0, lt=1)]
Positive = Annotated[float, Meta(gt=0)]
Proportion = Annotated[float, Meta(ge=0, le=1)]
NotNegative = Annotated[float, Meta(ge=0)]
Pitch = Annotated[int, Meta(ge=0, le=127)]
Span = tuple[float, float]
Program = Annotated[int, Meta(ge=0, le=127)]
Ability = Literal["bend", "swell", "pedal"]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all parts of a recipe: immutable, and unknown keys are refused."""


class Instruments(Section, frozen=True):
    """Some instruments of one soundfont.

    Parameters
    ----------
    font
        Name as listed in `umtn_core.data.synth.soundfonts`, or a path.
    programs
        General MIDI programs, 0 to 127.
    """

    font: str
    programs: Annotated[list[Program], Meta(min_length=1)]


class Domain(Section, frozen=True):
    """One instrument, in one make or several.

    Parameters
    ----------
    minutes
        Audio to make, all splits together.
    programs
        General MIDI programs (0 to 127) of ``soundfont``; each piece draws one.
    soundfont
        Name as listed in `umtn_core.data.synth.soundfonts`, or a path.
    soundfonts
        In place of these two, programs of several fonts; each piece draws one of all.
    pitch
        Lowest and highest MIDI pitch; pieces are spread evenly over it.
    abilities
        What it can do with notes that sound: ``bend`` their pitch, ``swell``, or hold them by a
        ``pedal``. Any can be tuned.
    polyphony
        The share of pieces of several voices, in invented music; the rest are single lines.
    """

    minutes: Positive
    programs: list[Program] = []
    soundfont: str = "FluidR3_GM"
    soundfonts: list[Instruments] = []
    pitch: tuple[Pitch, Pitch] = (60, 84)
    abilities: list[Ability] = []
    polyphony: Proportion = 0.0

    @property
    def instruments(self) -> list[tuple[str, int]]:
        """Font and program of every make."""
        if not self.soundfonts:
            return [(self.soundfont, program) for program in self.programs]
        return [(make.font, program) for make in self.soundfonts for program in make.programs]


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
    drift: Fraction = 0.05
    jitter_s: NotNegative = 0.008
    velocity: Span = (62.0, 104.0)
    shaping: NotNegative = 8.0
    legato: Span = (0.82, 1.0)
    articulation: NotNegative = 0.03
    gap_s: NotNegative = 0.004


class ExpressionSettings(Section, frozen=True):
    """What an instrument does with notes that sound, as far as it can; every share may be 0.

    Parameters
    ----------
    tuning_share, tuning
        The share of the pieces that are tuned to another pitch, and by how many semitones at most.
    vibrato_share, vibrato_hz, vibrato_depth, vibrato_onset_s
        The share of the pieces with vibrato on longer notes; ranges of its rate, of its depth in
        semitones to either side, and of the time from a note's onset to the vibrato's.
    glide_share, glide_s
        The share of the lines in which some notes are reached by a glide, and range of its length.
    bend_share, bend
        The share of the lines in which some notes begin or end beside their pitch, and by how many
        semitones at most.
    swell_share, swell_db
        The share of the pieces that swell, and by how much at most.
    accent_share, accent_db
        The share of the pieces with accents, and how loud they are at most.
    pedal_share
        The share of the pieces that are played with the pedal.
    """

    tuning_share: Proportion = 0.5
    tuning: Annotated[float, Meta(ge=0, le=1)] = 0.5
    vibrato_share: Proportion = 0.6
    vibrato_hz: Span = (4.5, 7.0)
    vibrato_depth: Span = (0.1, 0.7)
    vibrato_onset_s: Span = (0.05, 0.4)
    glide_share: Proportion = 0.4
    glide_s: Span = (0.06, 0.2)
    bend_share: Proportion = 0.25
    bend: Annotated[float, Meta(ge=0, le=4)] = 2.0
    swell_share: Proportion = 0.8
    swell_db: NotNegative = 24.0
    accent_share: Proportion = 0.3
    accent_db: NotNegative = 6.0
    pedal_share: Proportion = 0.5


class AcousticsSettings(Section, frozen=True):
    """The room and the microphone; every strength may be 0.

    Parameters
    ----------
    eq_db
        Largest boost or cut of the low shelf, the high shelf and one peak between.
    reverb_share
        The share of the pieces with reverb.
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
    reverb_share: Proportion = 0.25
    reverb_wet: Proportion = 0.05
    reverb_room: Span = (0.1, 0.5)
    noise_dbfs: Span | None = (-90.0, -70.0)
    peak: Span = (0.5, 0.8)


class NeverHeard(Section, frozen=True):
    """What is kept for judging, and so may not be heard in training.

    Parameters
    ----------
    programs
        General MIDI programs, of any soundfont.
    soundfonts
        Soundfonts of which nothing is heard.
    """

    programs: list[Program] = []
    soundfonts: list[str] = []


class OthersSettings(Section, frozen=True):
    """Versions of each training piece by other instruments, for the encoder alone to hear.

    Parameters
    ----------
    count
        The number of versions of a piece.
    sample_rate
        The rate of these versions, in samples a second: the encoder's.
    sustained, struck
        Instruments that play them: those whose notes go on, which also swell, and those whose
        notes fade. None plays what it is the target of.
    made_up
        The share that is played by an instrument made up for it: see
        `umtn_core.data.synth.made_up`.
    never
        What may be neither here nor in a domain.
    acoustics
        Rooms and microphones; each version has its own.
    """

    count: Annotated[int, Meta(ge=1)] = 3
    sample_rate: Annotated[int, Meta(ge=8000, le=48000)] = 16_000
    sustained: list[Instruments] = []
    struck: list[Instruments] = []
    made_up: Proportion = 0.3
    never: NeverHeard = NeverHeard()
    acoustics: AcousticsSettings = AcousticsSettings(
        eq_db=6.0,
        reverb_share=0.5,
        reverb_wet=0.25,
        reverb_room=(0.1, 0.8),
        noise_dbfs=(-90.0, -60.0),
    )


class PairSource(Section, frozen=True):
    """An instrument of no domain, to translate from.

    Parameters
    ----------
    program
        General MIDI program, of each of the pairs' soundfonts.
    abilities
        What it can do with notes that sound, as `Domain` has it.
    """

    program: Program
    abilities: list[Ability] = []


class PairSettings(Section, frozen=True):
    """Held-out pieces, rendered in every domain for evaluation only.

    Parameters
    ----------
    count
        The number of pieces; half go to validation, half to the test. In invented music, the
        number of single lines.
    chords
        The number of pieces of several voices, in invented music, for the domains that play any.
    seconds
        Range of their length.
    soundfonts
        Each is rendered in all of these, with each domain's first program.
    sources
        Instruments of no domain that play the pieces as well, in invented music, by name.
    """

    count: Annotated[int, Meta(ge=0)] = 24
    chords: Annotated[int, Meta(ge=0)] = 0
    seconds: Span = (8.0, 10.0)
    soundfonts: list[str] = msgspec.field(default_factory=lambda: ["FluidR3_GM", "TimGM6mb"])
    sources: dict[str, PairSource] = {}


class Recipe(Section, frozen=True):
    """All that decides a synthetic data set; the same recipe makes the same samples.

    Parameters
    ----------
    name
        The name of the data set.
    scope
        ``mono``: single melodic lines. ``poly``: everything a score holds.
    collections
        Score collections, as named in `umtn_core.data.synth.scores`; or ``invented`` alone, for
        music that is made up (`umtn_core.data.synth.invention`), whatever the scope.
    domains
        The instruments, by name.
    seed
        The seed of everything random.
    max_pieces
        Parse no more than about this many scores of each collection; None for all.
    piece_s
        Range of a piece's length; longer scores are cut.
    valid, test
        Shares of the pieces set aside.
    sample_rate
        The rate of the store's audio, in samples a second.
    performance, acoustics
        How notes are played, and the room and microphone.
    pairs
        The held-out pieces.
    expression
        What instruments do with sounding notes; None, nothing. Invented music has it always.
    others
        Versions by other instruments, of invented music; None, none.
    """

    name: str
    scope: Literal["mono", "poly"]
    collections: Annotated[list[str], Meta(min_length=1)]
    domains: Annotated[dict[str, Domain], Meta(min_length=1)]
    seed: int = 0
    sample_rate: Annotated[int, Meta(ge=8000, le=48000)] = 16_000
    max_pieces: Annotated[int, Meta(ge=1)] | None = None
    piece_s: Span = (6.0, 60.0)
    valid: Fraction = 0.05
    test: Fraction = 0.05
    performance: PerformanceSettings = PerformanceSettings()
    acoustics: AcousticsSettings = AcousticsSettings()
    pairs: PairSettings = PairSettings()
    expression: ExpressionSettings | None = None
    others: OthersSettings | None = None
