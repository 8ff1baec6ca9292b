"""Renders invented music: each piece with its versions, and the held-out pairs."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from umtn_core.data.files import write_atomically, write_audio, write_json
from umtn_core.data.records import finished, write_record
from umtn_core.data.split import Split
from umtn_core.data.store import FileEntry, PairEntry
from umtn_core.data.synth.acoustics import place
from umtn_core.data.synth.expression import express
from umtn_core.data.synth.fluidsynth import loaded
from umtn_core.data.synth.invention.invent import VERSION, invent
from umtn_core.data.synth.others import SILENCE, resampled, version
from umtn_core.data.synth.performance import Performance
from umtn_core.data.synth.plan import generator
from umtn_core.data.synth.recipe import Ability, ExpressionSettings, Recipe
from umtn_core.data.synth.render import RENDER_RATE, RenderError
from umtn_core.data.synth.soundfonts import InstalledFont
from umtn_core.errors import UmtnError

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
        Whose it is, and which; they and the recipe decide all else.
    split
        What it is for.
    seconds
        Its length.
    font, program
        What it is played on.
    fingerprint
        Changes with anything that decides the samples.
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
        """Of the piece."""
        return f"{INVENTED}-{self.number:06d}"

    @property
    def path(self) -> str:
        """Of its audio, in the store."""
        return f"audio/{self.domain}/{self.name}.npy"

    def other(self, number: int) -> str:
        """Path of one of its versions by another instrument."""
        return f"others/{self.domain}/{self.name}.{number}.npy"


@dataclass(frozen=True)
class InventedPair:
    """A held-out piece to be made up and rendered by everyone: a line, or of several voices."""

    texture: str
    number: int
    fingerprint: str

    @property
    def name(self) -> str:
        """Of the piece."""
        return f"{self.texture}-{self.number:03d}"

    @property
    def split(self) -> Split:
        """What it is for."""
        return "valid" if self.number % 2 == 0 else "test"


def invented_pieces(recipe: Recipe, fonts: Fonts) -> list[InventedPiece]:
    """Plan the pieces of all domains, in the order in which they are to be made.

    The domains take turns, so that a store that is still growing has as much of each. More
    minutes add pieces, and change none.
    """
    domains = {}
    for name, domain in recipe.domains.items():
        # The minutes decide how many pieces there are, and none of them.
        own = msgspec.structs.replace(domain, minutes=1.0)
        fingerprint = _fingerprint(recipe, fonts, (own, name, recipe.others))
        pieces, seconds = [], 0.0
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


def invented_pairs(recipe: Recipe, fonts: Fonts) -> list[InventedPair]:
    """Plan the held-out pieces: lines, then pieces of several voices."""
    own = {
        name: (domain.instruments, domain.pitch, domain.abilities, domain.polyphony > 0)
        for name, domain in recipe.domains.items()
    }
    fingerprint = _fingerprint(recipe, fonts, (own, recipe.pairs))
    counts = {"line": recipe.pairs.count, "chords": recipe.pairs.chords}
    return [
        InventedPair(texture, number, fingerprint)
        for texture, count in counts.items()
        for number in range(count)
    ]


def performance_of(recipe: Recipe, piece: InventedPiece) -> Performance:
    """Make up a piece of a domain, with its curves."""
    rng = generator(recipe, "music", piece.domain, str(piece.number))
    domain = recipe.domains[piece.domain]
    is_line = bool(rng.random() >= domain.polyphony)
    played = invent(piece.seconds, domain.pitch, is_line=is_line, rng=rng)
    return replace(played, curves=express(played, _expression(recipe), domain.abilities, rng))


def render_piece(piece: InventedPiece, recipe: Recipe, fonts: Fonts, folder: Path) -> str | None:
    """Make the audio of a piece and its versions; return why there is none, or None.

    Raises
    ------
    UmtnError
        If a file cannot be written.
    """
    performance = performance_of(recipe, piece)
    names = (piece.domain, str(piece.number))
    try:
        dry = _dry(performance, fonts[piece.font], piece.program, recipe.sample_rate)
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


def render_pair(pair: InventedPair, recipe: Recipe, fonts: Fonts, folder: Path) -> str | None:
    """Make the audio, notes and curves of a held-out piece; return why there is none, or None."""
    performance = _pair_performance(recipe, pair)
    curves = performance.curves
    assert curves is not None
    buffer = io.BytesIO()
    np.savez(buffer, bend=curves.bend, gain=curves.gain, tuning=np.float32(curves.tuning))
    write_atomically(folder / _curves(pair), buffer.getvalue())
    rows = [[round(n.start, 4), round(n.end, 4), n.pitch, n.velocity] for n in performance.notes]
    for font in recipe.pairs.soundfonts:
        write_json(folder / _notes(pair, fonts[font]), rows)
        for name, (program, abilities) in _players(recipe, pair, font).items():
            path = _pair_path(pair, fonts[font], name)
            if finished(folder, path, pair.fingerprint) is not None:
                continue
            try:
                dry = _dry(
                    performance.as_played_by(abilities), fonts[font], program, recipe.sample_rate
                )
            except RenderError as error:
                return f"{name}: {error}"
            # One room for a piece, so that instruments and fonts differ in nothing else.
            rng = generator(recipe, "room/pair", pair.name)
            samples = write_audio(
                folder / path, place(dry, recipe.sample_rate, recipe.acoustics, rng)
            )
            write_record(folder, path, pair.fingerprint, samples)
    return None


def pair_entries(pair: InventedPair, recipe: Recipe, fonts: Fonts, folder: Path) -> list[PairEntry]:
    """Return what the index says of a held-out piece: an entry a soundfont, or none yet."""
    entries = []
    for name in recipe.pairs.soundfonts:
        font = fonts[name]
        paths = {player: _pair_path(pair, font, player) for player in _players(recipe, pair, name)}
        if any(finished(folder, path, pair.fingerprint) is None for path in paths.values()):
            return []
        entries.append(
            PairEntry(
                piece=pair.name,
                split=pair.split,
                licence=f"score: {LICENCE}; soundfont: {font.licence}",
                source=f"{INVENTED}/pairs",
                soundfont=font.name,
                notes=_notes(pair, font),
                renders={k: path for k, path in paths.items() if k in recipe.domains},
                sources={k: path for k, path in paths.items() if k in recipe.pairs.sources},
                curves=_curves(pair),
                texture=pair.texture,
            )
        )
    return entries


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


def _fingerprint(recipe: Recipe, fonts: Fonts, decides: Any) -> str:
    everything = (
        (_RENDER_VERSION, VERSION, recipe.seed, recipe.sample_rate, recipe.piece_s),
        (recipe.valid, recipe.test, recipe.acoustics, _expression(recipe)),
        sorted((font.name, font.path.stat().st_size) for font in fonts.values()),
        decides,
    )
    return hashlib.sha256(msgspec.json.encode(everything)).hexdigest()


def _expression(recipe: Recipe) -> ExpressionSettings:
    return recipe.expression or ExpressionSettings()


def _dry(
    performance: Performance, font: InstalledFont, program: int, rate: int
) -> NDArray[np.float32]:
    """Play a performance at a rate; what sounds not at all is an error."""
    dry = loaded(font.path).render(performance, program)
    if float(np.max(np.abs(dry), initial=0.0)) < SILENCE:
        raise RenderError("The render is silent: the soundfont may lack the program.")
    return resampled(dry, rate) if rate != RENDER_RATE else dry


def _pair_performance(recipe: Recipe, pair: InventedPair) -> Performance:
    rng = generator(recipe, "pair", pair.texture, str(pair.number))
    is_line = pair.texture == "line"
    domains = [d for d in recipe.domains.values() if is_line or d.polyphony > 0]
    low = max(domain.pitch[0] for domain in domains)
    high = min(domain.pitch[1] for domain in domains)
    if high - low < 12:
        raise UmtnError(
            "The domains' pitch ranges share less than an octave, so no piece fits all: "
            "widen them, or set pairs.count and pairs.chords to 0."
        )
    seconds = float(rng.uniform(*recipe.pairs.seconds))
    played = invent(seconds, (low, high), is_line=is_line, rng=rng)
    curves = express(played, _expression(recipe), ("bend", "swell", "pedal"), rng)
    return replace(played, curves=curves)


def _players(recipe: Recipe, pair: InventedPair, font: str) -> dict[str, tuple[int, list[Ability]]]:
    """Return the program and the abilities of everyone who plays a held-out piece."""
    players: dict[str, tuple[int, list[Ability]]] = {}
    for name, domain in recipe.domains.items():
        if pair.texture == "line" or domain.polyphony > 0:
            programs = [program for made, program in domain.instruments if made == font]
            program = programs[0] if programs else domain.instruments[0][1]
            players[name] = (program, list(domain.abilities))
    for name, source in recipe.pairs.sources.items():
        players[name] = (source.program, list(source.abilities))
    return players


def _pair_path(pair: InventedPair, font: InstalledFont, player: str) -> str:
    return f"pairs/{font.name}/{pair.name}.{player}.npy"


def _notes(pair: InventedPair, font: InstalledFont) -> str:
    return f"pairs/{font.name}/{pair.name}.notes.json"


def _curves(pair: InventedPair) -> str:
    return f"pairs/{pair.name}.curves.npz"
