"""What a bundle says of itself: ``manifest.json``."""

from __future__ import annotations

import codecs
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from umtn_core.bundle.scope import Scope
from umtn_core.bundle.texts import check_texts
from umtn_core.errors import UmtnError
from umtn_core.names import did_you_mean, meant
from umtn_core.postfilter_shape import PostfilterShape
from umtn_core.shape import NetworkShape
from umtn_core.values import shown

#: Version of the manifest's form that this code writes, and the only one it reads.
SCHEMA = 1

MANIFEST = "manifest.json"
#: Bytes that it may have: twenty times those of the model that comes with umtn, most of which
#: list hundreds of sources.
LARGEST_MANIFEST = 2**22
ENCODER = "encoder.onnx"

#: Domain names become file names, so they may hold nothing that a path would take amiss.
DOMAIN_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
DomainName = Annotated[str, Meta(pattern=DOMAIN_NAME)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]

#: What people call something; what they say of it in a sentence; and at length.
LONGEST_PHRASE, LONGEST_TEXT = 2_000, 100_000
Title = Annotated[str, Meta(max_length=200)]
Phrase = Annotated[str, Meta(max_length=LONGEST_PHRASE)]
Text = Annotated[str, Meta(max_length=LONGEST_TEXT)]

#: Gains are about 1 to 12, and temperatures about 1.
Gain = Annotated[float, Meta(gt=0, le=1e6)]
Temperature = Annotated[float, Meta(ge=0, le=1000)]
#: Samples; 2**40 are two years of them at 16 kHz.
Samples = Annotated[int, Meta(ge=1, le=2**40)]

#: Characters of what msgspec says of a manifest, which may repeat any of it.
_MOST_SAID = 300


def conditioner_file(domain: str) -> str:
    """Name the file with a domain's conditioner graph."""
    return f"conditioner.{domain}.onnx"


def decoder_file(domain: str) -> str:
    """Name the file with a domain's decoder step graph."""
    return f"decoder.{domain}.onnx"


def postfilter_file(domain: str) -> str:
    """Name the file with the graph of a domain's post-filter."""
    return f"postfilter.{domain}.onnx"


