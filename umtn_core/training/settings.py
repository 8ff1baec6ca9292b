"""The settings of a training run: one typed YAML file, every default written out here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from umtn_core.errors import UmtnError
from umtn_core.shape import PRESETS, NetworkShape

Count = Annotated[int, Meta(ge=1)]
Natural = Annotated[int, Meta(ge=0)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
Amount = Annotated[float, Meta(ge=0)]
Positive = Annotated[float, Meta(gt=0)]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of the settings file; unknown names in it are errors."""


class Perturbation(Section, frozen=True):
    """What is done to the audio that the encoder hears (paper, Section 3.2).

    Parameters
    ----------
    probability
        The share of segments that are perturbed at all.
    shortest, longest
        Length of the pitch-shifted stretch, as a share of the segment.
    semitones
        Largest shift, up or down.
    equaliser_db
        Largest boost or cut of a random smooth equaliser; 0 for none (as in the paper).
    distortion
        The share of segments that go through a random waveshaper, which adds and removes
        harmonics but keeps the pitch of a single line; 0 for none (as in the paper).
        Both teach the encoder to hear notes and not the instrument: a latent that is
        the same for two instruments by itself leaves the classifier little to do.
    noise
        Largest level of added white noise; 0 for none (as in the paper).
    reorchestration
        The share of segments that the encoder hears played by another instrument, where the
        store has the same performance by others; the target stays. 0 for none (as in the
        paper).
    other_quietest, other_loudest
        Range of a random gain on such another instrument.
    """

    probability: Fraction = 1.0
    shortest: Fraction = 0.25
    longest: Fraction = 0.5
    semitones: Amount = 0.5
    equaliser_db: Amount = 0.0
    distortion: Fraction = 0.0
    noise: Amount = 0.0
    reorchestration: Fraction = 0.0
    other_quietest: Positive = 0.7
    other_loudest: Positive = 1.3


class Corruption(Section, frozen=True):
    """What is done to the past that the decoder is taught with; off by default.

    A decoder that only ever saw a perfect past trusts it blindly: left alone, it drifts
    off its conditioning. The target stays clean. With several bands, this is done to the
    bands' samples as they are companded.

    Parameters
    ----------
    clean_probability
        The share of segments that nothing is mixed into, added to or spliced into the past of;
        its level is as unreliable as elsewhere.
    clean_noise
        Loudest white noise that such a past has all the same (a standard deviation, drawn
        evenly on a logarithmic scale from a twentieth of it); 0 for none.
    mix_probability
        The share of segments that have another excerpt of the domain mixed in.
    mix_quietest, mix_loudest
        Range of its gain, drawn evenly on a logarithmic scale.
    noise_probability, noise_quietest, noise_loudest
        The same for white noise (gains are standard deviations).
    level_probability
        The share of segments whose past is made louder or softer, by a constant or along a
        curve: without it, a decoder takes its level from its past and not from the
        latent, and a quiet beginning stays quiet.
    level_quietest_db, level_loudest_db
        Range of that change.
    silence_probability
        The share of segments whose past is silent, or nearly so, up to a moment in its first
        half, as it is when decoding begins.
    splice_probability
        The share of segments in which a stretch of the past is replaced by another excerpt,
        as if the decoder had played a wrong note; the stretch itself is not scored.
    splice_longest
        Longest such stretch in samples.
    """

    clean_probability: Fraction = 0.0
    clean_noise: Amount = 0.0
    mix_probability: Fraction = 0.0
    mix_quietest: Positive = 0.03
    mix_loudest: Positive = 2.0
    noise_probability: Fraction = 0.0
    noise_quietest: Positive = 0.002
    noise_loudest: Positive = 0.08
    level_probability: Fraction = 0.0
    level_quietest_db: float = -30.0
    level_loudest_db: float = 8.0
    silence_probability: Fraction = 0.0
    splice_probability: Fraction = 0.0
    splice_longest: Count = 1600


