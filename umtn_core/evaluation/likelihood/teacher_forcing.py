"""What a bundle's decoder pays for real music, in nats a sample (Eq. 1, reconstruction).

Of audio in bands a sample is one of a band: nats a code.

The step graph is given the true samples of each step after it has foretold them. Many excerpts are
stepped side by side, so a domain's figure takes seconds rather than minutes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from umtn_core.audio.resample import resample
from umtn_core.bundle import Bundle
from umtn_core.decode.batch import Conditions
from umtn_core.decode.onnx.onnx_engine import OnnxEngine
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.stream import Stream, StreamState
from umtn_core.encode.onnx_encoder import OnnxEncoder
from umtn_core.evaluation.likelihood.cost import network_nats


def teacher_forced_nats(
    bundle: Bundle,
    domain: str,
    excerpts: Sequence[NDArray[np.float32]],
    *,
    unscored: int | None = None,
) -> float:
    """Mean cost of real audio under a domain's decoder, conditioned on its own latents.

    Parameters
    ----------
    bundle
        The model that is judged.
    domain
        The domain whose decoder is judged.
    excerpts
        The audio: float32 arrays (samples,) of one length, full scale 1, at the decoders' rate.
    unscored
        Samples at the start of each that are heard but do not count, whole steps; by default
        the decoder's receptive field.

    Returns
    -------
    float, nats a sample

    Raises
    ------
    ValueError
        If the excerpts are not of one length, or none of it counts.
    UmtnError
        If the bundle has no such domain.
    """
    lengths = {len(audio) for audio in excerpts}
    if len(lengths) != 1:
        raise ValueError(f"excerpts must be of one length, not {sorted(lengths)}")
    shape = bundle.shape
    codes = np.stack([excerpt_codes(bundle, domain, audio) for audio in excerpts])
    length = codes.shape[1]
    skipped = bundle.shape.receptive_field if unscored is None else unscored
    if skipped >= length:
        raise ValueError(f"excerpts of {length} samples leave none after the first {skipped}")

    encoder = OnnxEncoder(bundle, threads=1)
    engine = OnnxEngine(bundle, domain, threads=1)
    heard = [resample(audio, shape.output_rate, shape.sample_rate) for audio in excerpts]
    streams = [Stream(encoder.encode(audio), length) for audio in heard]
    states = [StreamState.begin(stream, engine.shape) for stream in streams]
    conditions = [Conditions(engine, stream.latents) for stream in streams]
    stepper = engine.stepper(len(streams), Sampling())
    recent = np.stack([state.recent(engine.shape) for state in states])
    stepper.load(0, recent, None)

    total, hop = 0.0, shape.output_hop
    for start in range(0, length, hop):
        end = min(start + hop, length)
        conditioning = np.stack([each.at(start // hop) for each in conditions])
        logits = stepper.score(conditioning, codes[:, start:end])
        first = max(skipped - start, 0)
        if first < end - start:
            scored = codes[:, start + first : end]
            total += network_nats(logits[:, first:], scored) * scored.size
    return total / (len(streams) * (length - skipped))


def excerpt_codes(bundle: Bundle, domain: str, audio: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Make the codes of an excerpt that tell of nothing but its sound: not of its cut end."""
    coding = bundle.coding(domain)
    codes = coding.encode(audio)
    return codes[: len(codes) - coding.tail]
