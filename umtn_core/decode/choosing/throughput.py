"""Engines' rates by number of streams: measured once on a machine, and remembered."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
import platformdirs

from umtn_core.audio.whole_file import whole_file
from umtn_core.decode.choosing.timed_decodes import Run
from umtn_core.decode.cpu.cpu_engine import CpuEngine
from umtn_core.decode.cuda.cuda_engine import CudaEngine
from umtn_core.decode.engine import Engine
from umtn_core.decode.memory import streams_to_time
from umtn_core.errors import Cancelled, UmtnError
from umtn_core.native.cuda.device import Device
from umtn_core.native.cuda.driver import is_usable, open_device
from umtn_core.progress import IsCancelled

#: Environment variable that names another file to remember in.
FILE = "UMTN_THROUGHPUT_FILE"

#: Samples a second over all streams, by their number.
Throughput = dict[int, float]

#: Numbers of streams that are timed, each for so many seconds; a device's, up to what it holds.
STREAMS = (1, 2, 4, 8, 16, 32, 64)
ON_DEVICE = (*STREAMS, 128, 256, 512, 1024, 2048, 4096)
SECONDS = 0.1
#: Numbers of streams at which engines are compared, the turns that each takes, and their seconds.
RACED = (1, 4, 16)
#: On a device: more are hardly slower there, and about as many segments can the music be cut into.
RACED_ON_DEVICE = (*RACED, 48)
TURNS, TURN_SECONDS = 4, 0.03

#: By file: where none can be written, a process goes by the same figures all the same.
_OF_THIS_PROCESS: dict[Path, dict[str, Throughput]] = {}


def throughput(
    engine: Engine, file: Path | None = None, cancelled: IsCancelled | None = None
) -> Throughput:
    """Look up an engine's throughput, or measure it and remember it.

    Parameters
    ----------
    engine
        Ready to run.
    file
        The file that remembers; None, one in the user's cache. It is written anew if it is damaged,
        and done without where it cannot be written.
    cancelled
        Asked several times a second; measuring ends once it says yes.

    Raises
    ------
    Cancelled
    """
    file = file or remembering_file()
    key = engine_key(engine)
    known = _known(file)
    if key in known:
        return known[key]
    # One after another: their rings together would take twice the memory.
    measured: Throughput = {}
    for streams in _counts(engine):
        _look(cancelled)
        try:
            measured[streams] = _rate(engine, streams)
        except UmtnError:
            # Another program may have taken a device's memory meanwhile.
            if not measured:
                raise
            break
    return _remembered(file, {key: measured})[key]


def raced(
    engines: Sequence[Engine], file: Path | None = None, cancelled: IsCancelled | None = None
) -> list[Throughput]:
    """Look up how fast engines are beside each other, or measure it and remember it.

    They take turns, several short ones each, and the best counts: whatever else the machine does
    meanwhile disturbs none alone.

    Parameters
    ----------
    engines
        Ready to run, of one shape.
    file, cancelled
        The same as for `throughput`.

    Returns
    -------
    list of Throughput
        Of each engine, at fewer numbers of streams than `throughput` gives.
    """
    file = file or remembering_file()
    keys = [f"{engine_key(engine)}|raced" for engine in engines]
    known = _known(file)
    if not all(key in known for key in keys):
        measured = _race(engines, cancelled)
        # All of them anew: what was measured at different times is not compared.
        known = _remembered(file, dict(zip(keys, measured, strict=True)))
    return [known[key] for key in keys]


def _race(engines: Sequence[Engine], cancelled: IsCancelled | None) -> list[Throughput]:
    counts = [_counts(engine, raced=True, beside=len(engines)) for engine in engines]
    measured: list[Throughput] = [{} for _ in engines]
    for streams in sorted(set().union(*counts)):
        runs = {i: Run(engine, streams) for i, engine in enumerate(engines) if streams in counts[i]}
        for _ in range(TURNS):
            for run in runs.values():
                _look(cancelled)
                run.take(TURN_SECONDS)
        for i, run in runs.items():
            measured[i][streams] = round(run.best, 1)
    return measured


def _look(cancelled: IsCancelled | None) -> None:
    if cancelled is not None and cancelled():
        raise Cancelled("The translation was cancelled.")


def _rate(engine: Engine, streams: int) -> float:
    run = Run(engine, streams)
    run.take(SECONDS)
    return round(run.best, 1)


def _counts(engine: Engine, *, raced: bool = False, beside: int = 1) -> list[int]:
    """List the numbers of streams to time that there is memory for, 1 among them.

    A device's memory is shared with the other engines that are raced beside it.
    """
    counts: Sequence[int]
    if engine.on_device:
        counts, most = RACED_ON_DEVICE if raced else ON_DEVICE, engine.most_streams // beside
    else:
        counts, most = RACED if raced else STREAMS, streams_to_time(engine.shape)
    return [streams for streams in counts if streams <= max(1, most)]


def remembering_file() -> Path:
    """Return the file that remembers how fast engines are on this machine.

    Raises
    ------
    UmtnError
        If the environment names for one what is none, or this user has no home to keep it in.
    """
    if named := os.environ.get(FILE):
        # A device would be read for ever, or replaced.
        if os.path.exists(named) and not os.path.isfile(named):
            raise UmtnError(f"${FILE} names {named}, which is not a file; name another one.")
        return Path(named)
    try:
        folder = Path(platformdirs.user_cache_dir("umtn", appauthor=False))
    except RuntimeError as error:
        raise UmtnError(
            "This user has no home folder to remember in how fast engines are; set HOME, or name a "
            f"file with ${FILE}."
        ) from error
    return folder / "throughput.json"


def engine_key(engine: Engine) -> str:
    """Name everything that the rates depend on, short of what else the machine does."""
    try:
        release = version("umtn")
    except PackageNotFoundError:
        release = "none"
    target = engine.target if isinstance(engine, CpuEngine) else ""
    machine = (platform.node(), platform.machine(), _processor())
    decoder = (engine.name, engine.precision, target, str(engine.threads), *_device(engine))
    shape = hashlib.sha256(msgspec.json.encode(engine.shape)).hexdigest()[:16]
    return "|".join((release, *machine, *decoder, shape))


def _device(engine: Engine) -> tuple[str, ...]:
    """Name the GPU of an engine that runs on one: a machine may be given another."""
    if isinstance(engine, CudaEngine):
        device: Device | None = engine.device
    else:
        device = open_device() if engine.on_device and is_usable() else None
    if device is None:
        return ()
    capability = ".".join(map(str, device.capability))
    return device.name, capability, f"{device.multiprocessors} multiprocessors", device.driver


def _processor() -> str:
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _known(file: Path) -> dict[str, Throughput]:
    return _read(file) | _OF_THIS_PROCESS.get(file, {})


def _remembered(file: Path, measured: Mapping[str, Throughput]) -> dict[str, Throughput]:
    """Add to what is known, and return all of it.

    Another process may have measured the same meanwhile. Then what it wrote stays, so that both go
    by the same figures.
    """
    found = _read(file)
    if not measured.keys() <= found.keys():
        found |= measured
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(file, overwrite=True) as out:
                out.write(msgspec.json.encode(found))
    _OF_THIS_PROCESS.setdefault(file, {}).update({key: found[key] for key in measured})
    return found


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
