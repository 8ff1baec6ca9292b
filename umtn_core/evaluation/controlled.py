"""Swells, rests, vibrato and places in stereo that are known, and what becomes of them.

Held-out pieces of one loudness, without rests and vibrato, in mono say nothing of these, and
most stores have no others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umtn_core.bundle import Bundle
from umtn_core.evaluation.listening.heard import Heard
from umtn_core.evaluation.material.controlled import (
    KINDS,
    VIBRATO_CENTS,
    VIBRATO_HERTZ,
    placed,
    swelling,
    vibrating,
)
from umtn_core.evaluation.material.held_out import HeldOutPiece
from umtn_core.evaluation.measures.rests import rest_after, rest_level
from umtn_core.evaluation.measures.share import Figure, Share, figure, rounded
from umtn_core.evaluation.measures.stereo import mono_sum_db, pan_distance, stereo_correlation
from umtn_core.evaluation.measures.swell import PHRASE_SECONDS, loudness_correlation, swell_slope
from umtn_core.evaluation.measures.vibrato import vibrato_share
from umtn_core.evaluation.settings import EvaluationSettings, OnStage
from umtn_core.evaluation.translating import Translate, own_translator
from umtn_core.progress import Progress

Audio = NDArray[np.float32]
Measure = Callable[[Audio, Audio, int], float]

#: So much of each piece swells, or stands in stereo, in seconds.
SWELL_SECONDS, STEREO_SECONDS = 4.0, 2.0
#: So many pieces swell.
SWELLS = 2


@dataclass(frozen=True)
class Controlled:
    """What a model makes of swells, rests and places in stereo.

    Parameters
    ----------
    report
        ``kinds``, how each piece stands in stereo; ``correlations``, left with right, of each,
        ``in`` and ``out``; and ``figures``: ``swell_slope``, ``loudness_correlation``,
        ``rest_dbfs``, ``rest_after_ms`` and ``vibrato_ratio`` of the swells,
        ``stereo_correlation_error``, ``mono_sum_error_db`` and ``pan_error_db`` of the places, each
        beside the ceiling, the target's real render treated alike, and the floor, which is that
        render as it was, or two pieces in place of one.
    swell
        The first swell: ``source``, ``translation`` and ``truth``.
    """

    report: dict[str, Any]
    swell: dict[str, Heard]


def controlled_figures(
    translate: Translate,
    source: str,
    target: str,
    pieces: Sequence[HeldOutPiece],
    seed: int = 0,
) -> Controlled:
    """Translate pieces that were made to swell and put in stereo, and compare with what was done.

    Parameters
    ----------
    translate
        What translates audio of the pieces' rate, in mono or stereo.
    source, target
        The domain the pieces are played in, and the one they are translated to.
    pieces
        The pieces; the first ones swell, and each of a few has a place of another kind.
    seed
        The seed of the bootstrap.

    Returns
    -------
    Controlled
        What was found, and a swell to hear.
    """
    rate = pieces[0].renders[source].rate
    given, truths = ([piece.renders[d].full for piece in pieces] for d in (source, target))
    swells, places = _swelling(given, rate), _placed(given, rate)
    made = list(translate(target, [*swells, *places]))
    plain = [voice[: len(swell)] for voice, swell in zip(given, swells, strict=False)]
    level = [truth[: len(swell)] for truth, swell in zip(truths, swells, strict=False)]
    of_swells = (made[: len(swells)], _swelling(truths, rate), level)
    beside = {
        **dict.fromkeys(_OF_SWELLS, (swells, *of_swells)),
        **dict.fromkeys(_OF_VIBRATO, (plain, *of_swells)),
        **dict.fromkeys(
            _OF_PLACES,
            (places, made[len(swells) :], _placed(truths, rate), _apart(truths, places)),
        ),
    }
    measures = {**_OF_SWELLS, **_OF_VIBRATO, **_OF_PLACES}
    figures = {name: _figure(how, *beside[name], rate, seed) for name, how in measures.items()}
    report = {
        "kinds": list(KINDS)[: len(places)],
        "correlations": [
            {"in": rounded(stereo_correlation(a)), "out": rounded(stereo_correlation(b))}
            for a, b in zip(places, made[len(swells) :], strict=True)
        ],
        "figures": figures,
    }
    heard = {"source": swells[0], "translation": made[0], "truth": _swelling(truths, rate)[0]}
    return Controlled(report, {name: Heard(audio, rate) for name, audio in heard.items()})


def controlled_renders(
    bundle: Bundle,
    source: str,
    target: str,
    pieces: Sequence[HeldOutPiece],
    settings: EvaluationSettings,
    say: OnStage,
) -> Controlled:
    """Figures of swells and places that a bundle translates, see `controlled_figures`.

    Parameters
    ----------
    bundle, source, target, pieces
        The model, the domains from and to which it translates, and the pieces.
    settings
        The settings, of which those of the translator are used.
    say
        A function that is told of the progress.
    """

    def stage(_: str, done: Progress) -> None:
        say(f"swells and places on the {target}", done)

    rate = pieces[0].renders[source].rate
    translate = own_translator(bundle, settings, stage, rate)
    return controlled_figures(translate, source, target, pieces, settings.seed)


def _swelling(voices: Sequence[Audio], rate: int) -> list[Audio]:
    samples = round(SWELL_SECONDS * rate)
    return [swelling(vibrating(voice[:samples], rate), rate) for voice in voices[:SWELLS]]


def _placed(voices: Sequence[Audio], rate: int) -> list[Audio]:
    samples = round(STEREO_SECONDS * rate)
    return [placed(voice[:samples], kind, rate) for voice, kind in zip(voices, KINDS, strict=False)]


def _apart(voices: Sequence[Audio], places: Sequence[Audio]) -> list[Audio] | None:
    """Each piece on the left, and the one after it on the right."""
    if len(voices) < 2:
        return None
    pairs = zip(voices, [*voices[1:], voices[0]], strict=True)
    sizes = (place.shape[1] for place in places)
    return [
        np.stack([np.pad(side[:size], (0, max(0, size - len(side)))) for side in pair])
        for pair, size in zip(pairs, sizes, strict=False)
    ]


def _figure(
    how: Measure,
    reference: Sequence[Audio],
    made: Sequence[Audio],
    ceiling: Sequence[Audio],
    floor: Sequence[Audio] | None,
    rate: int,
    seed: int,
) -> Figure:
    """One measure of what was made, of its ceiling and of its floor."""

    def share(group: Sequence[Audio]) -> Share:
        return Share.mean([how(a, b, rate) for a, b in zip(group, reference, strict=True)])

    least = None if floor is None else share(floor)
    return figure(share(made), share(ceiling), least, seed=seed)


def _vibrato(made: Audio, plain: Audio, rate: int) -> float:
    first, second = (Heard(audio, rate).pitch for audio in (made, plain))
    return vibrato_share(first, second, VIBRATO_HERTZ, VIBRATO_CENTS)


def _change_of(what: Callable[[Audio], float]) -> Measure:
    return lambda made, reference, rate: abs(what(made) - what(reference))


_OF_SWELLS: dict[str, Measure] = {
    "swell_slope": partial(swell_slope, seconds=PHRASE_SECONDS),
    "loudness_correlation": partial(loudness_correlation, seconds=PHRASE_SECONDS),
    "rest_dbfs": rest_level,
    "rest_after_ms": rest_after,
}
_OF_VIBRATO: dict[str, Measure] = {"vibrato_ratio": _vibrato}
_OF_PLACES: dict[str, Measure] = {
    "stereo_correlation_error": _change_of(stereo_correlation),
    "mono_sum_error_db": _change_of(mono_sum_db),
    "pan_error_db": pan_distance,
}
