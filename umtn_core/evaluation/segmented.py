"""Joins of segments in a model's own renders, measured; see `measures.joins`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from umtn_core.bundle import Bundle
from umtn_core.evaluation.listening.heard import Heard
from umtn_core.evaluation.measures.joins import join_figures
from umtn_core.evaluation.settings import EvaluationSettings, OnStage
from umtn_core.evaluation.translating import translator_of
from umtn_core.segments.join import joined
from umtn_core.translation import Source

#: Segments that the music is cut into.
SEGMENTS = 4
#: So much music is enough to meet a few joins.
MOST_SECONDS = 30.0


def segment_joins(
    bundle: Bundle,
    target: str,
    sources: Sequence[Heard],
    settings: EvaluationSettings,
    say: OnStage,
) -> dict[str, Any] | None:
    """Translate pieces end to end, in segments and in one stream, and rank what joins change.

    Parameters
    ----------
    bundle, target
        The model, and the domain that is decoded to.
    sources
        The pieces, of which the first 30 s are taken.
    settings
        The settings, of which those of the translator are used.
    say
        A function that is told of the progress.

    Returns
    -------
    dict as of `measures.joins.join_figures`, or None where it is too short to be cut
    """
    rate = sources[0].rate
    audio = np.concatenate([heard.full for heard in sources])[: round(MOST_SECONDS * rate)]

    def parts(segments: int) -> tuple[Any, Any]:
        translator = translator_of(bundle, target, settings, segments)
        translation = translator.begin([Source(audio, rate)])
        translation.advance(progress=lambda done: say(f"joining segments on the {target}", done))
        ((decoded, plan),) = translation.parts() or [([], ())]
        return decoded, plan

    decoded, plan = parts(SEGMENTS)
    if len(plan) < 2:
        return None
    made = bundle.shape.output_rate
    render, joins = joined(decoded, plan, made)
    (unbroken,), _ = parts(1)
    return join_figures(render, [join.place for join in joins], unbroken, made)
