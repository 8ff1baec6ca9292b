"""What the bridge costs: how soon it answers while it renders, and what it adds to a render.

Usage: python benchmarks/bridge.py [MODEL [TARGET]]

Starts a bridge of its own, in a temporary folder; TMPDIR chooses the disk. Promised, where nothing
else runs: 99 in 100 requests are acknowledged within 5 ms while a render runs, and with a warm
worker a render takes at most 100 ms more than the same call of a Translator.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.client import AsyncBridge
from umtn_core import Bundle, Translator, write_audio
from umtn_core.child_python import module_command, module_environment

RENDERS = 15
REQUESTS = 1_000
#: Between two requests; a burst would measure the queue of requests, not an answer.
PAUSE = 0.01

SAMPLE_RATE = 16_000


def tone(seconds: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Make something to translate."""
    time_ = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (0.3 * np.sin(2 * np.pi * 440 * time_))[None].astype(np.float32)


async def overhead(bridge: AsyncBridge, folder: Path, model: str, target: str) -> None:
    """Print what a render takes by a call and through the bridge, one after the other."""
    audio = tone(0.5)
    write_audio(folder / "short.wav", audio, SAMPLE_RATE)
    translator = Translator(Bundle.open(model), target)
    call, through = [], []
    for number in range(RENDERS + 2):
        began = time.perf_counter()
        translator(audio, SAMPLE_RATE)
        call.append(time.perf_counter() - began)
        began = time.perf_counter()
        job = await bridge.render(folder / "short.wav", target, id=f"short {number}", model=model)
        end = await bridge.follow(job.id)
        through.append(time.perf_counter() - began)
        assert end.state == "done", end
    mine, its = statistics.median(call[2:]), statistics.median(through[2:])
    print(f"Translator call      {1e3 * mine:8.1f} ms for 0.5 s of audio, median of {RENDERS}")
    print(f"through the bridge   {1e3 * its:8.1f} ms")
    print(f"overhead             {1e3 * (its - mine):8.1f} ms (promised: under 100)")


async def acknowledgement(
    bridge: AsyncBridge, port: int, folder: Path, model: str, target: str
) -> None:
    """Print how soon requests are accepted while a long render keeps the worker busy."""
    write_audio(folder / "long.wav", tone(1500.0), SAMPLE_RATE)
    await bridge.render(folder / "long.wav", target, id="long", model=model, priority=100)
    while (await bridge.status("long")).fraction == 0:
        await asyncio.sleep(0.05)
    took = await asyncio.to_thread(acknowledged, port, folder, model, target)
    running = await bridge.status("long")
    assert running.state == "running", running
    took_ms, disk_ms = 1e3 * np.array(took), 1e3 * np.array(disk(folder))
    print(f"acknowledged after   {np.percentile(took_ms, 50):8.2f} ms, median of {REQUESTS}")
    print(f"                     {np.percentile(took_ms, 90):8.2f} ms, 90 in 100")
    print(f"                     {np.percentile(took_ms, 99):8.2f} ms, 99 in 100 (promised: 5)")
    print(f"                     {took_ms.max():8.2f} ms, the slowest")
    # A job is on the disk before anybody is told that it is accepted.
    print(f"one fsync meanwhile  {np.percentile(disk_ms, 50):8.2f} ms, median")
    print(f"                     {np.percentile(disk_ms, 99):8.2f} ms, 99 in 100")


def acknowledged(port: int, folder: Path, model: str, target: str) -> list[float]:
    """Time requests by a client that does nothing else: seconds until each is accepted."""
    took = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.connect(("127.0.0.1", port))
        for number in range(REQUESTS):
            id, request = f"queued {number}", OscMessageBuilder("/umtn/render")
            words = (id, str(folder / "short.wav"), target, "", "model", model, "seed", number)
            for word in words:
                request.add_arg(word)
            packet = request.build().dgram
            began = time.perf_counter()
            client.send(packet)
            answer = OscMessage(client.recv(65_536))
            took.append(time.perf_counter() - began)
            assert (answer.address, answer.params[0]) == ("/umtn/accepted", id), answer.params
            time.sleep(PAUSE)
    return took


def disk(folder: Path) -> list[float]:
    """Time what the disk itself takes to keep a line."""
    took = []
    with open(folder / "line", "ab", buffering=0) as file:
        for _ in range(200):
            began = time.perf_counter()
            file.write(b"x" * 700)
            os.fsync(file.fileno())
            took.append(time.perf_counter() - began)
    return took


async def measure(port: int, folder: Path, model: str, target: str) -> None:
    """Print everything."""
    async with AsyncBridge(port=port) as bridge:
        await overhead(bridge, folder, model, target)
        await acknowledgement(bridge, port, folder, model, target)


def main() -> None:
    """Start a bridge and measure it."""
    model, target = (*sys.argv[1:3], "default", "trumpet")[:2] if sys.argv[1:] else (
        "default", "trumpet",
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "sessions").mkdir()
        place = folder / "bridge.json"
        process = subprocess.Popen(
            [
                *module_command("bridge.cli"), "bridge", "--port", "0", "--http-port", "0",
                "--no-announce", "--no-token", "--session-folder", str(folder / "sessions"),
                "--data-folder", str(folder / "store"),
            ],
            env={**module_environment(), "UMTN_BRIDGE_FILE": str(place)},
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            while not place.exists():
                assert process.poll() is None, "the bridge does not start"
                time.sleep(0.05)
            port = json.loads(place.read_text())["port"]
            asyncio.run(measure(port, folder / "sessions", model, target))
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