class Domain(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A domain that the bundle can translate to.

    Parameters
    ----------
    name
        What it is called in files and commands: letters, digits, ``-`` and ``_``.
    title
        What people call it; the name if not given.
    band_gains
        Where the decoders' audio is in several bands, what the samples of each are multiplied
        by before they are companded; otherwise none.
    postfilter
        Form of the domain's post-filter; None if it has none.
    """

    name: DomainName
    title: Title | None = None
    band_gains: tuple[Gain, ...] = ()
    postfilter: PostfilterShape | None = None


class TrainingSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that the network was trained on, and on what terms it may be used."""

    source: Phrase
    licence: Text


class PrecisionLoss(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a decoder loses in a precision, against float32.

    Parameters
    ----------
    nats
        Cost of real audio, teacher-forced, less that in float32: nats a sample.
    logits
        Largest difference of a logit, as a share of the largest logit.
    """

    nats: float
    logits: float


class Precisions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the ``cpu`` engine's precisions lose on real audio.

    Parameters
    ----------
    audio
        What was scored, in words.
    samples
        Scored with each decoder.
    losses
        What is lost, by precision and by domain.
    """

    audio: Phrase
    samples: Samples
    losses: dict[str, dict[DomainName, PrecisionLoss]]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The contents of ``manifest.json``.

    Parameters
    ----------
    schema
        Version of this form.
    name
        The model's name.
    domains
        In the order of the classifier's outputs.
    shape
        The network's shape; sample rate, hop and companding among it.
    licence
        The weights' licence, as an SPDX expression or in words.
    training_data
        What the network was trained on, in words.
    sources
        The same in detail.
    reference_loudness
        LUFS of the training audio; the input is brought to it before it is encoded.
    temperature
        The temperature of sampling, where nobody asks for another: the one at which the model was
        found to play best.
    band_temperatures
        What that of each band is multiplied by, whoever asked for it; none, by 1.
    context
        Samples, at the decoders' rate, of the longest excerpt that the decoders were trained on,
        which began with an empty past; None where nobody knows.
    scope
        What the network was taught to hear; None where nobody knows.
    quality
        Figures measured on held-out music, free in form.
    parity
        How far the graphs' results are from PyTorch's.
    precisions
        What is lost by decoding in less than float32; None where nobody has measured it, as in
        bundles of older versions.
    files
        SHA-256 of every other file of the bundle, by name.
    """

    schema: int
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    domains: Annotated[tuple[Domain, ...], Meta(min_length=1, max_length=1000)]
    shape: NetworkShape
    licence: Text
    training_data: Text
    sources: tuple[TrainingSource, ...] = ()
    reference_loudness: Annotated[float, Meta(ge=-70, le=0)]
    temperature: Temperature = 1.0
    band_temperatures: tuple[Temperature, ...] = ()
    context: Samples | None = None
    scope: Scope | None = None
    quality: dict[str, Any] = {}
    parity: dict[str, Any] = {}
    precisions: Precisions | None = None
    files: dict[str, Sha256]

    def domain_meant(self, typed: str, called: str) -> str:
        """Find the domain that a person means by a name.

        Parameters
        ----------
        typed
            What was written: capital letters, blanks, hyphens and underscores do not matter where
            one domain alone can be meant.
        called
            What to call the model in an error.

        Returns
        -------
        str
            The domain's own name.

        Raises
        ------
        UmtnError
            If there is none of that name, or several are.
        """
        names = [domain.name for domain in self.domains]
        found = meant(typed, names)
        if len(found) > 1:
            which = " or ".join(found)
            raise UmtnError(
                f"{typed!r} can mean {which} of the model {called}: write one of these."
            )
        if not found:
            raise UmtnError(
                f"The model {called} cannot translate to {typed!r}{did_you_mean(typed, names)}; "
                f"it plays {', '.join(names)}."
            )
        return found[0]

    @property
    def graph_files(self) -> tuple[str, ...]:
        """Names of the graphs that such a bundle must hold."""
        names = [domain.name for domain in self.domains]
        return (
            ENCODER,
            *(conditioner_file(name) for name in names),
            *(decoder_file(name) for name in names),
            *(postfilter_file(each.name) for each in self.domains if each.postfilter is not None),
        )


def read_manifest(text: bytes, bundle: str) -> Manifest:
    """Parse and check a manifest.

    Parameters
    ----------
    text
        Contents of the file.
    bundle
        What to call the bundle in an error.

    Raises
    ------
    UmtnError
        If it is not a manifest, or one of another schema.
    """
    if len(text) > LARGEST_MANIFEST:
        raise UmtnError(
            f"The manifest of the model bundle {bundle} is too large: {len(text)} bytes are more "
            f"than {LARGEST_MANIFEST}."
        )
    # As some editors of Windows write it.
    text = text.removeprefix(codecs.BOM_UTF8)
    try:
        schema = msgspec.json.decode(text, type=_SchemaOnly).schema
        if schema != SCHEMA:
            raise UmtnError(
                f"The model bundle {bundle} has schema {shown(schema)}, but this version of umtn "
                f"reads schema {SCHEMA}; {'update umtn' if schema > SCHEMA else 'export it again'}."
            )
        manifest = msgspec.json.decode(text, type=Manifest)
        check_texts(manifest)
    except RecursionError as error:
        raise UmtnError(
            f"The manifest of the model bundle {bundle} is not valid: its values lie far deeper in "
            "one another than any manifest's."
        ) from error
    except (msgspec.MsgspecError, ValueError, OverflowError) as error:
        raise UmtnError(
            f"The manifest of the model bundle {bundle} is not valid: {_said(error)}."
        ) from error
    names = [domain.name for domain in manifest.domains]
    if len(set(names)) < len(names):
        raise UmtnError(f"The manifest of the model bundle {bundle} names a domain twice.")
    missing = sorted(set(manifest.graph_files) - set(manifest.files))
    if missing:
        raise UmtnError(
            f"The manifest of the model bundle {bundle} has no checksum for {', '.join(missing)}."
        )
    check_bands(manifest, bundle)
    return manifest


def _said(error: Exception) -> str:
    """Repeat what was wrong, on one line that steers no terminal, and no longer than a sentence."""
    text = repr(str(error)[:_MOST_SAID])[1:-1].replace("\\'", "'")
    return f"{text}..." if len(str(error)) > _MOST_SAID else text.rstrip(".")


def check_bands(manifest: Manifest, bundle: str) -> None:
    """Refuse a manifest whose gains or temperatures are not one for each band.

    Raises
    ------
    UmtnError
        Naming the first that is wrong.
    """
    bands = manifest.shape.bands
    gains = bands if bands > 1 else 0
    for domain in manifest.domains:
        if len(domain.band_gains) != gains:
            raise UmtnError(
                f"The manifest of the model bundle {bundle} gives {domain.name} "
                f"{len(domain.band_gains)} band gains, but audio in {bands} "
                f"band{'s' * (bands > 1)} takes {gains}; export it again."
            )
    if len(manifest.band_temperatures) not in (0, bands):
        raise UmtnError(
            f"The manifest of the model bundle {bundle} has {len(manifest.band_temperatures)} band "
            f"temperatures, but audio in {bands} band{'s' * (bands > 1)} takes {bands}, or none."
        )


class _SchemaOnly(msgspec.Struct):
    """Read first: another schema may differ in everything else."""

    schema: int
