"""`umtn bench`: how fast this machine renders, by engine and number of streams."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from bridge.cli.options import json_option, model_option
from bridge.cli.output import print_json, print_line
from bridge.cli.progress import meter
from bridge.cli.values import Number, OneOf, Whole
from umtn_core.decode.choosing.engine_names import ENGINES
from umtn_core.errors import UmtnError

if TYPE_CHECKING:
    from umtn_core.bundle import Bundle
    from umtn_core.decode.engine import Engine

#: Turns that engines take, so that what else the machine does disturbs none alone.
TURNS = 3


@dataclass(frozen=True)
class Line:
    """One line of the table.

    Attributes
    ----------
    engine, precision : str
    streams : int
    samples_a_second : float
        The samples decoded a second, of all streams and bands together.
    real_time : float
        The same in multiples of the sample rate that the model makes.
    peak : float or None
        Multiply-adds a second of this machine's cores in that precision, where it is known.
    of_peak : float or None
        The share of it that the samples are.
    """

    engine: str
    precision: str
    streams: int
    samples_a_second: float
    real_time: float
    peak: float | None
    of_peak: float | None


#: Engines that can be timed.
TIMED = [name for name in ENGINES if name != "auto"]


def _parts(
    kind: click.ParamType[Any],
) -> Callable[[click.Context, click.Parameter, str], list[Any]]:
    """Read values with commas between them, each of this kind."""

    def read(context: click.Context, parameter: click.Parameter, text: str) -> list[Any]:
        parts = [part for part in text.split(",") if part.strip()]
        if not parts:
            raise click.BadParameter("name at least one.", context, parameter)
        return list(dict.fromkeys(kind.convert(part, parameter, context) for part in parts))

    return read


@click.command()
@model_option(help=None)
@click.option(
    "--engines",
    callback=_parts(OneOf(TIMED)),
    default=",".join(TIMED),
    metavar="NAME,...",
    help="Which engines.  [default: all; those that cannot run here are named below the table]",
)
@click.option(
    "--streams",
    callback=_parts(Whole(1, 4096)),
    default="1,8,64",
    show_default=True,
    metavar="NUMBER,...",
    help="Streams decoded together: channels, jobs or segments.",
)
@click.option(
    "--seconds",
    type=Number(0.1, 600),
    default=1.0,
    show_default=True,
    metavar="NUMBER",
    help="To take for each line, about.",
)
@json_option("the figures")
def bench(
    model: str, engines: list[str], streams: list[int], seconds: float, as_json: bool
) -> None:
    """Measure how fast this machine renders with a model.

    `of peak` compares with the multiply-adds that all cores do a second when they do nothing
    else, measured beside each line, in the precision of the line.
    """
    from umtn_core.bundle import Bundle

    bundle = Bundle.open(model)
    opened, refused = _opened(bundle, engines)
    if not opened:
        raise UmtnError("None of these engines can run here: " + " ".join(refused.values()))
    lines: list[Line] = []
    with meter() as show:
        for done, count in enumerate(streams):
            show.update("timing", done, len(streams))
            lines += _timed(opened, count, seconds)
    lines.sort(key=lambda line: engines.index(line.engine))
    if as_json:
        plain = [asdict(line) for line in lines]
        print_json({"model": bundle.name, "lines": plain, "refused": refused})
        return
    _print(bundle, lines, refused)


def _opened(bundle: Bundle, names: list[str]) -> tuple[dict[str, Engine], dict[str, str]]:
    """Open the engines that can run here; say of the others why not."""
    from umtn_core.decode.choosing.engines import open_engine

    opened, refused = {}, {}
    for name in names:
        try:
            opened[name] = open_engine(name, bundle, bundle.domains[0])
        except UmtnError as error:
            refused[name] = str(error)
    return opened, refused


def _timed(engines: dict[str, Engine], streams: int, seconds: float) -> Iterator[Line]:
    from umtn_core.decode.choosing.timed_decodes import Run, machine_peak

    runs = {name: Run(engine, streams) for name, engine in engines.items()}
    peaks = dict.fromkeys(engines, 0.0)
    for _ in range(TURNS):
        for name, run in runs.items():
            run.take(seconds / TURNS)
            peaks[name] = max(peaks[name], machine_peak(engines[name]))
    for name, run in runs.items():
        engine = engines[name]
        shape = engine.shape
        # What a GPU could do is not what the cores can.
        known = math.isfinite(peaks[name]) and peaks[name] > 0 and "cuda" not in name
        yield Line(
            engine=name,
            precision=engine.precision,
            streams=streams,
            samples_a_second=run.best,
            real_time=run.best / shape.output_rate,
            peak=peaks[name] if known else None,
            of_peak=run.best / shape.bands * shape.multiply_adds / peaks[name] if known else None,
        )


def _print(bundle: Bundle, lines: list[Line], refused: dict[str, str]) -> None:
    from rich.console import Console
    from rich.table import Table

    from umtn_core.runtime import available_cores

    shape = bundle.shape
    work = f"{shape.multiply_adds / 1e6:.2f} M multiply-adds a sample"
    if shape.bands > 1:
        work = f"{shape.multiply_adds / 1e6:.2f} M multiply-adds a step of {shape.bands} samples"
    title = f"{bundle.name}: {work}, {available_cores()} cores"
    table = Table(title=title, title_justify="left")
    table.add_column("engine")
    table.add_column("precision")
    for heading in ("streams", "samples/s", "real time", "of peak"):
        table.add_column(heading, justify="right")
    for line in lines:
        share = "-" if line.of_peak is None else f"{line.of_peak:.2f}"
        table.add_row(
            line.engine, line.precision, str(line.streams), f"{line.samples_a_second:,.0f}",
            f"{line.real_time:.2f}x", share, end_section=line is _last(lines, line.engine),
        )  # fmt: skip
    Console().print(table)
    peaks = {line.precision: line.peak for line in lines if line.peak is not None}
    if peaks:
        text = ", ".join(f"{name} {2 * peak / 1e9:,.0f}" for name, peak in peaks.items())
        print_line(f"peak of the cores, GFLOP/s: {text}")
    for reason in dict.fromkeys(refused.values()):
        names = ", ".join(name for name in refused if refused[name] == reason)
        print_line(f"{names}: {reason}", err=True)


def _last(lines: list[Line], engine: str) -> Line:
    return [line for line in lines if line.engine == engine][-1]
