"""A decode under way as bytes, to go on with after a crash or on another engine."""

from __future__ import annotations

import io
import zipfile
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

SCHEMA = 3
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


def save(decode: Decode, note: bytes = b"") -> bytes:
    """Put everything that a decode knows, engine apart, into an npz file's contents.

    Parameters
    ----------
    decode
        Not advancing at the moment.
    note
        Anything that whoever saves it wants to find again, see `saved_note`.

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
        arrays[f"latents.{i}"] = state.request.latents
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


def restore(engine: Engine, contents: bytes) -> Decode:
    """Make a decode as it was when saved, for any engine with the same weights.

    Parameters
    ----------
    engine
        An engine of the same model and domain.
    contents
        What `save` returned.

    Raises
    ------
    UmtnError
        If it is not a saved decode, or one of other weights or another precision.
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
            states = [
                _state(engine, saved, {part: arrays[f"{part}.{i}"] for part in _ARRAYS})
                for i, saved in enumerate(header.streams)
            ]
    except _DAMAGES as error:
        raise UmtnError("The saved decode is damaged; start it again.") from error
    sampling = Sampling(header.seed, header.temperature, header.top_p, header.band_temperatures)
    return Decode.resumed(engine, states, sampling)


def _state(engine: Engine, saved: _SavedStream, arrays: dict[str, NDArray[Any]]) -> StreamState:
    request = Stream(arrays["latents"], saved.samples, saved.id, saved.seed)
    state = StreamState.begin(request, engine.shape)
    state.codes[: saved.position] = arrays["codes"]
    state.position = saved.position
    if 0 < saved.position < saved.samples:
        dims = (RingLayout.of(engine.shape).rows, engine.shape.residual_channels)
        state.rings = np.empty(dims, np.float32)
        state.rings[...] = arrays["rings"].reshape(dims)
    return state
