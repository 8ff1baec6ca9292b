"""A decode under way as bytes, to go on with after a crash or on another engine."""

from __future__ import annotations

import io
import zipfile
from dataclasses import asdict

import msgspec
import numpy as np

from umtn_core.decode.decode import Decode
from umtn_core.decode.engine import Engine
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.stream import RingLayout, Stream, StreamState
from umtn_core.errors import UmtnError

SCHEMA = 1


class _SavedStream(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: int
    samples: int
    position: int


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: int
    fingerprint: str
    seed: int
    temperature: float
    top_p: float
    streams: list[_SavedStream]


def save(decode: Decode) -> bytes:
    """Everything that a decode knows, engine apart, as an npz file's contents.

    Parameters
    ----------
    decode
        Not advancing at the moment.

    Returns
    -------
    bytes
    """
    header = _Header(
        schema=SCHEMA,
        fingerprint=decode.engine.fingerprint,
        **asdict(decode.sampling),
        streams=[
            _SavedStream(state.request.id, state.request.samples, state.position)
            for state in decode.states
        ],
    )
    arrays = {"header": np.frombuffer(msgspec.json.encode(header), np.uint8)}
    for i, state in enumerate(decode.states):
        arrays[f"latents.{i}"] = state.request.latents
        arrays[f"codes.{i}"] = state.codes[: state.position]
        arrays[f"rings.{i}"] = state.rings
    contents = io.BytesIO()
    np.savez(contents, allow_pickle=False, **arrays)
    return contents.getvalue()


def restore(engine: Engine, contents: bytes) -> Decode:
    """A decode as it was when saved, to be advanced by any engine with the same weights.

    Parameters
    ----------
    engine
        Of the same model and domain.
    contents
        What `save` returned.

    Raises
    ------
    UmtnError
        If it is not a saved decode, or one of other weights.
    """
    try:
        with np.load(io.BytesIO(contents), allow_pickle=False) as arrays:
            header = msgspec.json.decode(arrays["header"].tobytes(), type=_Header)
            if header.schema != SCHEMA or header.fingerprint != engine.fingerprint:
                raise UmtnError(
                    "The saved decode was made with another model or version; start it again."
                )
            states = [
                _state(engine, saved, *(arrays[f"{part}.{i}"] for part in ("latents", "codes", "rings")))
                for i, saved in enumerate(header.streams)
            ]
    except (ValueError, KeyError, OSError, zipfile.BadZipFile, msgspec.DecodeError) as error:
        raise UmtnError("The saved decode is damaged; start it again.") from error
    sampling = Sampling(header.seed, header.temperature, header.top_p)
    return Decode.resumed(engine, states, sampling)


def _state(
    engine: Engine,
    saved: _SavedStream,
    latents: np.ndarray,
    codes: np.ndarray,
    rings: np.ndarray,
) -> StreamState:
    state = StreamState.begin(Stream(latents, saved.samples, saved.id), engine.shape)
    state.codes[: saved.position] = codes
    state.rings[...] = rings
    state.position = saved.position
    return state
