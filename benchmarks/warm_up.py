"""What a decoder pays for real music after how much of its past, teacher-forced: one table.

Usage: python -m benchmarks.warm_up MODEL STORE [--domain NAME] [--places 128] [--frames 4]
                                    [--engine cpu]

A segment warms up over the receptive field, or over as much as the excerpts had that the decoder
was trained on, if that is less: the manifest's `context`. Here streams begin with an empty past at
so many samples before each of some places in held-out music, and the latent frames that follow are
scored: the same samples in every row, under the same latents. `more` is what they cost beyond what
they cost after the whole receptive field, with the standard error over places.

No shipped model has excerpts shorter than its field. One for trying takes half an hour of one core:

    umtn train benchmarks/long_field.yaml --set store=STORE
    umtn export runs/long_field/last.ckpt -o runs/long_field/model
    python -m benchmarks.warm_up runs/long_field/model STORE
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from umtn_core.audio.resample import resample
from umtn_core.bundle import Bundle
from umtn_core.data.store import Store
from umtn_core.decode.batch import Conditions
from umtn_core.decode.choosing.engines import open_engine
from umtn_core.decode.engine import Engine
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.stream import Stream, StreamState
from umtn_core.encode.onnx_encoder import OnnxEncoder
from umtn_core.errors import UmtnError
from umtn_core.evaluation.likelihood.cost import network_nats
from umtn_core.segments.plan import SETTLING, warm_up
from umtn_core.shape import NetworkShape


class Place(NamedTuple):
    """A place in music.

    Attributes
    ----------
    latents : float32 array (latent_channels, frames)
        Those of the whole recording.
    codes : uint8 array (frames * output_hop,)
        The recording's own.
    frame
        The latent frame at which scoring begins.
    """

    latents: NDArray[np.float32]
    codes: NDArray[np.uint8]
    frame: int


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("store")
    parser.add_argument("--domain", help="the model's first, unless named")
    parser.add_argument("--places", type=int, default=128)
    parser.add_argument("--frames", type=int, default=4, help="latent frames scored at each")
    parser.add_argument("--engine", default="cpu")
    options = parser.parse_args()
    bundle = Bundle.open(options.model)
    domain = options.domain or bundle.domains[0]
    store = Store.open(options.store)
    if store.sample_rate != bundle.shape.output_rate:
        raise SystemExit(f"The store must hold audio at {bundle.shape.output_rate} Hz.")
    files = [entry for split in ("valid", "test") for entry in store.files(domain, split)]
    music = [store.read(entry).astype(np.float32) / np.float32(32768) for entry in files]
    shape, context = bundle.shape, bundle.manifest.context
    lengths = warm_ups(shape, context)
    places = chosen(bundle, domain, music, options.places, lengths[-1], options.frames)
    engine = open_engine(options.engine, bundle, domain)
    print(
        f"{domain}: receptive field {shape.receptive_field} samples, trained on {context}; "
        f"{len(places)} places of {options.frames * shape.output_hop} samples"
    )
    costs = {n: nats_after(engine, places, n, options.frames) for n in lengths}
    whole = costs[_frames(shape.receptive_field, shape)]
    print("frames  seconds  of field  of context     nats     more")
    for frames, cost in costs.items():
        samples = frames * shape.output_hop
        share = f"{samples / context:11.2f}" if context else f"{'':11s}"
        more = cost - whole
        print(
            f"{frames:6d} {samples / shape.output_rate:8.3f} "
            f"{samples / shape.receptive_field:9.2f} {share} {cost.mean():8.4f} "
            f"{more.mean():8.4f} +- {more.std() / np.sqrt(len(more)):.4f}"
        )


def warm_ups(shape: NetworkShape, context: int | None) -> list[int]:
    """Lengths of past that are tried, in latent frames: up to twice the receptive field.

    Parameters
    ----------
    shape
        The network's shape.
    context
        Samples that its decoders were trained on at a time; None where nobody knows.
    """
    taught, field = warm_up(shape, context), shape.receptive_field
    settled = taught + round(SETTLING * shape.output_rate)
    samples = [0, taught // 8, taught // 4, taught // 2, taught, settled, 2 * taught, field // 2]
    return sorted({_frames(each, shape) for each in (*samples, field, 2 * field)})


def _frames(samples: int, shape: NetworkShape) -> int:
    return -(-samples // shape.output_hop)


def chosen(
    bundle: Bundle,
    domain: str,
    music: Sequence[NDArray[np.float32]],
    places: int,
    before: int,
    after: int,
) -> list[Place]:
    """Spread places over recordings.

    Parameters
    ----------
    bundle, domain
        The model, and whose codes the music is scored as.
    music : sequence of float32 array (samples,)
        At the decoders' rate.
    places
        The number of places in all, about.
    before, after
        Latent frames that each must have on either side.

    Raises
    ------
    UmtnError
        If no recording is long enough.
    """
    shape, coding = bundle.shape, bundle.coding(domain)
    encoder = OnnxEncoder(bundle)
    long = [audio for audio in music if len(audio) // shape.output_hop > before + 2 * after]
    if not long:
        seconds = (before + 2 * after) * shape.output_hop / shape.output_rate
        raise UmtnError(f"There is no held-out music of {seconds:.1f} s: name another store.")
    found = []
    for audio in long:
        latents = encoder.encode(resample(audio, shape.output_rate, shape.sample_rate))
        # What follows the last place is heard by the encoder, and tells of no end.
        last = len(audio) // shape.output_hop - 2 * after
        frames = np.unique(np.linspace(before, last, -(-places // len(long)), dtype=int))
        codes = coding.encode(audio)
        found += [Place(latents, codes, int(frame)) for frame in frames]
    return found


def nats_after(
    engine: Engine, places: Sequence[Place], before: int, after: int
) -> NDArray[np.float64]:
    """Score places after so much of their past.

    Parameters
    ----------
    engine
        The decoder.
    places
        Where it is scored, with at least ``before`` latent frames ahead of each.
    before, after
        Latent frames from an empty past to the place, and that are scored from there on.

    Returns
    -------
    float64 array (places,)
        The mean of each, in nats a sample.
    """
    shape, hop = engine.shape, engine.shape.output_hop
    begins = [place.frame - before for place in places]
    total = before + after
    streams = [
        Stream(place.latents[:, begin : begin + total], total * hop)
        for place, begin in zip(places, begins, strict=True)
    ]
    conditions = [Conditions(engine, stream.latents) for stream in streams]
    stepper = engine.stepper(len(streams), Sampling())
    states = [StreamState.begin(stream, shape) for stream in streams]
    stepper.load(0, np.stack([state.recent(shape) for state in states]), None)
    costs = np.zeros((after, len(places)))
    for frame in range(total):
        codes = np.stack(
            [
                place.codes[(begin + frame) * hop : (begin + frame + 1) * hop]
                for place, begin in zip(places, begins, strict=True)
            ]
        )
        logits = stepper.score(np.stack([each.at(frame) for each in conditions]), codes)
        if frame >= before:
            costs[frame - before] = list(map(network_nats, logits, codes))
    return costs.mean(axis=0)


if __name__ == "__main__":
    main()
