"""What to evaluate, and how thoroughly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from umtn_core.audio.channels import ChannelMode
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
        The split whose pieces and audio are judged: ``test``, or ``valid`` while choosing a model.
    pieces
        The largest number of pieces of each soundfont; None, all.
    seconds
        The longest time taken of each piece and recording; None, all of it.
    polyphonic
        Whether to judge by transcription instead of pitch tracks.
    recordings
        Whether recordings of real players (monophonic scope only) and sampled instruments are
        fetched too.
    excerpts, excerpt_seconds
        The number and length of each domain's excerpts for the likelihood and the latents' probe.
    training_excerpts
        The number of excerpts of each domain's training split that the classifier, the probe and
        the linear predictors learn from.
    channels, dynamics, transpose
        What becomes of stereo, of loudness and of pitch, as `umtn_core.translator.Translator`
        takes them. What is transposed is judged against the music as it was.
    seed, temperature, top_p
        How samples are drawn, see `umtn_core.decode.sampling.Sampling`; without a temperature, at
        the model's own. The seed also draws the bootstrap.
    engine
        The engine's name, see `decode.choosing.engine_names`; by default one in float32, so that
        figures do not depend on which engine is fastest where they are taken.
    threads
        The number of threads that decode at once; None, one for each core.
    """

    split: Literal["valid", "test"] = "test"
    pieces: int | None = None
    seconds: float | None = None
    polyphonic: bool = False
    recordings: bool = True
    excerpts: int = 16
    excerpt_seconds: float = 1.5
    training_excerpts: int = 80
    channels: ChannelMode = "auto"
    dynamics: float = 1.0
    transpose: int | Literal["octave"] = 0
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
