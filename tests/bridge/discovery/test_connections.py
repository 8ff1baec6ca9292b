from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bridge.client import Bridge
from bridge.discovery import connections
from bridge.discovery.connections import HAS_ASKED, HAS_SHOWN_THE_TOKEN, Connections
from tests.bridge.conftest import RealBridge
from tests.bridge.discovery.test_http import TOKEN, get, serving

#: A connection that is open, as a client sees it.
Open = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Asking(asyncio.Protocol):
    """Takes each line for a request: ``a`` without the token, ``t`` with it, ``l`` a long one."""

    def __init__(self, counted: Connections):
        self.counted = counted
        self.transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        for letter in data.decode():
            standing = HAS_SHOWN_THE_TOKEN if letter == "t" else HAS_ASKED
            self.counted.asks(self.transport, standing, 60.0 if letter == "l" else None)


@asynccontextmanager
async def counting(most: int, patience: float = 5.0) -> AsyncIterator[tuple[Connections, int]]:
    counted = Connections(most, patience)
    protocols = counted.counted(lambda: Asking(counted))
    server = await asyncio.get_running_loop().create_server(protocols, "127.0.0.1", 0)
    async with server:
        yield counted, server.sockets[0].getsockname()[1]


async def connected(port: int, says: bytes = b"") -> Open:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(says)
    await asyncio.sleep(0.02)
    return reader, writer


async def is_open(connection: Open) -> bool:
    try:
        return await asyncio.wait_for(connection[0].read(1), 0.05) != b""
    except asyncio.TimeoutError:
        return True
    except ConnectionError:
        return False


def test_who_has_done_least_for_the_longest_time_gives_way() -> None:
    async def scene() -> None:
        async with counting(5) as (counted, port):
            first = [await connected(port, says) for says in (b"t", b"a", b"", b"a", b"")]
            order = [2, 4, 1, 3]
            later = []
            for gone in range(1, len(order) + 1):
                # One that shows the token at once, so that it is not the next to go.
                later.append(await connected(port, b"t"))
                assert len(counted) == 5
                left = [n for n in range(5) if await is_open(first[n])]
                assert left == [n for n in range(5) if n not in order[:gone]]

    asyncio.run(scene())


def test_a_whole_request_is_waited_for_and_each_time_anew() -> None:
    async def scene() -> None:
        async with counting(5, patience=0.3) as (counted, port):
            silent, asking, long = [await connected(port, says) for says in (b"", b"a", b"l")]
            await asyncio.sleep(0.2)
            asking[1].write(b"a")
            await asyncio.sleep(0.2)
            assert [await is_open(each) for each in (silent, asking, long)] == [False, True, True]
            await asyncio.sleep(0.3)
            assert [await is_open(each) for each in (asking, long)] == [False, True]
            assert len(counted) == 1

    asyncio.run(scene())


def test_half_a_head_dripping_in_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        async with serving() as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            began = time.monotonic()
            with pytest.raises((ConnectionError, EOFError)):
                for letter in b"GET / HTTP/1.1\r\nHost: localhost\r\nA: " + b"x" * 1_000:
                    writer.write(bytes([letter]))
                    await asyncio.sleep(0.05)
                    if reader.at_eof():
                        raise EOFError
            assert 0.4 < time.monotonic() - began < 3
            writer.close()

    monkeypatch.setattr(connections.Connections.__init__, "__defaults__", (64, 0.5))
    asyncio.run(scene())


def test_silent_connections_shut_nobody_out() -> None:
    async def scene() -> None:
        async with serving(TOKEN) as server:
            shown = {"Authorization": f"Bearer {TOKEN}"}
            crowd = [
                await asyncio.open_connection("127.0.0.1", server.port)
                for _ in range(3 * connections.MOST)
            ]
            for _, writer in crowd[::2]:
                writer.write(b"GET / HTTP/1.1\r\nHost: local")
            assert (await get(server, "/metrics", **shown))[0] == 200
            await asyncio.sleep(0.1)
            left = sum(await asyncio.gather(*map(is_open, crowd)))
            assert connections.MOST - 3 <= left <= connections.MOST
            for _, writer in crowd:
                writer.close()

    asyncio.run(scene())


@pytest.mark.skipif(sys.platform != "linux", reason="it sets another process's limits")
def test_two_thousand_connections_take_no_files_from_what_renders(
    make_bridge: Callable[..., RealBridge], recording: Callable[..., Path]
) -> None:
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 4_096:
        pytest.skip("the system does not let this process open so many files")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    bridge = make_bridge()
    bridge.start()
    crowd = []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (4_096, hard))
        resource.prlimit(bridge.process.pid, resource.RLIMIT_NOFILE, (1_024, 1_024))
        place = (bridge.address["host"], bridge.address["http_port"])
        source = recording(str(bridge.session / "in.wav"))
        with Bridge() as client:
            for number in range(2_000):
                crowd.append(socket.create_connection(place, 10))
                with contextlib.suppress(ConnectionError):
                    # Half of them silent, half with a head that does not end.
                    crowd[-1].send(b"GET / HTTP/1.1\r\nHost: " if number % 2 else b"")
                if number % 200 == 0:
                    client.ping()
            job = client.render(source, "flute", model="tiny")
            assert client.follow(job.id).state == "done"
            files = len(list(Path(f"/proc/{bridge.process.pid}/fd").iterdir()))
        assert files < 400
        assert "Too many open files" not in bridge.log.read_text() + bridge.stderr
    finally:
        for each in crowd:
            each.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        bridge.stop()