class SpectralAid(Section, frozen=True):
    """An auxiliary head that reads the clean input's spectrum off the latent.

    Parameters
    ----------
    weight
        The weight of its mean absolute error beside the other losses; 0 for none (as in the
        paper).
    lowest_pitch, bands
        MIDI number of the lowest band, and how many bands of one semitone.
    window
        Samples of audio that one frame of the spectrum looks at.
    channels
        Width of the head.
    """

    weight: Amount = 0.0
    lowest_pitch: float = 48.0
    bands: Count = 60
    window: Count = 1600
    channels: Count = 128


class Optimiser(Section, frozen=True):
    """Adam, or Adam and Muon, and the course of the step size.

    Parameters
    ----------
    encoder_rate, decoder_rate, classifier_rate
        Step sizes at full speed.
    muon
        Whether Muon steps the matrices of encoder and decoders (`umtn_core.training.muon`), by
        the same rates, and AdamW the rest.
    beta1, beta2, weight_decay
        AdamW's two decays of moments, and its decay of weights, which Muon takes too.
    warmup
        Batches until full speed is reached.
    decay, decay_every
        Factor on the step size each so many batches.
    cooldown
        Last batches, over which the step size falls to zero.
    cooldown_share
        In a run that ends by the clock, the share of its time that does the same.
    gradient_clip
        Largest norm of encoder's and decoders' gradients.
    average
        Decay of the exponential moving average of the weights; 0 for none.
    """

    encoder_rate: Positive = 1e-3
    decoder_rate: Positive = 1e-3
    classifier_rate: Positive = 1e-3
    muon: bool = False
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    weight_decay: Amount = 0.0
    warmup: Natural = 0
    decay: Fraction = 0.995
    decay_every: Count = 1000
    cooldown: Natural = 0
    cooldown_share: Fraction = 0.4
    gradient_clip: Positive = 1.0
    average: Fraction = 0.0


class Machine(Section, frozen=True):
    """Where and how the run computes; nothing here changes what is learned.

    Parameters
    ----------
    accelerator, devices, nodes, strategy
        The arguments of Lightning's Trainer with these names; ``devices: 0`` is all there are.
    precision
        The precision as Lightning's Trainer takes it, or ``auto``: ``bf16-mixed`` where a trial
        of a moment finds the device to multiply bfloat16 faster than float32, ``32-true``
        elsewhere.
    threads
        CPU threads of each process; 0 leaves PyTorch's choice.
    loaders
        Processes that prepare batches, or ``auto``: on CUDA as many as there are cores to spare,
        elsewhere 1. 0 prepares them in between.
    compile
        Whether decoders and encoder are compiled: a minute at the start, and fewer passes over a
        GPU's memory from then on.
    capture
        Whether a step is recorded as a CUDA graph and launched as a whole, which takes the
        processor out of a GPU's way: ``on``, ``off``, or ``auto``, which is on where a single
        process trains on CUDA, compiled or not. On a processor ``on`` does the same without a
        graph, for tests.
    """

    accelerator: str = "auto"
    devices: Natural = 0
    nodes: Count = 1
    strategy: str = "auto"
    precision: Literal["auto", "32-true", "bf16-mixed"] = "auto"
    threads: Natural = 0
    loaders: Natural | Literal["auto"] = "auto"
    compile: bool = False
    capture: Literal["auto", "on", "off"] = "auto"


