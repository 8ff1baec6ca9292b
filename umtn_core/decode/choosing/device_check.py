"""Whether a GPU computes what the processor does: a short decode on both, once a decoder.

Before `auto` takes a GPU, the model's own decoder has to say the same there. What was found is
remembered beside the throughput, so that no decode waits for it twice, and a check that never came
back (a driver that hangs) is not begun again.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from umtn_core.audio.whole_file import whole_file
from umtn_core.companding import LEVELS
from umtn_core.decode.choosing.throughput import engine_key, remembering_file
from umtn_core.decode.decode import Decode
from umtn_core.decode.engine import Engine
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.stream import RingLayout, Stream, StreamState
from umtn_core.decode.uniform import uniforms
from umtn_core.errors import UmtnError
from umtn_core.native.cuda.image import source_fingerprint

#: How far logits may be from the processor's float32, relative to the greatest: as far as the tests
#: of the kernels allow.
TOLERANCES = {"fp32": 1e-5, "fp16": 0.004, "bf16": 0.03}

#: Numbers of streams: a plan for each way to spread them. Up to the second, from full rings.
STREAMS = (1, 40, 1000)
#: Streams that differ, for the processor to decode; the others are the same again.
KINDS = 3
STEPS = 24
#: The time at which full rings stand: anywhere within them.
_TIME = 12_345

#: What is remembered of a check that was passed; else it is how many were begun and have not ended.
_PASSED = -1
#: Checks that may have been begun in vain: their processes may have been ended from outside.
_MOST_BEGUN = 2

#: By file and key: what was found in this process.
_OF_THIS_PROCESS: dict[tuple[Path, str], str | None] = {}


def why_not_trusted(engine: Engine, reference: Engine, file: Path | None = None) -> str | None:
    """Return a sentence on why a device's engine is not to be trusted; None if it is.

    It is checked the first time, which takes a second or two.

    Parameters
    ----------
    engine
        The engine on a device.
    reference
        An engine in float32 on the processor, of the same decoder.
    file
        The file that remembers throughput, beside which this is remembered; None, the one in the
        user's cache.
    """
    beside = file or remembering_file()
    file = beside.with_name(f"{beside.stem}_checks.json")
    key = "|".join((engine_key(engine), engine.fingerprint, source_fingerprint()))
    if (file, key) in _OF_THIS_PROCESS:
        return _OF_THIS_PROCESS[file, key]
    known = _read(file).get(key, 0)
    if known > _MOST_BEGUN:
        # Not remembered here: other processes may be at it, and come to their end.
        return f"checks of it were begun and never ended; remove {file} to have it tried again"
    reason = None
    if known != _PASSED:
        _remember(file, key, known + 1)
        try:
            reason = _found(engine, reference)
        except BaseException:
            _remember(file, key, known)
            raise
        # What failed is tried again by the next process: drivers are mended.
        _remember(file, key, _PASSED if reason is None else 0)
    _OF_THIS_PROCESS[file, key] = reason
    return reason


def _found(engine: Engine, reference: Engine) -> str | None:
    try:
        return difference(engine, reference)
    except UmtnError as error:
        return str(error)


def difference(engine: Engine, reference: Engine) -> str | None:
    """Return a sentence on what an engine does otherwise than a reference; None if nothing.

    Parameters
    ----------
    engine, reference
        Engines of the same decoder, the reference in float32.

    Raises
    ------
    UmtnError
        If either cannot decode at all.
    """
    most = engine.most_streams
    for streams in STREAMS:
        if streams <= most and streams <= STREAMS[1]:
            off = _logits_off(engine, reference, streams)
            if not off < TOLERANCES[engine.precision]:
                return (
                    f"its logits are {off:.2g} of the greatest from the processor's with "
                    f"{streams} streams, where {TOLERANCES[engine.precision]:g} is allowed"
                )
        if streams <= most and not _draws_alike(engine, reference, streams):
            return f"it draws other codes than the processor with {streams} streams"
    return None


def _logits_off(engine: Engine, reference: Engine, streams: int) -> float:
    """Say how far given codes' logits are apart, from full rings on."""
    shape, rng = engine.shape, np.random.default_rng(1)
    dims = (KINDS, RingLayout.of(shape).rows, shape.residual_channels)
    rings = rng.standard_normal(dims, np.float32) * np.float32(0.3)
    conditioning = engine.condition(_latents(engine, KINDS))
    recent = rng.integers(0, LEVELS, (KINDS, shape.input_codes))
    codes = rng.integers(0, LEVELS, (KINDS, STEPS * shape.bands)).astype(np.uint8)

    def logits(engine: Engine, kinds: NDArray[np.int64]) -> NDArray[np.float32]:
        stepper = engine.stepper(len(kinds), Sampling())
        stepper.load(_TIME, recent[kinds], [rings[kind] for kind in kinds])
        return stepper.score(conditioning[kinds], codes[kinds])

    found = logits(engine, np.arange(streams) % KINDS)
    expected = logits(reference, np.arange(KINDS))[np.arange(streams) % KINDS]
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def _draws_alike(engine: Engine, reference: Engine, streams: int) -> bool:
    """Whether codes are those that the processor's probabilities and the random numbers ask for.

    Not whether they are the processor's own codes: where a number falls beside the edge between
    two, either is right.
    """
    shape, samples = engine.shape, STEPS * engine.shape.bands
    frames = -(-samples // shape.output_hop)
    latents = [_latents(engine, frames, kind) for kind in range(KINDS)]
    requests = [Stream(latents[i % KINDS], samples, i % KINDS) for i in range(streams)]
    decode = Decode(engine, requests, Sampling())
    decode.advance()
    kinds = range(min(KINDS, streams))
    codes = np.stack(decode.codes)
    if not np.array_equal(codes, codes[np.arange(streams) % KINDS]):
        return False

    stepper = reference.stepper(len(kinds), Sampling())
    states = [StreamState.begin(requests[kind], shape) for kind in kinds]
    stepper.load(0, np.stack([state.recent(shape) for state in states]), None)
    conditions = np.stack([engine.condition(latents[kind]) for kind in kinds])
    parts = range(0, samples, shape.output_hop)
    of_kinds = codes[: len(kinds)]
    logits = np.concatenate(
        [
            stepper.score(
                np.ascontiguousarray(conditions[:, frame]),
                np.ascontiguousarray(of_kinds[:, begin : begin + shape.output_hop]),
            )
            for frame, begin in enumerate(parts)
        ],
        axis=1,
    )
    # Nowhere is a share of the probability further off than the logits are.
    slack = TOLERANCES[engine.precision] * float(np.abs(logits).max()) + 1e-6
    weights = np.exp(logits.astype(np.float64) - logits.max(axis=2, keepdims=True))
    upper = weights.cumsum(axis=2)
    upper /= upper[:, :, -1:]
    at = of_kinds[:, :, None].astype(np.int64)
    above = np.take_along_axis(upper, at, axis=2)[:, :, 0]
    below = np.take_along_axis(np.pad(upper, ((0, 0), (0, 0), (1, 0))), at, axis=2)[:, :, 0]
    numbers = uniforms(0, kinds, 0, samples)
    return bool(np.all((below - slack <= numbers) & (numbers <= above + slack)))


def _latents(engine: Engine, frames: int, seed: int = 0) -> NDArray[np.float32]:
    size = (engine.shape.latent_channels, frames)
    return np.random.default_rng(seed).normal(size=size).astype(np.float32)


def _read(file: Path) -> dict[str, int]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, int])
    except (OSError, msgspec.DecodeError):
        return {}


def _remember(file: Path, key: str, what: int) -> None:
    """Write down that a check has passed, or how many are under way."""
    found = _read(file) | {key: what}
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(file, overwrite=True) as out:
            out.write(msgspec.json.encode(found))
