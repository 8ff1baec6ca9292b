"""Everything an evaluation has translated, kept beside what it was translated from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from umtn_core.bundle import Bundle
from umtn_core.evaluation.listening.heard import RATE, Heard
from umtn_core.evaluation.material.tiers import Make
from umtn_core.evaluation.settings import EvaluationSettings, OnStage

if TYPE_CHECKING:
    from umtn_core.translator import Translator

Audio = NDArray[np.float32]
#: Translates recordings to a domain, all together; their sample rate is the store's.
Translate = Callable[[str, Sequence[Audio]], Sequence[Audio]]


@dataclass(frozen=True)
class Example:
    """One piece as it was played, translated and, where there is one, the paired truth.

    Parameters
    ----------
    tier
        The tier: 1, unseen scores; 2, unseen timbre; 3, real recordings.
    make
        The soundfont or instrument that played it, or ``real player``.
    source, target
        The domain it was played in, and the one it was translated to.
    piece
        The name of the piece; of a recording, its domain.
    sounds
        The audio of ``source``, ``translation`` and, if there is one, ``truth``.
    """

    tier: int
    make: str
    source: str
    target: str
    piece: str
    sounds: dict[str, Heard]


def translate_all(
    domains: Sequence[str],
    makes: Sequence[Make],
    players: dict[str, Heard],
    translate: Translate,
) -> list[Example]:
    """Translate everything; all that goes to one target is decoded together."""
    examples = []
    for target in domains:
        wanted = [
            Example(
                make.tier,
                make.name,
                source,
                target,
                piece.name,
                {"source": piece.renders[source], "truth": piece.renders[target]},
            )
            for make in makes
            for source, to in make.directions(domains)
            if to == target
            for piece in make.pieces
        ]
        wanted += [
            Example(3, "real player", source, target, source, {"source": heard})
            for source, heard in players.items()
            if source != target or len(domains) == 1
        ]
        made = translate(target, [each.sounds["source"].full for each in wanted])
        for example, audio in zip(wanted, made, strict=True):
            example.sounds["translation"] = Heard(audio, example.sounds["source"].rate)
        examples += wanted
    return examples


def translator_of(
    bundle: Bundle, target: str, settings: EvaluationSettings, segments: int | Literal["auto"]
) -> Translator:
    """Open a bundle's translator to a domain, as the settings say."""
    from umtn_core.translator import Translator

    return Translator(
        bundle,
        target,
        engine=settings.engine,
        segments=segments,
        channels=settings.channels,
        dynamics=settings.dynamics,
        transpose=settings.transpose,
        seed=settings.seed,
        temperature=settings.temperature,
        top_p=settings.top_p,
        threads=settings.threads,
    )


def own_translator(
    bundle: Bundle, settings: EvaluationSettings, say: OnStage, rate: int = RATE
) -> Translate:
    """Translate audio of a sample rate by the bundle itself, as the settings say."""

    def translate(target: str, sources: Sequence[Audio]) -> Sequence[Audio]:
        return translator_of(bundle, target, settings, "auto").translate_many(
            [(audio, rate) for audio in sources],
            progress=lambda done: say(f"translating to {target}", done),
        )

    return translate