class Settings(Section, frozen=True):
    """Everything that decides a training run.

    The defaults here are the paper's. A settings file begins with the recipe of its preset
    (`RECIPES`) where that has one, so that a file that names a store and an output trains with
    all that is known to help.

    Parameters
    ----------
    store, output
        Folder of the data (`umtn data`), and of checkpoints and logs.
    preset, shape
        Name of a network shape, and single fields of it that differ.
    domains
        The domains of the store to train; all when left out.
    only
        The domains whose decoders alone are trained, everything else being frozen: the domains
        that `umtn train --add-domain` adds to a trained network. All when left out.
    seed
        The seed of weights, data order and perturbation.
    steps
        Batches to train.
    minutes
        If not 0, the run also ends after so long, over all its parts where it is stopped and
        goes on, and cools down towards that (``optimiser.cooldown_share``).
    batch
        Segments a domain in one batch, over all devices together.
    segment
        Samples a segment, as the encoder hears them; a multiple of the hop.
    context
        Samples before and after a segment that the encoder also hears; a multiple of
        the hop.
    unscored
        Samples at a segment's start that are not scored, since the decoder has no past.
    gain_quietest, gain_loudest
        Range of a random gain on each segment.
    band_weights
        How much the loss of each band counts, lowest first; all alike when left out. Only their
        ratios matter.
    adversarial_weight, adversarial_warmup
        Lambda of Eq. 1, and the batches over which it grows from 0.
    validate_every, validation_segments
        Batches between validations, and segments a domain in one.
    checkpoint_minutes
        The minutes between checkpoints.
    listen_every, listen_seconds
        Batches between audio samples in the log (0 for none), and their length.
    judge_every, judge_seconds
        Batches between judgements of what is played (0 for none), and length of a clip;
        see `umtn_core.training.judging`.
    """

    store: str
    output: str
    preset: str = "wideband"
    shape: dict[str, Any] = {}
    domains: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    seed: Natural = 0
    steps: Count = 200_000
    minutes: Amount = 0.0
    batch: Count = 32
    segment: Count = 12_000
    context: Natural = 0
    unscored: Natural = 0
    gain_quietest: Positive = 1.0
    gain_loudest: Positive = 1.0
    band_weights: tuple[Positive, ...] = ()
    adversarial_weight: Amount = 0.01
    adversarial_warmup: Natural = 0
    validate_every: Count = 1000
    validation_segments: Count = 16
    checkpoint_minutes: Positive = 5.0
    listen_every: Natural = 5000
    listen_seconds: Positive = 2.0
    judge_every: Natural = 0
    judge_seconds: Positive = 2.5
    perturbation: Perturbation = Perturbation()
    corruption: Corruption = Corruption()
    spectral: SpectralAid = SpectralAid()
    optimiser: Optimiser = Optimiser()
    machine: Machine = Machine()

    @property
    def missing_aids(self) -> tuple[str, ...]:
        """What is known to be needed for music in tune, and is off."""
        corruption = self.corruption
        aids = {
            "spectral": self.spectral.weight,
            "corruption": corruption.mix_probability + corruption.noise_probability,
            "corruption.level_probability": corruption.level_probability,
            "perturbation.reorchestration or .distortion": self.perturbation.reorchestration
            + self.perturbation.distortion,
        }
        return () if self.only else tuple(name for name, amount in aids.items() if not amount)

    @property
    def network_shape(self) -> NetworkShape:
        """The preset with this file's changes.

        Raises
        ------
        UmtnError
            If the preset or one of the fields does not exist, or they do not fit together.
        """
        if self.preset not in PRESETS:
            names = ", ".join(PRESETS)
            raise UmtnError(f"There is no preset '{self.preset}': choose one of {names}.")
        fields = {**msgspec.structs.asdict(PRESETS[self.preset]), **self.shape}
        try:
            return msgspec.convert(fields, NetworkShape)
        except msgspec.ValidationError as error:
            raise UmtnError(f"The settings' shape is not valid: {error}.") from error

    def checked(self) -> Settings:
        """These settings, if their parts fit together.

        Raises
        ------
        UmtnError
            If they do not.
        """
        hop = self.network_shape.hop
        for name in ("segment", "context"):
            if getattr(self, name) % hop:
                raise UmtnError(
                    f"In the settings, {name} ({getattr(self, name)}) must be a multiple "
                    f"of the network's hop, {hop}."
                )
        bands = self.network_shape.bands
        if self.band_weights and len(self.band_weights) != bands:
            raise UmtnError(
                f"In the settings, band_weights must be {bands} numbers, one a band, or none."
            )
        if self.unscored >= self.segment:
            raise UmtnError("In the settings, unscored must be less than segment.")
        strange = [name for name in self.only if name not in self.domains]
        if strange:
            raise UmtnError(f"In the settings, only names '{strange[0]}', which domains does not.")
        if self.gain_quietest > self.gain_loudest:
            raise UmtnError("In the settings, gain_quietest must not exceed gain_loudest.")
        if self.perturbation.shortest > self.perturbation.longest:
            raise UmtnError("In the settings, perturbation.shortest must not exceed longest.")
        if self.perturbation.other_quietest > self.perturbation.other_loudest:
            raise UmtnError(
                "In the settings, perturbation.other_quietest must not exceed other_loudest."
            )
        if self.corruption.level_quietest_db > self.corruption.level_loudest_db:
            raise UmtnError(
                "In the settings, corruption.level_quietest_db must not exceed level_loudest_db."
            )
        return self


