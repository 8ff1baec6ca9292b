"""Which engine `auto` means: the fastest on this machine that loses nothing one could hear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from umtn_core.bundle import Bundle
from umtn_core.decode.choosing.device_check import why_not_trusted
from umtn_core.decode.choosing.engines import open_engine
from umtn_core.decode.choosing.throughput import Throughput, raced
from umtn_core.decode.choosing.usable_precisions import is_good_enough
from umtn_core.decode.engine import Engine
from umtn_core.errors import Cancelled, UmtnError
from umtn_core.native.cuda.driver import is_usable
from umtn_core.native.library import is_available
from umtn_core.progress import IsCancelled
from umtn_core.segments.count import best_count, seconds
from umtn_core.segments.plan import Margins

#: Length of the music that engines are compared by, in seconds. One length for all: were it the
#: piece's own, a piece would come out otherwise beside others than alone.
MUSIC = 30.0
#: A less precise engine has to be faster by this factor.
WORTH_IT = 1.1

#: Engines that are compared, the most precise first: on the processor, and where there is a GPU.
_COMPARED = ("cpu", "cpu-bf16", "cpu-int8")
_WITH_GPU = ("cpu", "cuda", "cuda-fp16", "cpu-bf16", "cpu-int8")

_ON_GPU = ("cuda", "cuda-fp16")

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
    refused
        Why engines are not taken that this machine seems to have, by name.
    """

    engine: str
    seconds: Mapping[str, float]
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """Say why, in a few words."""
        if self.seconds:
            figures = ", ".join(f"{name} {took:.1f} s" for name, took in self.seconds.items())
            text = f"{MUSIC:.0f} s of music: {figures}"
        else:
            text = "nothing else fits this model and machine"
        refused = (f"; not {name}: {why.rstrip('.')}" for name, why in self.refused.items())
        return text + "".join(refused)


def candidates(bundle: Bundle, domain: str) -> tuple[str, ...]:
    """List the engines that `auto` may take, the most precise first; at least one.

    A GPU's are among them where there is one, whatever it computes: `choose` has that checked.

    Parameters
    ----------
    bundle, domain
        Whose decoder: its manifest says which precisions it bears.
    """
    names: tuple[str, ...] = _WITH_GPU if is_usable() else _COMPARED
    if not is_available():
        names = ("onnx", *(name for name in names if name in _ON_GPU))
    return tuple(name for name in names if is_good_enough(name, bundle.manifest, domain))


def choose(
    bundle: Bundle,
    domain: str,
    segments: int | Literal["auto"] = "auto",
    file: Path | None = None,
    cancelled: IsCancelled | None = None,
) -> Choice:
    """Choose the engine that renders music fastest on this machine.

    Where there are several, they are timed side by side the first time, for about a second, and
    that is remembered. A GPU's first have to decode as the processor does.

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
    engines, refused = _opened(names, bundle, domain, file)
    try:
        took = _raced(engines, bundle, segments, file, cancelled)
    except Cancelled:
        raise
    except UmtnError as error:
        # Whatever a GPU lacks now, say memory that other programs have taken.
        lost = [name for name in engines if name in _ON_GPU]
        if not lost:
            raise
        refused |= dict.fromkeys(lost, str(error))
        rest = {name: engine for name, engine in engines.items() if name not in lost}
        took = _raced(rest, bundle, segments, file, cancelled)
    best = names[0]
    for name in took:
        if took[name] * WORTH_IT < took[best]:
            best = name
    return Choice(best, took, refused)


def _opened(
    names: Sequence[str], bundle: Bundle, domain: str, file: Path | None
) -> tuple[dict[str, Engine], dict[str, str]]:
    """Open engines, and say why those that a GPU does not run as it should are left out."""
    # All cores, whatever the decode is given, so that it does not depend on that.
    reference = open_engine(names[0], bundle, domain)
    engines, refused = {names[0]: reference}, {}
    for name in names[1:]:
        try:
            engine = open_engine(name, bundle, domain)
            reason = why_not_trusted(engine, reference, file) if name in _ON_GPU else None
        except UmtnError as error:
            if name not in _ON_GPU:
                raise
            reason = str(error)
        if reason is None:
            engines[name] = engine
        else:
            refused[name] = reason
    return engines, refused


def _raced(
    engines: Mapping[str, Engine],
    bundle: Bundle,
    segments: int | Literal["auto"],
    file: Path | None,
    cancelled: IsCancelled | None,
) -> dict[str, float]:
    """Time engines beside each other, by name; returns nothing where there is only one."""
    if len(engines) == 1:
        return {}
    rates = raced(list(engines.values()), file, cancelled)
    return {
        name: _estimate(bundle, segments, each)
        for (name, engine), each in zip(engines.items(), rates, strict=True)
    }


def precise() -> str:
    """Name the fastest engine in float32 on the CPU: for what is compared between machines."""
    return "cpu" if is_available() else "onnx"


def resolved(engine: str, bundle: Bundle, domain: str) -> str:
    """Put the chosen engine's name in place of ``auto``."""
    return choose(bundle, domain).engine if engine == "auto" else engine


def open_for(precision: str, bundle: Bundle, domain: str, threads: int | None = None) -> Engine:
    """Open what goes on with a decode that was saved in a precision, with `auto`."""
    name = _BY_PRECISION.get(precision) or _fastest_precise(bundle, domain)
    # It was allowed when the decode began, with the same weights.
    return open_engine(name, bundle, domain, threads, whatever_it_loses=True)


def _fastest_precise(bundle: Bundle, domain: str) -> str:
    if not is_usable():
        return precise()
    took = choose(bundle, domain).seconds
    return min((precise(), "cuda"), key=lambda name: took.get(name, float("inf")))


def _estimate(bundle: Bundle, segments: int | Literal["auto"], rates: Throughput) -> float:
    samples = round(MUSIC * bundle.shape.output_rate)
    margins = Margins.of(bundle.shape, bundle.manifest.context)
    if segments == "auto":
        count = best_count(samples, 1, margins, rates)
    else:
        count = min(segments, margins.most(samples))
    return seconds(samples, 1, count, margins, rates)
