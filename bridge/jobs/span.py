"""Which samples of its file a request is about."""

from __future__ import annotations

from bridge.jobs.request import RenderRequest, RequestError

#: OSC's floats hold a time an hour into a file to a quarter of a millisecond; a region may seem
#: to end by about as much after its file does.
ROUNDING_SECONDS = 1e-3


def span(
    request: RenderRequest, samples: int, sample_rate: int, longest_seconds: float, name: str
) -> tuple[int, int]:
    """Work out a region, and make sure that it is in the file.

    Parameters
    ----------
    request
        What gives the region, in seconds or in samples.
    samples, sample_rate
        The length of the file, and its samples a second.
    longest_seconds
        The length in seconds that a region may have.
    name
        What to call the file in what is said of it.

    Returns
    -------
    start, length : int
        In samples; the length is at least 1.

    Raises
    ------
    RequestError
        If it begins or ends behind the file's end, or is shorter than a sample or too long.
    """
    in_seconds = request.unit == "seconds"
    scale, slack = (sample_rate, int(ROUNDING_SECONDS * sample_rate)) if in_seconds else (1, 0)
    start = round(request.start * scale)
    rest = samples - start
    length = rest if request.length is None else round(request.length * scale)
    if rest < length <= rest + slack:
        length = rest
    if start >= samples or length > rest:
        raise RequestError("audio", _outside(request, samples, sample_rate, start >= samples, name))
    if length < 1:
        raise RequestError("audio", "The region is shorter than a sample; make it longer.")
    if length > longest_seconds * sample_rate:
        raise RequestError(
            "audio",
            f"The region is {length / sample_rate:.0f} s long, but the bridge renders at most "
            f"{longest_seconds:g} s at once; render it in parts.",
        )
    return start, length


def _outside(
    request: RenderRequest, samples: int, sample_rate: int, begins_late: bool, name: str
) -> str:
    """Say that a region is not in its file, in the unit that it was given in."""
    if request.unit == "seconds":
        form, long = "{:.3f} s", f"is {samples / sample_rate:.3f} s long"
    else:
        form, long = "sample {:.0f}", f"has {samples} samples"
    start = form.format(request.start)
    if begins_late or request.length is None:
        return f"The region begins at {start}, but {name} {long}; begin before its end."
    end = form.format(request.start + request.length)
    return (
        f"The region from {start} to {end} is not inside {name}, which {long}; leave the length "
        "out for all that follows its start."
    )
