"""Which engine `auto` means: the fastest on this machine that loses nothing one could hear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from umtn_core.bundle import Bundle
from umtn_core.decode.choosing.engines import open_engine
from umtn_core.decode.choosing.throughput import Throughput, raced
from umtn_core.decode.choosing.usable_precisions import is_good_enough
from umtn_core.decode.engine import Engine
from umtn_core.native.library import is_available
from umtn_core.progress import IsCancelled
from umtn_core.segments.count import best_count, seconds
from umtn_core.segments.plan import Margins
from umtn_core.shape import NetworkShape

#: Length of the music that engines are compared by, in seconds. One length for all: were it the
#: piece's own, a piece would come out otherwise beside others than alone.
MUSIC = 30.0
#: A less precise engine has to be faster by this factor.
WORTH_IT = 1.1

#: Engines that are compared, the most precise first. A GPU's are not among them until one has
#: run them.
_COMPARED = ("cpu", "cpu-bf16", "cpu-int8")

#: What goes on with a decode that was saved in a precision.
_BY_PRECISION = {"bf16": "cpu-bf16", "int8": "cpu-int8", "fp16": "cuda-fp16"}


@dataclass(frozen=True)
class Choice:
    """An engine, and why.

    Parameters
    ----------
    engine
        The engine's name.
    seconds
        The time that each engine compared would take for half a minute of music, by name; empty if
        there was nothing to compare.
    """

    engine: str
    seconds: Mapping[str, float]

    @property
    def reason(self) -> str:
        """Say why, in a few words."""
        if not self.seconds:
            return "nothing else fits this model and machine"
        figures = ", ".join(f"{name} {took:.1f} s" for name, took in self.seconds.items())
        return f"{MUSIC:.0f} s of music: {figures}"


def candidates(bundle: Bundle, domain: str) -> tuple[str, ...]:
    """List the engines that `auto` may take, the most precise first; at least one.

    Parameters
    ----------
    bundle, domain
        Whose decoder: its manifest says which precisions it bears.
    """
    if not is_available():
        return ("onnx",)
    return tuple(name for name in _COMPARED if is_good_enough(name, bundle.manifest, domain))


def choose(
    bundle: Bundle,
    domain: str,
    segments: int | Literal["auto"] = "auto",
    file: Path | None = None,
    cancelled: IsCancelled | None = None,
) -> Choice:
    """Choose the engine that renders music fastest on this machine.

    Where there are several, they are timed side by side the first time, for about a second, and
    that is remembered.

    Parameters
    ----------
    bundle, domain
        The model and the domain whose decoder it is.
    segments
        The number of segments that music is going to be cut into.
    file, cancelled
        The same as for `umtn_core.decode.choosing.throughput.throughput`.

    Returns
    -------
    Choice
        The same for every piece of music, and for any number of threads.

    Raises
    ------
    Cancelled
    """
    names = candidates(bundle, domain)
    if len(names) == 1:
        return Choice(names[0], {})
    # All cores, whatever the decode is given, so that it does not depend on that.
    engines = {name: open_engine(name, bundle, domain) for name in names}
    rates = raced(list(engines.values()), file, cancelled)
    took = {
        name: _estimate(bundle.shape, segments, each)
        for name, each in zip(names, rates, strict=True)
    }
    best = names[0]
    for name in names[1:]:
        if took[name] * WORTH_IT < took[best]:
            best = name
    return Choice(best, took)


def precise() -> str:
    """Name the fastest engine in float32 on the CPU: for what is compared between machines."""
    return "cpu" if is_available() else "onnx"


def resolved(engine: str, bundle: Bundle, domain: str) -> str:
    """Put the chosen engine's name in place of ``auto``."""
    return choose(bundle, domain).engine if engine == "auto" else engine


def open_for(precision: str, bundle: Bundle, domain: str, threads: int | None = None) -> Engine:
    """Open what goes on with a decode that was saved in a precision, with `auto`."""
    name = _BY_PRECISION.get(precision, precise())
    # It was allowed when the decode began, with the same weights.
    return open_engine(name, bundle, domain, threads, whatever_it_loses=True)


def _estimate(shape: NetworkShape, segments: int | Literal["auto"], rates: Throughput) -> float:
    samples, margins = round(MUSIC * shape.output_rate), Margins.of(shape)
    if segments == "auto":
        count = best_count(samples, 1, margins, rates)
    else:
        count = min(segments, margins.most(samples))
    return seconds(samples, 1, count, margins, rates)
