from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import Any

import pytest
from pythonosc import slip
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import build_msg
from pythonosc.tcp_client import AsyncSimpleTCPClient

from bridge.protocol import LARGEST_PACKET
from bridge.server import tcp
from bridge.server.packets import Received, read_packet

Serve = Callable[..., Any]

PING = build_msg("/umtn/ping", []).dgram
RENDER = build_msg("/umtn/render", ["a", "/in.wav", "flute"]).dgram
TOKEN = "0123456789abcdef"


def after_length(packet: bytes) -> bytes:
    return struct.pack(">i", len(packet)) + packet


class Connection:
    """A TCP client in either framing."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.reader, self.writer = reader, writer

    async def next(self) -> Received:
        """Read an answer in the OSC 1.0 framing."""
        (size,) = struct.unpack(">i", await asyncio.wait_for(self.reader.readexactly(4), 8))
        (found,) = read_packet(await asyncio.wait_for(self.reader.readexactly(size), 8))
        return found

    async def next_slip(self) -> Received:
        """Read an answer in the OSC 1.1 framing."""
        assert await asyncio.wait_for(self.reader.readexactly(1), 8) == slip.END
        framed = await asyncio.wait_for(self.reader.readuntil(slip.END), 8)
        (found,) = read_packet(slip.decode(framed))
        return found

    async def at_end(self) -> bool:
        """Whether the bridge closes the connection and says nothing more."""
        return await asyncio.wait_for(self.reader.read(), 8) == b""


async def connect(port: int, host: str = "127.0.0.1") -> Connection:
    return Connection(*await asyncio.open_connection(host, port))


def test_packets_after_their_length_are_answered_in_the_same_way(serve: Serve) -> None:
    async def scene() -> None:
        async with serve() as served:
            one, other = (
                await connect(served.port, served.server.hosts[-1]),
                await connect(served.port),
            )
            for byte in after_length(PING):
                one.writer.write(bytes([byte]))
                await asyncio.sleep(0.001)
            assert (await one.next()).address == "/umtn/pong"
            one.writer.write(after_length(RENDER) + after_length(b"nonsense") + after_length(PING))
            heard = [await one.next() for _ in range(3)]
            assert {m.address for m in heard} == {"/umtn/accepted", "/umtn/error", "/umtn/pong"}
            # Beside it, another connection goes on in the other framing.
            other.writer.write(slip.encode(build_msg("/umtn/subscribe", []).dgram))
            assert (await other.next_slip()).address == "/umtn/subscribed"
            served.jobs.change("a", state="done")
            done = Received("/umtn/done", ["a", "/a.wav"])
            assert await one.next() == await other.next_slip() == done

    asyncio.run(scene())


@pytest.mark.parametrize("mode", ["1.0", "1.1"])
def test_python_oscs_client_is_served_in_both_its_modes(serve: Serve, mode: str) -> None:
    async def scene() -> None:
        async with (
            serve() as served,
            AsyncSimpleTCPClient("127.0.0.1", served.port, mode=mode) as client,
        ):
            await client.send_message("/umtn/render", ["a", "/in.wav", "flute"])
            (answer,) = await client.receive(5)
            assert OscMessage(answer).params == ["a", "queued", ""]
            served.jobs.change("a", state="done")
            (answer,) = await client.receive(5)
            assert OscMessage(answer).params == ["a", "/a.wav"]

    asyncio.run(scene())


@pytest.mark.parametrize("size", [0, -1, LARGEST_PACKET + 1, 0x00FFFFFF])
def test_a_length_that_no_packet_has_is_an_error_and_the_end(serve: Serve, size: int) -> None:
    async def scene() -> None:
        async with serve() as served:
            connection = await connect(served.port)
            connection.writer.write(after_length(PING))
            assert (await connection.next()).address == "/umtn/pong"
            connection.writer.write(struct.pack(">i", size) + b"x" * 50_000)
            assert (await connection.next()).arguments[1] == "bad_request"
            assert await connection.at_end()
            assert await served.peer()

    asyncio.run(scene())


@pytest.mark.parametrize(
    "stream",
    [b"GET / HTTP/1.1\r\n\r\n", b"\x0c\0\0\0/umtn/ping\0\0,\0\0\0", b"\xff" * 50_000, b"\xdb"],
)
def test_what_is_in_neither_framing_is_an_error_and_the_end(serve: Serve, stream: bytes) -> None:
    async def scene() -> None:
        async with serve() as served:
            connection = await connect(served.port)
            connection.writer.write(stream)
            error = await connection.next_slip()
            assert error.arguments[:2] == ["", "bad_request"]
            assert "after its length in four bytes" in error.arguments[2]
            assert await connection.at_end()

    asyncio.run(scene())


@pytest.mark.parametrize("hangs_up", [False, True])
@pytest.mark.parametrize(
    "begun",
    [
        b"\0",  # of a length
        b"\0\0\0\x14/umtn",
        slip.END + b"/umtn/ping",
        PING,  # in no framing at all: it never ends
        slip.encode(PING) + after_length(PING),  # another framing than before
    ],
)
def test_a_packet_whose_end_never_comes_is_an_error_and_the_end(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, begun: bytes, hangs_up: bool
) -> None:
    monkeypatch.setattr(tcp, "_PAUSE", 60 if hangs_up else 0.2)

    async def scene() -> None:
        async with serve() as served:
            connection, idle = await connect(served.port), await connect(served.port)
            connection.writer.write(begun)
            if hangs_up:
                connection.writer.write_eof()
            read = connection.next if begun.startswith(b"\0") else connection.next_slip
            if begun.startswith(slip.encode(PING)):
                assert (await read()).address == "/umtn/pong"
            error = await read()
            assert "The end of a packet did not come" in error.arguments[2]
            assert await connection.at_end()
            # Between packets a client may be silent for as long as it likes.
            idle.writer.write(after_length(PING))
            assert (await idle.next()).address == "/umtn/pong"

    asyncio.run(scene())


def test_slip_after_a_length_is_no_length(serve: Serve) -> None:
    async def scene() -> None:
        async with serve() as served:
            connection = await connect(served.port)
            connection.writer.write(after_length(PING) + slip.encode(PING))
            assert (await connection.next()).address == "/umtn/pong"
            assert "No packet is -1" in (await connection.next()).arguments[2]
            assert await connection.at_end()

    asyncio.run(scene())


def test_the_token_and_the_pace_hold_in_this_framing_too(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp, "_PATIENCE", 0.5)

    async def scene() -> None:
        async with serve(token=TOKEN, most_messages=200.0) as served:
            connection, stranger = await connect(served.port), await connect(served.port)
            connection.writer.write(after_length(PING))
            assert (await connection.next()).arguments[1] == "token"
            connection.writer.write(after_length(build_msg("/umtn/token", [TOKEN]).dgram))
            assert await connection.next() == Received("/umtn/token", [1])
            began = asyncio.get_running_loop().time()
            connection.writer.write(after_length(PING) * 500)
            for _ in range(500):
                assert (await connection.next()).address == "/umtn/pong"
            assert asyncio.get_running_loop().time() - began > 0.3
            assert await stranger.at_end()

    asyncio.run(scene())


def test_a_connection_that_only_listens_is_no_burden_and_stops_with_the_bridge(
    serve: Serve,
) -> None:
    async def scene() -> None:
        async with serve() as served:
            silent = await connect(served.port)
        assert await silent.at_end()

    asyncio.run(scene())
