"""Blending two inputs in the latent, as the paper does, until one melody gives way to the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from umtn_core.audio.level import to_reference
from umtn_core.audio.resample import resample
from umtn_core.bundle import Bundle
from umtn_core.decode.choosing.auto import resolved
from umtn_core.decode.choosing.engines import open_engine
from umtn_core.decode.decode import Decode
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.stream import Stream
from umtn_core.encode.onnx_encoder import OnnxEncoder
from umtn_core.evaluation.listening.heard import Heard
from umtn_core.evaluation.material.held_out import HeldOutPiece
from umtn_core.evaluation.measures.group_measures import agreement
from umtn_core.evaluation.measures.share import rounded
from umtn_core.evaluation.settings import EvaluationSettings, OnStage
from umtn_core.segments.plan import samples_made

#: Shares of the second input.
WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Blend:
    """Mixtures of two inputs' latents, decoded.

    Parameters
    ----------
    source, target
        The domain both inputs are played in, and the decoder's.
    pieces
        The names of the two inputs.
    inputs
        The audio of the two inputs, of one length.
    mixtures
        The audio that was decoded for each of `WEIGHTS`.
    """

    source: str
    target: str
    pieces: tuple[str, str]
    inputs: tuple[Heard, Heard]
    mixtures: tuple[Heard, ...]

    def figures(self) -> dict[str, Any]:
        """How much of each input can be heard in each mixture.

        Returns
        -------
        dict
            ``weights``, of the second input; ``first`` and ``second``, for each the share of the
            frames where that input has a pitch in which the mixture has the same, to 50 cents.
        """

        def in_tune(given: Heard) -> list[float | None]:
            return [
                rounded(agreement([made.pitch], [given.pitch], "within_50").value)
                for made in self.mixtures
            ]

        return {
            "source": self.source,
            "target": self.target,
            "pieces": list(self.pieces),
            "weights": list(WEIGHTS),
            "first": in_tune(self.inputs[0]),
            "second": in_tune(self.inputs[1]),
        }


def blend(
    bundle: Bundle,
    source: str,
    target: str,
    pieces: tuple[HeldOutPiece, HeldOutPiece],
    settings: EvaluationSettings,
    say: OnStage,
) -> Blend:
    """Encode two pieces, and decode mixtures ``(1 - w) z1 + w z2`` of their latents.

    Parameters
    ----------
    bundle
        The model whose latents are mixed.
    source, target
        The domain both pieces are played in, and the decoder's.
    pieces
        The inputs; the longer one is cut.
    settings
        The settings, of which sampling, engine and threads are used.
    say
        A function that is told of the progress.
    """
    samples = min(len(piece.renders[source].full) for piece in pieces)
    rate = pieces[0].renders[source].rate
    inputs = tuple(Heard(piece.renders[source].full[:samples], rate) for piece in pieces)
    encoder = OnnxEncoder(bundle, settings.threads)
    lufs = bundle.manifest.reference_loudness
    hears = bundle.shape.sample_rate
    audio = [resample(heard.full, rate, hears) for heard in inputs]
    first, second = (encoder.encode(to_reference(each, hears, lufs)) for each in audio)
    made = samples_made(len(audio[0]), bundle.shape)
    streams = [
        Stream(np.float32(1 - weight) * first + np.float32(weight) * second, made, k)
        for k, weight in enumerate(WEIGHTS)
    ]
    temperature = settings.temperature
    if temperature is None:
        temperature = bundle.manifest.temperature
    name = resolved(settings.engine, bundle, target)
    engine = open_engine(name, bundle, target, settings.threads)
    by_band = bundle.manifest.band_temperatures
    sampling = Sampling(settings.seed, temperature, settings.top_p, by_band)
    decode = Decode(engine, streams, sampling)
    decode.advance(progress=lambda done: say(f"blending on the {target}", done))
    coding, makes = bundle.coding(target), bundle.shape.output_rate
    return Blend(
        source,
        target,
        (pieces[0].name, pieces[1].name),
        (inputs[0], inputs[1]),
        tuple(Heard(coding.decode(codes), makes) for codes in decode.codes),
    )
