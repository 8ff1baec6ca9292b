"""What a client asks for, what it gets to see of it, and how it is refused."""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from bridge.protocol import LONGEST_ID, State
from bridge.text import control_in
from umtn_core.audio.channels import CHANNEL_MODES
from umtn_core.decode.choosing.engine_names import ENGINES
from umtn_core.names import meant

Code = Literal[
    "bad_request", "unknown_id", "id_in_use", "busy", "rate", "denied", "token", "not_found",
    "exists", "audio", "model", "disk", "failed", "internal",
]  # fmt: skip

HIGHEST_PRIORITY = 1_000_000
#: Segments that one region may be cut into when the client says how many.
MOST_SEGMENTS = 1024
#: Semitones that a region can be transposed by.
FARTHEST_TRANSPOSITION = 36
#: Positions beyond this are slips of the keyboard: a day at 768 kHz.
FARTHEST_SAMPLE = 24 * 3600 * 768_000


class RequestError(Exception):
    """A request that is refused.

    Parameters
    ----------
    code
        The reason for programs, one of `Code`.
    message
        The reason for people: one sentence that says what is wrong and what to do.
    """

    def __init__(self, code: Code, message: str):
        super().__init__(message)
        self.code: Code = code
        self.message = message


class RenderRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A region of a file, and what is to become of it.

    Attributes
    ----------
    id
        The name that the client chose. The same request under the same id is one job, however often
        it is sent.
    input, output
        The paths. Relative ones are looked for in the session folder. Without an output the
        bridge chooses a name in the session folder.
    target, model, engine, seed, temperature, top_p, mix, segments, postfilter
        How it is translated, see `umtn_core.translator.Translator`; ``model`` is the name of an
        installed one, and ``postfilter`` 0 or 1.
    channels, dynamics, transpose
        What becomes of its channels, of loud and soft, and of the pitch; see there too.
    start, length
        The region's start and length inside the file, in ``unit``; no length: up to its end.
    unit
        ``seconds`` or ``samples`` of the file's own rate.
    priority
        Higher ones are rendered first, and among equals the oldest.
    """

    id: str
    input: str
    target: str
    output: str = ""
    model: str = "default"
    start: float = 0.0
    length: float | None = None
    unit: str = "seconds"
    seed: int = 0
    temperature: float | None = None
    top_p: float = 1.0
    mix: float = 1.0
    channels: str = "auto"
    dynamics: float = 1.0
    transpose: int | str = 0
    segments: int | str = "auto"
    engine: str = "auto"
    postfilter: int = 1
    priority: int = 0


class Job(msgspec.Struct, frozen=True):
    """A job as it was at one moment.

    Attributes
    ----------
    request
        The request with the real paths and names that it is carried out by.
    fraction
        The share of the work that is done, 0 to 1.
    seconds_left
        The seconds that it will take yet; None while there is too little to go by.
    output
        Real path of the result; there is a file at it only once the job is done.
    code, message
        Why it failed, else empty.
    note
        What of the region the model was not taught, and what would help; may be empty.
    offer
        The transposition that the note offers: ``octave``, a number of semitones, or nothing.
    created, updated
        Seconds since the epoch: when it was accepted, when its state last changed.
    """

    id: str
    request: RenderRequest
    state: State
    fraction: float = 0.0
    seconds_left: float | None = None
    output: str = ""
    code: str = ""
    message: str = ""
    note: str = ""
    offer: str = ""
    created: float = 0.0
    updated: float = 0.0


def check_id(id: str) -> None:
    """Refuse an id that could not be stored and sent back as it came.

    It is never part of a path, so that only control characters are kept out.

    Raises
    ------
    RequestError
    """
    control = control_in(id)
    if control:
        raise RequestError("bad_request", f"The id has {control}; choose one without.")
    try:
        size = len(id.encode())
    except UnicodeEncodeError:
        raise RequestError("bad_request", "The id is not UTF-8; choose another one.") from None
    if not 1 <= size <= LONGEST_ID:
        raise RequestError(
            "bad_request",
            f"An id has 1 to {LONGEST_ID} bytes of UTF-8, not {size}; choose another one.",
        )


def is_same(request: RenderRequest, known: RenderRequest) -> bool:
    """Tell whether a request asks for what a known one does, however it writes the names.

    Parameters
    ----------
    request, known
        Requests under the same id.
    """
    return known == msgspec.structs.replace(
        request,
        target=known.target if meant(request.target, [known.target]) else request.target,
        model=known.model if meant(request.model, [known.model]) else request.model,
    )


def check_request(request: RenderRequest) -> None:
    """Refuse values that no render can have. Paths, model and target are looked at elsewhere.

    Raises
    ------
    RequestError
        With the code ``bad_request`` and the form that is expected.
    """
    check_id(request.id)
    numbers = (
        request.start, request.length, request.temperature, request.top_p, request.mix,
        request.dynamics,
    )  # fmt: skip
    _check(all(n is None or math.isfinite(n) for n in numbers), "Every number must be finite.")
    _check(request.unit in ("samples", "seconds"), 'unit must be "samples" or "seconds".')
    _check_region(request)
    _check(0 <= request.seed < 2**64, "seed must be a whole number from 0 to 2^64 - 1.")
    temperature = request.temperature
    _check(
        temperature is None or temperature == 0 or 1e-3 <= temperature <= 1e3,
        "temperature must be 0, or from 0.001 to 1000.",
    )
    _check(0 < request.top_p <= 1, "top_p must be above 0 and at most 1.")
    _check(0 <= request.mix <= 1, "mix must be from 0 (dry) to 1 (wet).")
    _check(request.channels in CHANNEL_MODES, f"channels must be {', '.join(CHANNEL_MODES)}.")
    _check(0 <= request.dynamics <= 1, "dynamics must be from 0 (none) to 1 (all).")
    transpose = request.transpose
    _check(
        transpose == "octave"
        or (isinstance(transpose, int) and abs(transpose) <= FARTHEST_TRANSPOSITION),
        f'transpose must be "octave" or a whole number of semitones from -{FARTHEST_TRANSPOSITION} '
        f"to {FARTHEST_TRANSPOSITION}.",
    )
    segments = request.segments
    _check(
        segments == "auto" or (isinstance(segments, int) and 1 <= segments <= MOST_SEGMENTS),
        f'segments must be "auto" or a whole number from 1 to {MOST_SEGMENTS}.',
    )
    _check(request.postfilter in (0, 1), "postfilter must be 0 or 1.")
    _check(request.engine in ENGINES, f"engine must be one of {', '.join(ENGINES)}.")
    _check(
        abs(request.priority) <= HIGHEST_PRIORITY,
        f"priority must be a whole number from -{HIGHEST_PRIORITY} to {HIGHEST_PRIORITY}.",
    )


def _check_region(request: RenderRequest) -> None:
    start, length = request.start, request.length
    _check(0 <= start <= FARTHEST_SAMPLE, "start must be a position inside the file.")
    if length is not None:
        _check(0 < length <= FARTHEST_SAMPLE, "length must be above 0; leave it out for the rest.")
    if request.unit == "samples":
        whole = start == int(start) and (length is None or length == int(length))
        _check(whole, "start and length in samples must be whole numbers.")


def _check(good: bool, message: str) -> None:
    if not good:
        raise RequestError("bad_request", message)
