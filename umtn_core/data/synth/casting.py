"""Decides which piece is played where, how, and at which pitch, before anything sounds."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from umtn_core.data.split import Split, position, split_by_name
from umtn_core.data.synth.expression import express
from umtn_core.data.synth.families import families
from umtn_core.data.synth.performance import Performance, melody, perform, without_unisons
from umtn_core.data.synth.recipe import Recipe
from umtn_core.data.synth.score import Note, Score
from umtn_core.data.synth.transposition import fit_to_range
from umtn_core.errors import UmtnError


@dataclass(frozen=True)
class CastPiece:
    """A score that has been given to one domain, or to all of them as a held-out pair.

    Parameters
    ----------
    score
        What is played.
    domain
        The domain that plays it; None, all of them.
    split
        What it is for.
    font, program
        What it is played on in its domain; None where all play it.
    performance
        How it is played.
    """

    score: Score
    domain: str | None
    split: Split
    font: str | None
    program: int | None
    performance: Performance

    @property
    def name(self) -> str:
        """A file name made of the score's."""
        return re.sub(r"[^A-Za-z0-9._-]+", "_", self.score.name)


def generator(recipe: Recipe, *names: str) -> np.random.Generator:
    """Return the random generator of one decision: by the seed and names, not by order."""
    text = "\0".join((str(recipe.seed), *names))
    return np.random.default_rng(
        np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype=np.uint32)
    )


def make_plan(recipe: Recipe, scores: list[Score]) -> list[CastPiece]:
    """Choose the held-out pieces, share out the rest, and perform them all.

    Scores that are one tune under several names or in several books stay together:
    they are held out together, or serve one domain. So no domain ever hears, in any
    key or tempo, what another was trained on, and nobody what is held out.

    Parameters
    ----------
    recipe
        The recipe, which says what is wanted.
    scores
        The scores that there are to play.

    Returns
    -------
    the cast pieces of all domains, then those of the held-out pairs

    Raises
    ------
    UmtnError
        If there are too few scores for the minutes asked for.
    """
    groups = families(scores)
    groups.sort(key=lambda family: position(f"{recipe.seed}/{family[0].name}"))
    pairs, used = _pairs(recipe, groups)
    shares: dict[str, list[list[Score]]] = {name: [] for name in recipe.domains}
    names = list(recipe.domains)
    weights = np.array([recipe.domains[name].minutes for name in names])
    # Dealt out in proportion to the minutes wanted, one family at a time.
    dealt = np.zeros(len(names))
    for family in groups[used:]:
        chosen = int(np.argmin(dealt / weights))
        shares[names[chosen]].append(family)
        dealt[chosen] += 1
    result: list[CastPiece] = []
    for name in names:
        result += _domain(recipe, name, shares[name])
    return result + pairs


def _playable(recipe: Recipe, score: Score) -> list[Note]:
    if recipe.scope == "mono":
        return melody(score.notes)
    return without_unisons(score.notes)


def _domain(recipe: Recipe, name: str, shared: list[list[Score]]) -> list[CastPiece]:
    """Cast scores in a domain until it has its minutes."""
    domain = recipe.domains[name]
    # One of each family first; its relatives, nearly the same, only if that is too little.
    scores = [family[0] for family in shared]
    scores += [score for family in shared for score in family[1:]]
    head = {score.name: family[0].name for family in shared for score in family}
    heard = np.zeros(128)  # seconds of each pitch so far
    chosen: list[tuple[Score, tuple[str, int], Performance]] = []
    seconds = 0.0
    for score in scores:
        if seconds >= domain.minutes * 60:
            break
        rng = generator(recipe, "piece", name, score.name)
        notes = fit_to_range(_playable(recipe, score), domain.pitch, heard, rng)
        if not notes:
            continue
        performance = _perform(recipe, score, notes, rng, recipe.piece_s[1], domain.abilities)
        if performance.seconds < recipe.piece_s[0]:
            continue
        for note in performance.notes:
            heard[note.pitch] += note.end - note.start
        instrument = domain.instruments[int(rng.choice(len(domain.instruments)))]
        chosen.append((score, instrument, performance))
        seconds += performance.seconds
    if seconds < domain.minutes * 60:
        raise UmtnError(
            f"The scores give {seconds / 60:.0f} minutes for the domain {name}, and "
            f"{domain.minutes:.0f} are asked for: add collections, raise max_pieces, or "
            "ask for less."
        )
    # Split by family, so that what validates is no relative of what trains.
    splits = split_by_name(
        (head[s.name] for s, _, _ in chosen), valid=recipe.valid, test=recipe.test
    )
    return [
        CastPiece(s, name, splits[head[s.name]], font, program, p)
        for s, (font, program), p in chosen
    ]


def _pairs(recipe: Recipe, groups: list[list[Score]]) -> tuple[list[CastPiece], int]:
    """Cast the held-out pieces; also return how many families they use up."""
    settings = recipe.pairs
    low = max(d.pitch[0] for d in recipe.domains.values())
    high = min(d.pitch[1] for d in recipe.domains.values())
    if settings.count and high - low < 12:
        raise UmtnError(
            "The domains' pitch ranges share less than an octave, so no piece fits all: "
            "widen them, or set pairs.count to 0."
        )
    heard = np.zeros(128)
    pieces: list[CastPiece] = []
    for used, family in enumerate(groups):
        if len(pieces) == settings.count:
            return pieces, used
        score = family[0]
        rng = generator(recipe, "pair", score.name)
        notes = fit_to_range(_playable(recipe, score), (low, high), heard, rng)
        if not notes:
            continue
        performance = _perform(
            recipe, score, notes, rng, rng.uniform(*settings.seconds), ("bend", "swell", "pedal")
        )
        if performance.seconds < settings.seconds[0] - 1:
            continue
        for note in performance.notes:
            heard[note.pitch] += note.end - note.start
        split: Split = "valid" if len(pieces) % 2 == 0 else "test"
        pieces.append(CastPiece(score, None, split, None, None, performance))
    if len(pieces) < settings.count:
        raise UmtnError(
            f"Only {len(pieces)} of the {settings.count} held-out pieces could be found: "
            "add collections, raise max_pieces, or lower pairs.count."
        )
    return pieces, len(groups)


def _perform(
    recipe: Recipe,
    score: Score,
    notes: list[Note],
    rng: np.random.Generator,
    max_s: float,
    abilities: Collection[str],
) -> Performance:
    played = perform(
        score, notes, recipe.performance, rng, mono=recipe.scope == "mono", max_s=max_s
    )
    if recipe.expression is None or not played.notes:
        return played
    return replace(played, curves=express(played, recipe.expression, abilities, rng))
