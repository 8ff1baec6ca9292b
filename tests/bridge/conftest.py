"""A server over jobs that are only remembered, and a real bridge in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bridge.cli.main import umtn
from bridge.jobs import Job, RenderRequest, RequestError
from bridge.server.access import Access
from bridge.server.metrics import Metrics
from bridge.server.osc import OscServer
from bridge.server.packets import Received, read_packet
from bridge.server.settings import ServerSettings

ROOT = Path(__file__).parents[2]


class RememberedJobs:
    """The face of the job service, with nothing behind it: tests say what becomes of jobs."""

    def __init__(self) -> None:
        self.all: dict[str, Job] = {}
        self.submitted: list[RenderRequest] = []
        self.most = 100_000
        self._callbacks: list[Callable[[Job], None]] = []

    async def submit(self, request: RenderRequest) -> Job:
        known = self.all.get(request.id)
        if known is not None:
            if known.request != request:
                raise RequestError("id_in_use", f"There is another job {request.id}.")
            return known
        if len(self.all) >= self.most:
            raise RequestError("busy", "The queue is full.")
        self.all[request.id] = Job(request.id, request, "queued", output=f"/{request.id}.wav")
        # As when the disk is waited for.
        await asyncio.sleep(0.001)
        self.submitted.append(request)
        return self.all[request.id]

    async def cancel(self, id: str) -> Job:
        job = self.get(id)
        if job.state in ("queued", "running"):
            self.change(id, state="cancelled")
        return self.all[id]

    def get(self, id: str) -> Job:
        try:
            return self.all[id]
        except KeyError:
            raise RequestError("unknown_id", f"There is no job {id}.") from None

    def ids(self) -> list[str]:
        return list(self.all)

    def jobs(self) -> list[Job]:
        return list(self.all.values())

    def subscribe(self, callback: Callable[[Job], None]) -> Callable[[], None]:
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def change(self, id: str, **what: Any) -> None:
        import msgspec

        self.all[id] = msgspec.structs.replace(self.all[id], **what)
        for callback in self._callbacks:
            callback(self.all[id])


class Peer(asyncio.DatagramProtocol):
    """A UDP socket that remembers what came in."""

    def __init__(self) -> None:
        self.inbox: asyncio.Queue[Received] = asyncio.Queue()
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        for message in read_packet(data):
            self.inbox.put_nowait(message)

    def send(self, address: str, *values: Any) -> None:
        from pythonosc.osc_message_builder import OscMessageBuilder

        builder = OscMessageBuilder(address)
        for value in values:
            builder.add_arg(value)
        self.transport.sendto(builder.build().dgram)

    async def next(self, timeout: float = 5.0) -> tuple[Any, ...]:
        message = await asyncio.wait_for(self.inbox.get(), timeout)
        return (message.address, *message.arguments)

    async def ask(self, address: str, *values: Any) -> tuple[Any, ...]:
        self.send(address, *values)
        return await self.next()

    async def silent(self, seconds: float = 0.1) -> bool:
        await asyncio.sleep(seconds)
        return self.inbox.empty()

    @property
    def port(self) -> int:
        port: int = self.transport.get_extra_info("sockname")[1]
        return port


class Served:
    """A running server and what is needed to speak with it."""

    def __init__(self, server: OscServer, jobs: RememberedJobs):
        self.server = server
        self.jobs = jobs
        self._peers: list[Peer] = []

    @property
    def port(self) -> int:
        return self.server.port

    async def peer(self, bound: int = 0) -> Peer:
        loop = asyncio.get_running_loop()
        _, peer = await loop.create_datagram_endpoint(
            Peer, local_addr=("127.0.0.1", bound), remote_addr=("127.0.0.1", self.port)
        )
        self._peers.append(peer)
        return peer

    async def listener(self) -> Peer:
        """Make a peer that hears whoever sends to its port."""
        loop = asyncio.get_running_loop()
        _, peer = await loop.create_datagram_endpoint(Peer, local_addr=("127.0.0.1", 0))
        self._peers.append(peer)
        return peer

    def close(self) -> None:
        for peer in self._peers:
            peer.transport.close()


@asynccontextmanager
async def serving(**settings: Any) -> AsyncIterator[Served]:
    jobs = RememberedJobs()
    access = Access(settings.get("token"))
    server = OscServer(
        jobs,  # type: ignore[arg-type]
        ServerSettings(**{"port": 0, "most_messages": 0, **settings}),
        access,
        Metrics(),
        version="1.2.3",
        session_folder="/sessions",
    )
    await server.start()
    served = Served(server, jobs)
    try:
        yield served
    finally:
        served.close()
        await server.stop()


@pytest.fixture
def serve() -> Callable[..., Any]:
    """``async with serve(token=...) as served``."""
    return serving


@pytest.fixture
def unused_port() -> int:
    """A port that nobody listens on."""
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


class RealBridge:
    """`umtn bridge` in a process of its own, with the tiny model and folders of its own."""

    def __init__(self, folder: Path, models: Path, *options: str):
        self.folder = folder
        self.session = folder / "sessions"
        self.log = folder / "log.jsonl"
        self.environment = {
            **os.environ,
            "UMTN_MODELS": str(models),
            "UMTN_BRIDGE_FILE": str(folder / "bridge.json"),
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "OMP_NUM_THREADS": "1",
        }
        self.options = options
        self.session.mkdir(parents=True, exist_ok=True)

    def command(self, *more: str) -> list[str]:
        return [
            sys.executable, "-m", "bridge.cli", "bridge",
            "--port", "0", "--http-port", "0", "--no-announce", "--max-rate", "0",
            "--session-folder", str(self.session), "--data-folder", str(self.folder / "store"),
            "--log-file", str(self.log), *self.options, *more,
        ]  # fmt: skip

    def start(self) -> None:
        with (self.folder / "stderr").open("ab") as stderr:
            self.process = subprocess.Popen(
                self.command(), env=self.environment, stderr=stderr, cwd=ROOT
            )
        until = time.monotonic() + 60
        place = self.folder / "bridge.json"
        while not place.exists():
            assert self.process.poll() is None, self.stderr
            assert time.monotonic() < until, "the bridge does not start"
            time.sleep(0.05)
        self.address = json.loads(place.read_text())
        self.port: int = self.address["port"]
        self.token: str = self.address["token"]

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(60)

    @property
    def stderr(self) -> str:
        return (self.folder / "stderr").read_text()

    def umtn(self, *arguments: object) -> Result:
        """Run the command line in this process, which takes a second less."""
        return CliRunner(env=self.environment).invoke(umtn, [*map(str, arguments)])


@pytest.fixture
def make_bridge(
    tiny_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., RealBridge]:
    """Make a bridge with options of its own; clients in this process find its token."""

    def make(*options: str) -> RealBridge:
        bridge = RealBridge(tmp_path / "bridge", tiny_models, *options)
        monkeypatch.setenv("UMTN_BRIDGE_FILE", bridge.environment["UMTN_BRIDGE_FILE"])
        return bridge

    return make


@pytest.fixture
def real_bridge(make_bridge: Callable[..., RealBridge]) -> Iterator[RealBridge]:
    """A bridge that renders; what it writes lies in ``real_bridge.session``."""
    bridge = make_bridge()
    bridge.start()
    try:
        yield bridge
    finally:
        bridge.stop()


@pytest.fixture
def open_bridge(make_bridge: Callable[..., RealBridge]) -> Iterator[RealBridge]:
    """The same without a token, for what can send none."""
    bridge = make_bridge("--no-token")
    bridge.start()
    try:
        yield bridge
    finally:
        bridge.stop()
