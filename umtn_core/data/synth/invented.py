"""Renders invented music: each piece, with its versions by other instruments."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from umtn_core.data.files import write_audio
from umtn_core.data.records import finished, write_record
from umtn_core.data.split import Split
from umtn_core.data.store import FileEntry
from umtn_core.data.synth.acoustics import place
from umtn_core.data.synth.casting import generator
from umtn_core.data.synth.expression import express
from umtn_core.data.synth.fluidsynth import loaded
from umtn_core.data.synth.invention.invent import VERSION, invent
from umtn_core.data.synth.others import SILENCE, resampled, version
from umtn_core.data.synth.performance import Performance
from umtn_core.data.synth.recipe import ExpressionSettings, Recipe
from umtn_core.data.synth.render import RENDER_RATE, RenderError
from umtn_core.data.synth.soundfonts import InstalledFont

#: The name of the collection.
INVENTED = "invented"
LICENCE = "CC0-1.0 (invented by umtn: no rights are claimed)"
#: Raised when rendering changes, so that old audio is made again.
_RENDER_VERSION = 1
#: Of the first pieces of a domain, which validate and which test does not depend on how many
#: there will be: each share is filled as evenly as it can be, beginning so far into its turn.
_VALID_BEGINS, _TEST_BEGINS = 0.75, 0.5

Fonts = Mapping[str, InstalledFont]


@dataclass(frozen=True)
class InventedPiece:
    """A piece to be made up and rendered.

    Parameters
    ----------
    domain, number
        The domain it belongs to, and its number there; they and the recipe decide all else.
    split
        What it is for.
    seconds
        The length of the piece.
    font, program
        What it is played on.
    fingerprint
        A text that changes with anything that decides the samples.
    """

    domain: str
    number: int
    split: Split
    seconds: float
    font: str
    program: int
    fingerprint: str

    @property
    def name(self) -> str:
        """The name of the piece."""
        return f"{INVENTED}-{self.number:06d}"

    @property
    def path(self) -> str:
        """The path of its audio in the store."""
        return f"audio/{self.domain}/{self.name}.npy"

    def other(self, number: int) -> str:
        """Path of one of its versions by another instrument."""
        return f"others/{self.domain}/{self.name}.{number}.npy"


def invented_pieces(recipe: Recipe, fonts: Fonts) -> list[InventedPiece]:
    """Plan the pieces of all domains, in the order in which they are to be made.

    The domains take turns, so that a store that is still growing has as much of each. More
    minutes add pieces, and change none.
    """
    domains = {}
    for name, domain in recipe.domains.items():
        # The minutes decide how many pieces there are, and none of them.
        own = msgspec.structs.replace(domain, minutes=1.0)
        fingerprint = fingerprint_of(recipe, fonts, (own, name, recipe.others))
        pieces: list[InventedPiece] = []
        seconds = 0.0
        while seconds < 60 * domain.minutes:
            piece = _piece(recipe, name, len(pieces), fingerprint)
            pieces.append(piece)
            seconds += piece.seconds
        domains[name] = pieces
    # Those of which fewer seconds were made come first.
    return sorted(
        (piece for pieces in domains.values() for piece in pieces),
        key=lambda piece: ((piece.number + 0.5) / len(domains[piece.domain]), piece.domain),
    )


def performance_of(recipe: Recipe, piece: InventedPiece) -> Performance:
    """Make up a piece of a domain, with its curves."""
    rng = generator(recipe, "music", piece.domain, str(piece.number))
    domain = recipe.domains[piece.domain]
    is_line = bool(rng.random() >= domain.polyphony)
    played = invent(piece.seconds, domain.pitch, is_line=is_line, rng=rng)
    return replace(played, curves=express(played, expression_of(recipe), domain.abilities, rng))


def render_piece(piece: InventedPiece, recipe: Recipe, fonts: Fonts, folder: Path) -> str | None:
    """Make the audio of a piece and its versions; return why there is none, or None.

    Raises
    ------
    UmtnError
        If a file cannot be written.
    """
    names = (piece.domain, str(piece.number))
    try:
        # Some fonts have no sound for a pitch within an instrument's range.
        keys = loaded(fonts[piece.font].path).keys(piece.program)
        performance = performance_of(recipe, piece).within(keys)
        dry = dry_render(performance, fonts[piece.font], piece.program, recipe.sample_rate)
    except RenderError as error:
        return str(error)
    wet = place(dry, recipe.sample_rate, recipe.acoustics, generator(recipe, "room", *names))
    if recipe.others is not None:
        rate = recipe.others.sample_rate
        length = -(-len(wet) * rate // recipe.sample_rate)
        files = {name: font.path for name, font in fonts.items()}
        for k in range(recipe.others.count):
            rng = generator(recipe, "other", *names, str(k))
            target = (piece.font, piece.program)
            try:
                other = version(performance, target, length, recipe.others, files, rng)
            except RenderError:
                continue  # the piece has one version less
            write_audio(folder / piece.other(k), other)
            write_record(folder, piece.other(k), piece.fingerprint, length)
    # The piece comes last: where its record is, its versions are.
    samples = write_audio(folder / piece.path, wet)
    write_record(folder, piece.path, piece.fingerprint, samples)
    return None


def piece_entry(
    piece: InventedPiece, recipe: Recipe, fonts: Fonts, folder: Path
) -> FileEntry | None:
    """Return what the index says of a piece, or None if it is not finished."""
    samples = finished(folder, piece.path, piece.fingerprint)
    if samples is None:
        return None
    font = fonts[piece.font]
    licence = f"score: {LICENCE}; soundfont: {font.licence}"
    others = []
    if recipe.others is not None:
        paths = map(piece.other, range(recipe.others.count))
        others = [path for path in paths if finished(folder, path, piece.fingerprint) is not None]
        heard = sorted({fonts[name].licence for name in others_fonts(recipe)})
        licence += f"; soundfonts of its other versions: {', '.join(heard)}" if heard else ""
    return FileEntry(
        domain=piece.domain,
        split=piece.split,
        path=piece.path,
        samples=samples,
        source=f"{INVENTED}/{piece.domain}",
        licence=licence,
        credits=f"played on {font.name} program {piece.program}",
        others=others,
    )


def others_fonts(recipe: Recipe) -> set[str]:
    """Return the soundfonts of other versions."""
    if recipe.others is None:
        return set()
    return {item.font for item in (*recipe.others.sustained, *recipe.others.struck)}


def _piece(recipe: Recipe, domain: str, number: int, fingerprint: str) -> InventedPiece:
    rng = generator(recipe, "piece", domain, str(number))
    seconds = float(rng.uniform(*recipe.piece_s))
    instruments = recipe.domains[domain].instruments
    font, program = instruments[int(rng.integers(len(instruments)))]
    split: Split = "train"
    if _falls(number, recipe.valid, _VALID_BEGINS):
        split = "valid"
    elif _falls(number, recipe.test, _TEST_BEGINS):
        split = "test"
    return InventedPiece(domain, number, split, seconds, font, program, fingerprint)


def _falls(number: int, share: float, begins: float) -> bool:
    """Whether a number is one of an evenly spread share of all."""
    return int((number + 1) * share + begins) > int(number * share + begins)


def fingerprint_of(recipe: Recipe, fonts: Fonts, decides: Any) -> str:
    """Return what changes with anything that decides some audio.

    Parameters
    ----------
    recipe, fonts
        What of them decides all audio is part of it.
    decides
        What else does.
    """
    everything = (
        (_RENDER_VERSION, VERSION, recipe.seed, recipe.sample_rate, recipe.piece_s),
        (recipe.valid, recipe.test, recipe.acoustics, expression_of(recipe)),
        sorted((font.name, font.path.stat().st_size) for font in fonts.values()),
        decides,
    )
    return hashlib.sha256(msgspec.json.encode(everything)).hexdigest()


def expression_of(recipe: Recipe) -> ExpressionSettings:
    """Return how expressively invented music is played."""
    return recipe.expression or ExpressionSettings()


def dry_render(
    performance: Performance, font: InstalledFont, program: int, rate: int
) -> NDArray[np.float32]:
    """Play a performance at a rate; what sounds not at all is an error."""
    dry = loaded(font.path).render(performance, program)
    if float(np.max(np.abs(dry), initial=0.0)) < SILENCE:
        raise RenderError("The render is silent: the soundfont may lack the program.")
    return resampled(dry, rate) if rate != RENDER_RATE else dry
