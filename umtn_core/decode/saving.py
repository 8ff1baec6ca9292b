"""A decode under way as bytes, to go on with after a crash or on another engine."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from umtn_core.decode.decode import Decode
from umtn_core.decode.engine import Engine
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.stream import RingLayout, Stream, StreamState
from umtn_core.errors import UmtnError

SCHEMA = 4
_ARRAYS = ("latents", "codes", "rings")

#: What numpy and msgspec raise on reading something else than was written.
_DAMAGES = (
    ValueError, KeyError, TypeError, AttributeError, EOFError, OSError, zipfile.BadZipFile,
    msgspec.DecodeError,
)  # fmt: skip


class _SavedStream(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: int
    samples: int
    position: int
    seed: int | None


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: int
    fingerprint: str
    precision: str
    seed: int
    temperature: float
    top_p: float
    band_temperatures: tuple[float, ...]
    streams: list[_SavedStream]


def save(decode: Decode, note: bytes = b"", *, leave_out: Collection[str] = ()) -> bytes:
    """Put everything that a decode knows, engine apart, into an npz file's contents.

    Parameters
    ----------
    decode
        Not advancing at the moment.
    note
        Anything that whoever saves it wants to find again, see `saved_note`.
    leave_out
        What whoever restores it will have, see `restore`: ``latents``, ``codes``. Without either,
        what is saved is as large however long the streams are.

    Returns
    -------
    bytes
    """
    header = _Header(
        schema=SCHEMA,
        fingerprint=decode.engine.fingerprint,
        precision=decode.engine.precision,
        **asdict(decode.sampling),
        streams=[
            _SavedStream(
                state.request.id, state.request.samples, state.position, state.request.seed
            )
            for state in decode.states
        ],
    )
    arrays: dict[str, NDArray[Any]] = {
        "header": np.frombuffer(msgspec.json.encode(header), np.uint8),
        "note": np.frombuffer(note, np.uint8),
    }
    for i, state in enumerate(decode.states):
        if "latents" not in leave_out:
            arrays[f"latents.{i}"] = state.request.latents[:, :]
        if "codes" not in leave_out:
            arrays[f"codes.{i}"] = state.codes[: state.position]
        empty = np.empty((0, decode.engine.shape.residual_channels), np.float32)
        arrays[f"rings.{i}"] = empty if state.rings is None else state.rings
    contents = io.BytesIO()
    np.savez(contents, allow_pickle=False, **arrays)
    return contents.getvalue()


def saved_note(contents: bytes) -> tuple[bytes, str]:
    """Return the note that was saved with a decode, and the precision that it ran in.

    Raises
    ------
    UmtnError
        If it is not a saved decode.
    """
    try:
        with np.load(io.BytesIO(contents), allow_pickle=False) as arrays:
            header = msgspec.json.decode(arrays["header"].tobytes(), type=_Header)
            return arrays["note"].tobytes(), header.precision
    except _DAMAGES as error:
        raise UmtnError("The saved decode is damaged; start it again.") from error


def restore(engine: Engine, contents: bytes, streams: Sequence[Stream] | None = None) -> Decode:
    """Make a decode as it was when saved, for any engine with the same weights.

    Parameters
    ----------
    engine
        An engine of the same model and domain.
    contents
        What `save` returned.
    streams
        The streams that it was begun with, in their order; codes that are not saved are in theirs.
        None, the saved ones.

    Raises
    ------
    UmtnError
        If it is not a saved decode, or one of other streams, other weights or another precision.
    """
    try:
        with np.load(io.BytesIO(contents), allow_pickle=False) as arrays:
            header = msgspec.json.decode(arrays["header"].tobytes(), type=_Header)
            if header.schema != SCHEMA or header.fingerprint != engine.fingerprint:
                raise UmtnError(
                    "The saved decode was made with another model or version; start it again."
                )
            if header.precision != engine.precision:
                raise UmtnError(
                    f"The saved decode was made in {header.precision}, and can only go on with an "
                    f"engine of that precision, not in {engine.precision}."
                )
            given: Sequence[Stream | None] = streams or [None] * len(header.streams)
            if len(given) != len(header.streams):
                raise UmtnError("The saved decode is damaged; start it again.")
            states = [
                _state(engine, saved, stream, {part: f"{part}.{i}" for part in _ARRAYS}, arrays)
                for i, (saved, stream) in enumerate(zip(header.streams, given, strict=True))
            ]
    except _DAMAGES as error:
        raise UmtnError("The saved decode is damaged; start it again.") from error
    sampling = Sampling(header.seed, header.temperature, header.top_p, header.band_temperatures)
    return Decode.resumed(engine, states, sampling)


def _state(
    engine: Engine,
    saved: _SavedStream,
    stream: Stream | None,
    names: Mapping[str, str],
    arrays: Mapping[str, NDArray[Any]],
) -> StreamState:
    if stream is None:
        stream = Stream(arrays[names["latents"]], saved.samples, saved.id, saved.seed)
    elif (stream.samples, stream.id, stream.seed) != (saved.samples, saved.id, saved.seed):
        raise UmtnError("The saved decode is of other streams; start it again.")
    state = StreamState.begin(stream, engine.shape)
    if names["codes"] in arrays:
        state.codes[: saved.position] = arrays[names["codes"]]
    state.position = saved.position
    if 0 < saved.position < saved.samples:
        dims = (RingLayout.of(engine.shape).rows, engine.shape.residual_channels)
        state.rings = np.empty(dims, np.float32)
        state.rings[...] = arrays[names["rings"]].reshape(dims)
    return state
