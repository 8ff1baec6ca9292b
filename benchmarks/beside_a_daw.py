"""What a render and a busy desktop do to each other: a DAW's audio, and how long a render takes.

Usage: python benchmarks/beside_a_daw.py [--realtime] [--share 0.5] [--model M] [--target T]

Starts a bridge in a temporary folder, JACK with its dummy driver, and a client of it that
computes for a share of each period, as a DAW does. 14 regions of 3 s are rendered: alone, beside
the audio, and beside the audio and a busy loop on every core, which are once in the bridge's
session and once in one of their own. Prints for each what the render took, the xruns a minute
without the render and with it, how soon requests were acknowledged, and how far apart a running
job's progress messages came. Where there is no `jackd`, the audio is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from bridge.client import AsyncBridge, JobStatus
from umtn_core import write_audio
from umtn_core.child_python import module_command, module_environment
from umtn_core.runtime import available_cores

REGIONS = 14
REGION_SECONDS = 3.0
SAMPLE_RATE = 16_000
#: For which xruns are counted without a render, and at least with it.
SECONDS = 20.0
#: Between two requests whose acknowledgement is timed, in seconds.
PAUSE = 0.05
JACK_RATE, PERIOD = 48_000, 256
SERVER = "umtn-beside-a-daw"
#: Ends with whoever started it, however that ended.
BUSY = "import os; began = os.getppid()\nwhile os.getppid() == began: pass"
AUTOGROUP = "/proc/{}/autogroup"


def start(command: list[str], *, apart: bool, **options: Any) -> subprocess.Popen[str]:
    """Start a program in this session, or in one of its own of the same weight."""
    process = subprocess.Popen(command, start_new_session=apart, text=True, **options)
    with contextlib.suppress(OSError):
        weight = Path(AUTOGROUP.format("self")).read_text().split()[-1]
        if apart and weight != "0":
            Path(AUTOGROUP.format(process.pid)).write_text(weight)
    return process


@contextlib.contextmanager
def running(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """End a program with the block."""
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def busy(*, apart: bool) -> Iterator[None]:
    """Keep every core busy."""
    with contextlib.ExitStack() as stack:
        for _ in range(available_cores()):
            stack.enter_context(running(start([sys.executable, "-c", BUSY], apart=apart)))
        yield


class Audio:
    """JACK and a client that computes.

    Parameters
    ----------
    share
        The share of each period that it computes for.
    realtime
        Whether its threads are of the real-time class.
    apart
        Whether it is in a session of its own.
    """

    def __init__(self, share: float, *, realtime: bool, apart: bool):
        self._stack = contextlib.ExitStack()
        driver = ["-d", "dummy", "-r", str(JACK_RATE), "-p", str(PERIOD)]
        command = ["jackd", "-n", SERVER, "-R" if realtime else "-r", *driver]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._stack.enter_context(running(start(command, apart=apart, **quiet)))
        time.sleep(1.0)
        self._client = self._stack.enter_context(
            running(
                start(
                    [sys.executable, __file__, "--play", str(share)],
                    apart=apart,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
            )
        )
        self.count()
        time.sleep(1.0)

    def count(self) -> tuple[int, int]:
        """Count the xruns, and the periods that were computed, so far."""
        assert self._client.stdin is not None and self._client.stdout is not None
        self._client.stdin.write("\n")
        self._client.stdin.flush()
        xruns, periods = self._client.stdout.readline().split()
        return int(xruns), int(periods)

    def close(self) -> None:
        """End both."""
        self._stack.close()


def play(share: float) -> None:
    """Be the client: compute in each period, and tell the xruns for every line read."""
    jack = ctypes.CDLL("libjack.so.0")
    called = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint32, ctypes.c_void_p)
    told = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
    jack.jack_client_open.restype = ctypes.c_void_p
    needs = int(share * PERIOD / JACK_RATE * 1e9)
    count = periods = 0

    def compute(_frames: int, _argument: object) -> int:
        nonlocal periods
        periods += 1
        until = time.thread_time_ns() + needs
        while time.thread_time_ns() < until:
            pass
        return 0

    def xrun(_argument: object) -> int:
        nonlocal count
        count += 1
        return 0

    kept = called(compute), told(xrun)
    name, no_start, by_name = b"umtn-client", 0x01, 0x04
    client = jack.jack_client_open(name, no_start | by_name, None, SERVER.encode())
    assert client, "JACK lets no client in"
    client = ctypes.c_void_p(client)
    jack.jack_set_process_callback(client, kept[0], None)
    jack.jack_set_xrun_callback(client, kept[1], None)
    assert jack.jack_activate(client) == 0
    for _ in sys.stdin:
        print(count, periods, flush=True)


async def rendered(bridge: AsyncBridge, name: str, model: str, target: str, folder: Path) -> None:
    """Render the regions again and again, and print how it went."""
    acknowledged: list[float] = []
    heard: dict[str, list[float]] = {}
    took: list[float] = []

    async def one(number: int) -> None:
        id = f"{name} {len(took)} {number}"
        moments = heard[id] = []
        at = time.perf_counter()
        job = await bridge.render(
            folder / "music.wav",
            target,
            start=number * REGION_SECONDS,
            length=REGION_SECONDS,
            id=id,
            model=model,
            priority=100,
        )
        acknowledged.append(time.perf_counter() - at)

        def on_status(status: JobStatus) -> None:
            if status.state == "running":
                moments.append(time.perf_counter())

        end = await bridge.follow(job.id, on_status)
        assert end.state == "done", end

    async def ask() -> None:
        for number in range(10_000):
            await asyncio.sleep(PAUSE)
            id, at = f"{name} later {number}", time.perf_counter()
            await bridge.render(
                folder / "music.wav", target, length=0.1, id=id, model=model, seed=number
            )
            acknowledged.append(time.perf_counter() - at)
            await bridge.cancel(id)

    asking = asyncio.create_task(ask())
    while sum(took) < SECONDS:
        began = time.perf_counter()
        await asyncio.gather(*(one(number) for number in range(REGIONS)))
        took.append(time.perf_counter() - began)
    asking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asking
    gaps = [b - a for moments in heard.values() for a, b in pairwise(moments)]
    print(
        f"  render {np.mean(took):6.1f} s, acknowledged after {_of(acknowledged, 50)}, 99 in 100 "
        f"{_of(acknowledged, 99)}; progress {_of(gaps, 50)} apart, 99 in 100 {_of(gaps, 99)}, "
        f"at most {_of(gaps, 100)}",
        flush=True,
    )


def _of(seconds: list[float], percentile: float) -> str:
    return f"{1e3 * np.percentile(seconds, percentile):.1f} ms" if seconds else "-"


async def beside(name: str, audio: Audio | None, render: Callable[[str], Awaitable[None]]) -> None:
    """Count xruns without a render and with it."""
    print(name, flush=True)
    if audio is None:
        await render(name)
        return
    before, began = audio.count(), time.perf_counter()
    await asyncio.sleep(SECONDS)
    alone = _a_minute(before, audio.count(), began)
    before, began = audio.count(), time.perf_counter()
    await render(name)
    print(f"  without the render {alone}; with it {_a_minute(before, audio.count(), began)}")


def _a_minute(before: tuple[int, int], after: tuple[int, int], began: float) -> str:
    """Say how many xruns a minute there were, and whether the client was let compute at all."""
    seconds = time.perf_counter() - began
    xruns, periods = (new - old for new, old in zip(after, before, strict=True))
    computed = periods / (seconds * JACK_RATE / PERIOD)
    return f"{60 * xruns / seconds:.1f} xruns a minute in {computed:.0%} of the periods"


async def measure(options: argparse.Namespace, folder: Path) -> None:
    """Print everything."""
    seconds = REGIONS * REGION_SECONDS
    moments = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    write_audio(
        folder / "music.wav", (0.3 * np.sin(880 * np.pi * moments))[None].astype("f4"), SAMPLE_RATE
    )
    async with AsyncBridge() as bridge:

        async def render(name: str) -> None:
            await rendered(bridge, name, options.model, options.target, folder)

        await bridge.render(
            folder / "music.wav", options.target, length=0.1, id="warm", model=options.model
        )
        await bridge.follow("warm")
        await beside("alone", None, render)
        for apart in (False, True):
            where = "in another session" if apart else "in the bridge's session"
            if shutil.which("jackd") is None:
                print("no jackd: audio is left out")
                with busy(apart=apart):
                    await beside(f"busy loops {where}", None, render)
                continue
            audio = Audio(options.share, realtime=options.realtime, apart=apart)
            try:
                await beside(f"audio {where}", audio, render)
                with busy(apart=apart):
                    await beside(f"audio and busy loops {where}", audio, render)
            finally:
                audio.close()


def main() -> None:
    """Start a bridge and measure it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--realtime", action="store_true", help="audio in the real-time class")
    parser.add_argument("--share", type=float, default=0.5, help="of a period that it computes for")
    parser.add_argument("--model", default="default")
    parser.add_argument("--target", default="trumpet")
    parser.add_argument("--play", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.play is not None:
        play(options.play)
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "sessions").mkdir()
        place = folder / "bridge.json"
        os.environ["UMTN_BRIDGE_FILE"] = str(place)
        command = [
            *module_command("bridge.cli"), "bridge", "--port", "0", "--http-port", "0",
            "--no-announce", "--session-folder", str(folder / "sessions"),
            "--data-folder", str(folder / "store"),
        ]  # fmt: skip
        bridge = start(command, apart=False, env=module_environment(), stderr=subprocess.DEVNULL)
        with running(bridge) as process:
            while not place.exists():
                assert process.poll() is None, "the bridge does not start"
                time.sleep(0.05)
            asyncio.run(measure(options, folder / "sessions"))


if __name__ == "__main__":
    main()