#: What a settings file of a preset begins with; docs/training.md says what each part is for.
RECIPES: dict[str, dict[str, Any]] = {
    "wideband": {
        "batch": 1,
        "segment": 3200,
        "context": 1200,
        "unscored": 64,
        "gain_quietest": 0.6,
        "gain_loudest": 1.15,
        "band_weights": (2.0, 1.0, 0.6, 0.4),
        "adversarial_weight": 0.1,
        "adversarial_warmup": 500,
        "judge_every": 2000,
        "perturbation": {
            "probability": 0.9,
            "equaliser_db": 15.0,
            "distortion": 0.7,
            "noise": 0.005,
            "reorchestration": 0.6,
        },
        "corruption": {
            "clean_probability": 0.5,
            "clean_noise": 0.02,
            "mix_probability": 0.75,
            "noise_probability": 0.6,
            "level_probability": 0.5,
            "silence_probability": 0.12,
            "splice_probability": 0.5,
        },
        "spectral": {"weight": 6.0, "lowest_pitch": 33.0, "bands": 76},
        "optimiser": {
            "encoder_rate": 1e-3,
            "decoder_rate": 2e-3,
            "muon": True,
            "beta2": 0.98,
            "weight_decay": 1e-3,
            "warmup": 200,
            "decay": 1.0,
            "average": 0.999,
        },
    }
}


#: Rates grow with the batch by this power, and at most by so much: Muon at 2.5 times the recipe's
#: learned nothing.
_GROWTH, _LARGEST = 0.2, 1.5


def rate_factor(batch: int) -> float:
    """How much larger than the recipe's the rates may be for a larger batch.

    Parameters
    ----------
    batch
        Segments a domain in a batch, where the recipe of ``wideband`` has one.

    Returns
    -------
    float
        1 for a batch of one, 1.5 from eight on. That is a guess between no growth and the square
        root that Adam is said to bear, and no run has been compared with another rate.
    """
    return min(_LARGEST, batch**_GROWTH)


def with_recipe(fields: Mapping[str, Any]) -> Settings:
    """Make settings of plain values, over the recipe of their preset.

    Parameters
    ----------
    fields
        Values by name, as a settings file has them.

    Raises
    ------
    UmtnError
        If their parts do not fit together.
    msgspec.ValidationError
        If one is missing, unknown, of the wrong type or out of range.
    """
    fields = _over(RECIPES.get(str(fields.get("preset", "wideband")), {}), fields)
    # Not strict: YAML takes 5e-4, which has no point, for text.
    return msgspec.convert(fields, Settings, strict=False).checked()


def read_settings(path: str | Path) -> Settings:
    """Read and check a settings file.

    Parameters
    ----------
    path
        A YAML file with the fields of `Settings`.

    Raises
    ------
    UmtnError
        If it cannot be read, or a value is missing, unknown, of the wrong type or out of
        range.
    """
    try:
        fields = msgspec.yaml.decode(Path(path).read_bytes().decode())
        if not isinstance(fields, dict):
            raise UmtnError(f"The settings file {path} is not valid: it has no names and values.")
        return with_recipe(fields)
    except UnicodeDecodeError as error:
        raise UmtnError(f"The settings file {path} is not valid: it is not text.") from error
    except OSError as error:
        raise UmtnError(f"The settings file {path} cannot be read: {error.strerror}.") from error
    except msgspec.DecodeError as error:
        reason = " ".join(str(error).split())
        raise UmtnError(f"The settings file {path} is not valid: {reason}.") from error


def _over(recipe: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe with a file's own values over it, section by section."""
    merged = dict(recipe)
    for name, value in fields.items():
        below = merged.get(name)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            merged[name] = _over(below, value)
        else:
            merged[name] = value
    return merged


def write_settings(settings: Settings, path: str | Path) -> None:
    """Write settings as YAML, every default spelled out."""
    Path(path).write_bytes(msgspec.yaml.encode(settings))
