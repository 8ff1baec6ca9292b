"""What tests of all engines do with them: score given codes, decode, compare."""

import numpy as np

from umtn_core.decode.decode import Decode
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.stream import RingLayout
from umtn_core.shape import NetworkShape


def small_shape(**options) -> NetworkShape:
    return NetworkShape(
        **{
            "hop": 10, "latent_channels": 2, "encoder_blocks": 1, "encoder_layers": 1,
            "encoder_channels": 1, "decoder_blocks": 1, "decoder_layers": 3,
            "residual_channels": 20, "skip_channels": 12, **options,
        }
    )  # fmt: skip


def scored(engine, conditioning, codes, threads=1):
    """Logits (streams, samples, 256) and rings of given codes, frame by frame."""
    shape, streams = engine.shape, len(codes)
    layout = RingLayout.of(shape)
    rings = [np.zeros((layout.rows, shape.residual_channels), np.float32) for _ in codes]
    recent = np.full((streams, shape.input_codes), -1)
    recent[:, -shape.bands :] = shape.start_code
    stepper = engine.stepper(streams, Sampling(), threads)
    stepper.load(0, recent, rings)
    logits = [
        stepper.score(frame, codes[:, i * shape.output_hop : (i + 1) * shape.output_hop])
        for i, frame in enumerate(conditioning)
    ]
    stepper.store(rings)
    return np.concatenate(logits, axis=1), np.stack(rings)


def given_work(shape, streams, seed=0, frames=2):
    """Conditioning and codes at random, of some latent frames."""
    rng = np.random.default_rng(seed)
    conditioning = rng.normal(size=(frames, streams, shape.conditioning_width))
    codes = rng.integers(0, 256, (streams, frames * shape.output_hop)).astype(np.uint8)
    return conditioning.astype(np.float32), codes


def relative(actual, expected):
    return np.abs(actual - expected).max() / np.abs(expected).max()


def decoded(engine, streams, sampling=None):
    decode = Decode(engine, streams, sampling or Sampling(seed=3))
    decode.advance()
    assert decode.done
    return decode.codes


def same(actual, expected):
    return len(actual) == len(expected) and all(map(np.array_equal, actual, expected))
