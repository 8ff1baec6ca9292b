"""Renders held-out invented music: identically in every domain, and by instruments of none."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from umtn_core.data.files import write_atomically, write_audio, write_json
from umtn_core.data.records import finished, write_record
from umtn_core.data.split import Split
from umtn_core.data.store import PairEntry
from umtn_core.data.synth.acoustics import place
from umtn_core.data.synth.casting import generator
from umtn_core.data.synth.expression import express
from umtn_core.data.synth.fluidsynth import loaded
from umtn_core.data.synth.invented import (
    INVENTED,
    LICENCE,
    Fonts,
    dry_render,
    expression_of,
    fingerprint_of,
)
from umtn_core.data.synth.invention.invent import invent
from umtn_core.data.synth.performance import Performance
from umtn_core.data.synth.recipe import Ability, Recipe
from umtn_core.data.synth.render import RenderError
from umtn_core.data.synth.soundfonts import InstalledFont
from umtn_core.errors import UmtnError

#: Program, and abilities.
_Player = tuple[int, list[Ability]]
#: All that any instrument can do; each leaves out what it cannot.
_ALL_ABILITIES: tuple[Ability, ...] = ("bend", "swell", "pedal")


@dataclass(frozen=True)
class InventedPair:
    """A held-out piece to be made up and rendered by everyone: a line, or of several voices."""

    texture: str
    number: int
    fingerprint: str

    @property
    def name(self) -> str:
        """The name of the piece."""
        return f"{self.texture}-{self.number:03d}"

    @property
    def split(self) -> Split:
        """What it is for."""
        return "valid" if self.number % 2 == 0 else "test"


def invented_pairs(recipe: Recipe, fonts: Fonts) -> list[InventedPair]:
    """Plan the held-out pieces: lines, then pieces of several voices."""
    own = {
        name: (domain.instruments, domain.pitch, domain.abilities, domain.polyphony > 0)
        for name, domain in recipe.domains.items()
    }
    fingerprint = fingerprint_of(recipe, fonts, (own, recipe.pairs))
    counts = {"line": recipe.pairs.count, "chords": recipe.pairs.chords}
    return [
        InventedPair(texture, number, fingerprint)
        for texture, count in counts.items()
        for number in range(count)
    ]


def render_pair(pair: InventedPair, recipe: Recipe, fonts: Fonts, folder: Path) -> str | None:
    """Make the audio, notes and curves of a held-out piece; return why there is none, or None."""
    try:
        performance = _performance(recipe, pair, fonts)
        for font in recipe.pairs.soundfonts:
            players = {**_sources(recipe), **_domains(recipe, pair, font)}
            for name, (program, abilities) in players.items():
                path = _path(pair, fonts[font], name)
                keys = loaded(fonts[font].path).keys(program)
                there = finished(folder, path, pair.fingerprint) is not None
                if there or not performance.pitches <= keys:
                    continue
                played = performance.as_played_by(abilities)
                dry = dry_render(played, fonts[font], program, recipe.sample_rate)
                # One room for a piece, so that instruments and fonts differ in nothing else.
                rng = generator(recipe, "room/pair", pair.name)
                wet = place(dry, recipe.sample_rate, recipe.acoustics, rng)
                samples = write_audio(folder / path, wet)
                write_record(folder, path, pair.fingerprint, samples)
    except RenderError as error:
        return str(error)
    curves = performance.curves
    assert curves is not None
    buffer = io.BytesIO()
    np.savez(buffer, bend=curves.bend, gain=curves.gain, tuning=np.float32(curves.tuning))
    write_atomically(folder / _curves(pair), buffer.getvalue())
    rows = [[round(n.start, 4), round(n.end, 4), n.pitch, n.velocity] for n in performance.notes]
    for font in recipe.pairs.soundfonts:
        write_json(folder / _notes(pair, fonts[font]), rows)
    # The last thing written.
    write_record(folder, _curves(pair), pair.fingerprint, len(curves.bend))
    return None


def pair_entries(pair: InventedPair, recipe: Recipe, fonts: Fonts, folder: Path) -> list[PairEntry]:
    """Return what the index says of a held-out piece: an entry a soundfont, or none yet."""
    if finished(folder, _curves(pair), pair.fingerprint) is None:
        return []
    entries = []
    for name in recipe.pairs.soundfonts:
        font = fonts[name]
        renders = {player: _path(pair, font, player) for player in _domains(recipe, pair, name)}
        sources = {player: _path(pair, font, player) for player in _sources(recipe)}
        there = {
            path
            for path in (*renders.values(), *sources.values())
            if finished(folder, path, pair.fingerprint) is not None
        }
        if not there >= set(renders.values()):
            return []
        entries.append(
            PairEntry(
                piece=pair.name,
                split=pair.split,
                licence=f"score: {LICENCE}; soundfont: {font.licence}",
                source=f"{INVENTED}/pairs",
                soundfont=font.name,
                notes=_notes(pair, font),
                renders=renders,
                sources={player: path for player, path in sources.items() if path in there},
                curves=_curves(pair),
                texture=pair.texture,
            )
        )
    return entries


def _performance(recipe: Recipe, pair: InventedPair, fonts: Fonts) -> Performance:
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
    curves = express(played, expression_of(recipe), _ALL_ABILITIES, rng)
    # Some fonts have no sound for a pitch within an instrument's range.
    for font in recipe.pairs.soundfonts:
        for program, _ in _domains(recipe, pair, font).values():
            played = played.within(loaded(fonts[font].path).keys(program))
    return replace(played, curves=curves)


def _domains(recipe: Recipe, pair: InventedPair, font: str) -> dict[str, _Player]:
    """Return the domains that play a held-out piece, with the program and what each can do."""
    players: dict[str, _Player] = {}
    for name, domain in recipe.domains.items():
        if pair.texture == "line" or domain.polyphony > 0:
            programs = [program for made, program in domain.instruments if made == font]
            program = programs[0] if programs else domain.instruments[0][1]
            players[name] = (program, domain.abilities)
    return players


def _sources(recipe: Recipe) -> dict[str, _Player]:
    """Return the instruments of no domain that play the held-out pieces, as far as they can."""
    return {name: (s.program, s.abilities) for name, s in recipe.pairs.sources.items()}


def _path(pair: InventedPair, font: InstalledFont, player: str) -> str:
    return f"pairs/{font.name}/{pair.name}.{player}.npy"


def _notes(pair: InventedPair, font: InstalledFont) -> str:
    return f"pairs/{font.name}/{pair.name}.notes.json"


def _curves(pair: InventedPair) -> str:
    return f"pairs/{pair.name}.curves.npz"
