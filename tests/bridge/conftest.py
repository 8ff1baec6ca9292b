"""A server over a job service that only remembers, so that its answers can be looked at alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bridge.jobs import Job, RenderRequest, RequestError
from bridge.server.access import Access
from bridge.server.metrics import Metrics
from bridge.server.osc import OscServer
from bridge.server.packets import Received, read_packet
from bridge.server.settings import ServerSettings


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
async def serving(
    clock: Callable[[], float] | None = None, **settings: Any
) -> AsyncIterator[Served]:
    jobs = RememberedJobs()
    token = settings.get("token")
    access = Access(token, clock) if clock else Access(token)
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
