"""What the ``cpu`` engine's precisions lose on real audio, against float32.

The audio is cut into excerpts that are scored side by side by the run time's own engine, in each
precision given the same codes. Each decoder hears music of its own domain where there is any: it is
what a decoder goes on from in use. Each excerpt is heard for a while before it counts, since errors
build up along the layers' past. The encoder is the one that goes with the precision, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from export.training_data import Excerpt
from umtn_core.audio.level import to_reference
from umtn_core.audio.resample import resample
from umtn_core.bundle import Bundle, PrecisionLoss, Precisions
from umtn_core.companding import NOTHING_YET
from umtn_core.decode.cpu.cpu_engine import CpuEngine, Precision
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.stream import RingLayout
from umtn_core.encode.opening import open_encoder
from umtn_core.evaluation.likelihood.cost import network_nats
from umtn_core.native.library import is_available

#: Steps scored with each decoder, about, and the excerpts that they are taken from.
SCORED = 20_000
EXCERPTS = 8
#: Steps of an excerpt that are heard before it counts, if its receptive field is longer.
WARM_UP = 16_000


def measure_precisions(
    bundle: Bundle,
    audio: NDArray[np.float32],
    sample_rate: int,
    what: str,
    own: Mapping[str, Excerpt] | None = None,
    known: Precisions | None = None,
) -> Precisions | None:
    """Measure what a bundle's decoders lose in each precision.

    Parameters
    ----------
    bundle
        The bundle whose decoders are measured.
    audio : float32 array (channels, samples)
        Real music that every domain's decoder hears which has none of its own.
    sample_rate
        The sample rate in hertz.
    what
        The audio in words, for the manifest.
    own
        Music of some domains, by name, for their decoders; the others hear ``audio``.
    known
        What is known already of some decoders, which are not measured again.

    Returns
    -------
    Precisions
        Or None where the ``cpu`` engine was not built: there is nothing to measure with.
    """
    if not is_available():
        return None
    warm_up = min(bundle.shape.receptive_steps, WARM_UP) // bundle.shape.steps_per_frame
    lossy = [precision for precision in get_args(Precision) if precision != "fp32"]
    said = known.losses if known is not None else {}
    samples = [known.samples] if known is not None else []
    losses: dict[str, dict[str, PrecisionLoss]] = {precision: {} for precision in lossy}
    for domain in bundle.domains:
        if all(domain in said.get(precision, ()) for precision in lossy):
            for precision in lossy:
                losses[precision][domain] = said[precision][domain]
            continue
        codes, parts = _excerpts(bundle, domain, *(own or {}).get(domain, (audio, sample_rate)))
        unscored = min(warm_up, codes.shape[1] // 2)
        exact = _logits(bundle, domain, "fp32", codes, parts, unscored)
        scored = codes[:, unscored:].reshape(len(codes), -1)
        samples.append(scored.size)
        largest, nats = float(np.abs(exact).max()), network_nats(exact, scored)
        for precision in lossy:
            found = _logits(bundle, domain, precision, codes, parts, unscored)
            losses[precision][domain] = PrecisionLoss(
                nats=float(f"{network_nats(found, scored) - nats:.3g}"),
                logits=float(f"{np.abs(found - exact).max() / largest:.3g}"),
            )
    return Precisions(what, min(samples), losses)


def _excerpts(
    bundle: Bundle, domain: str, audio: NDArray[np.float32], sample_rate: int
) -> tuple[NDArray[np.uint8], list[NDArray[np.float32]]]:
    """Cut music into excerpts: codes (excerpts, frames, output_hop), and what is heard of each."""
    shape, coding = bundle.shape, bundle.coding(domain)
    rate, hop, steps = shape.output_rate, shape.output_hop, shape.steps_per_frame
    mono = resample(audio.mean(axis=0, dtype=np.float32), sample_rate, rate)
    mono = to_reference(mono, rate, bundle.manifest.reference_loudness)
    wanted = min(shape.receptive_steps, WARM_UP) // steps + -(-SCORED // EXCERPTS // steps)
    frames = max(2, min(wanted, len(mono) // hop))
    mono = np.pad(mono, (0, max(0, frames * hop - len(mono))))
    # As far apart as the music allows: an excerpt of silence would say nothing.
    last = len(mono) // hop - frames
    firsts = sorted({round(last * i / (EXCERPTS - 1)) for i in range(EXCERPTS)})
    parts = [mono[first * hop :][: frames * hop] for first in firsts]
    codes = np.stack([coding.encode(part).reshape(frames, hop) for part in parts])
    return codes, [resample(part, rate, shape.sample_rate, frames * shape.hop) for part in parts]


def _logits(
    bundle: Bundle,
    domain: str,
    precision: Precision,
    codes: NDArray[np.uint8],
    parts: list[NDArray[np.float32]],
    unscored: int,
) -> NDArray[np.float32]:
    """Logits of every excerpt's codes after so many frames: (excerpts, codes, 256)."""
    shape, streams = bundle.shape, len(codes)
    engine = CpuEngine(bundle, domain, 1, precision)
    encoder = open_encoder(bundle, engine.encoder_precision, 1)
    conditioning = np.stack([engine.condition(encoder.encode(part)) for part in parts])
    stepper = engine.stepper(streams, Sampling())
    empty = np.zeros((RingLayout.of(shape).rows, shape.residual_channels), np.float32)
    recent = np.full((streams, shape.input_codes), NOTHING_YET, np.int64)
    stepper.load(0, recent, [empty] * streams)
    kept = []
    for frame in range(codes.shape[1]):
        logits = stepper.score(conditioning[:, frame], codes[:, frame])
        if frame >= unscored:
            kept.append(logits)
    return np.concatenate(kept, axis=1)
