"""An engine's rate by number of streams: measured once on a machine, and remembered."""

from __future__ import annotations

import contextlib
import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
import platformdirs

from umtn_core.audio.whole_file import whole_file
from umtn_core.decode.cpu_engine import CpuEngine
from umtn_core.decode.engine import Engine
from umtn_core.decode.timing import Run
from umtn_core.shape import NetworkShape

#: Samples a second over all streams, by their number.
Throughput = dict[int, float]

#: Numbers of streams that are timed, each for so many seconds.
STREAMS = (1, 2, 4, 8, 16, 32, 64)
SECONDS = 0.1
#: Rings of the streams timed take no more, in bytes; a decode takes twice that for its own.
MEMORY = 1 << 30


def throughput(engine: Engine, file: Path | None = None) -> Throughput:
    """Look up an engine's throughput, or measure it and remember it.

    Parameters
    ----------
    engine
        Ready to run.
    file
        That remembers; None, one in the user's cache. It is written anew if it is damaged, and
        done without where it cannot be written.
    """
    file = file or _default_file()
    key = _key(engine)
    known = _read(file)
    if key in known:
        return known[key]
    counts = STREAMS[: _affordable(engine.shape)]
    # One after another: their rings together would take twice the memory.
    measured = {streams: _rate(engine, streams) for streams in counts}
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(file, overwrite=True) as out:
            out.write(msgspec.json.encode(_read(file) | {key: measured}))
    return measured


def _rate(engine: Engine, streams: int) -> float:
    run = Run(engine, streams)
    run.take(SECONDS)
    return round(run.best, 1)


def _affordable(shape: NetworkShape) -> int:
    bytes_a_stream = 4 * shape.residual_channels * (shape.receptive_field + 1)
    return max(1, sum(streams * bytes_a_stream <= MEMORY for streams in STREAMS))


def _default_file() -> Path:
    return Path(platformdirs.user_cache_dir("umtn", appauthor=False)) / "throughput.json"


def _key(engine: Engine) -> str:
    """Name everything that the rates depend on, short of what else the machine does."""
    try:
        release = version("umtn")
    except PackageNotFoundError:
        release = "none"
    target = engine.target if isinstance(engine, CpuEngine) else ""
    machine = (platform.node(), platform.machine(), _processor())
    decoder = (engine.name, engine.precision, target, str(engine.threads))
    shape = hashlib.sha256(msgspec.json.encode(engine.shape)).hexdigest()[:16]
    return "|".join((release, *machine, *decoder, shape))


def _processor() -> str:
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _read(file: Path) -> dict[str, Throughput]:
    try:
        known = msgspec.json.decode(file.read_bytes(), type=dict[str, Throughput])
    except (OSError, msgspec.DecodeError):
        return {}
    return {
        key: rates
        for key, rates in known.items()
        if 1 in rates and all(streams >= 1 and rate > 0 for streams, rate in rates.items())
    }
