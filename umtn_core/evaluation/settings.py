"""What to evaluate, and how thoroughly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from umtn_core.decode.choosing.auto import precise
from umtn_core.progress import Progress

#: Called with the name of the stage under way and how far it is.
OnStage = Callable[[str, Progress], None]


@dataclass(frozen=True)
class EvaluationSettings:
    """How an evaluation is done.

    Parameters
    ----------
    split
        Whose paired pieces and audio: ``test``, or ``valid`` while choosing a model.
    pieces
        At most so many pieces of each soundfont; None, all.
    seconds
        At most so much of each piece and recording; None, all.
    polyphonic
        Judge by transcription instead of pitch tracks.
    recordings
        Fetch recordings of real players (monophonic scope only) and sampled instruments too.
    excerpts, excerpt_seconds
        Excerpts of each domain for the likelihood and the latents' probe.
    training_excerpts
        Excerpts of each domain's training split that the classifier, the probe and the
        linear predictors learn from.
    seed, temperature, top_p
        See `umtn_core.decode.sampling.Sampling`; without a temperature, the model's own. The seed
        also draws the bootstrap.
    engine
        See `decode.choosing.engines`; by default one in float32, so that figures do not depend
        on which engine is fastest where they are taken.
    threads
        That decode at once; None, one for each core.
    """

    split: Literal["valid", "test"] = "test"
    pieces: int | None = None
    seconds: float | None = None
    polyphonic: bool = False
    recordings: bool = True
    excerpts: int = 16
    excerpt_seconds: float = 1.5
    training_excerpts: int = 80
    seed: int = 0
    temperature: float | None = None
    top_p: float = 1.0
    engine: str = field(default_factory=precise)
    threads: int | None = None

    @classmethod
    def quick(cls, **changes: Any) -> EvaluationSettings:
        """Settings that take minutes: four pieces of 5 s on each soundfont, and fewer excerpts."""
        less = {"pieces": 4, "seconds": 5.0, "excerpts": 6, "training_excerpts": 40}
        return cls(**{**less, **changes})
