from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Callable
from typing import Any

import pytest
from pythonosc import slip
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import build_msg
from pythonosc.tcp_client import AsyncSimpleTCPClient

from bridge.jobs import RenderRequest
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
            one.writer.write(after_length(RENDER) + after_length(b"/odd") + after_length(PING))
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
            assert OscMessage(answer).params == ["a", "queued", "", ""]
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


#: What browsers and other programs can be made to send to any port, with bytes that a stranger
#: has chosen wherever these protocols let him.
FRAMES = slip.encode(RENDER) + after_length(RENDER)
OTHER_PROTOCOLS = {
    "GET": b"GET /" + FRAMES + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "POST": b"POST / HTTP/1.1\r\nContent-Length: 99\r\n\r\n" + FRAMES,
    "OPTIONS": b"OPTIONS * HTTP/1.1\r\nX: \xc0" + FRAMES + b"\r\n\r\n",
    "a method that begins as bundles do": b"#bundle / HTTP/1.1\r\n\r\n" + FRAMES,
    "a method of one letter": b"# / HTTP/1.1\r\n\r\n" + FRAMES,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x12\4\0\0\0\0\0" + FRAMES,
    "TLS": b"\x16\3\1\2\0\1\0\1\xfc\3\3" + FRAMES,
    "STUN, allocating at a TURN server": b"\0\3\0\x40\x21\x12\xa4\x42" + bytes(12) + FRAMES,
    "STUN, framed for ICE": b"\0\x64\0\1\0\x50\x21\x12\xa4\x42" + bytes(12) + FRAMES,
    "STUN, framed for ICE, as long as possible": b"\0\xff\0\1\0\xeb\x21\x12\xa4\x42" + FRAMES,
    "FTP": b"USER \r\n" + FRAMES,
    "SMB": b"\0\0\0\x40\xfeSMB\x40\0" + FRAMES,
    "TPKT, of remote desktops": b"\3\0\0\x2a" + FRAMES,
    "DNS": b"\0\x1d\0\0\1\0\0\1" + FRAMES,
    "lines": b"\r\n\r\n" + FRAMES,
    "zeros": bytes(64) + FRAMES,
    "frames of nothing": slip.END * 64 + b"x" + FRAMES,
    "length the wrong way round": b"\x0c\0\0\0/umtn/ping\0\0,\0\0\0" + FRAMES,
    "ones": b"\xff" * 50_000 + FRAMES,
    "an escape": slip.ESC + FRAMES,
}


@pytest.mark.parametrize("token", [None, TOKEN])
@pytest.mark.parametrize("pieces", [False, True])
@pytest.mark.parametrize("what", OTHER_PROTOCOLS)
def test_nothing_in_another_protocol_is_obeyed_or_answered(
    serve: Serve, caplog: pytest.LogCaptureFixture, what: str, pieces: bool, token: str | None
) -> None:
    async def scene() -> None:
        async with serve(token=token) as served:
            connection = await connect(served.port)
            stream = OTHER_PROTOCOLS[what]
            if pieces:
                for byte in stream[:400]:
                    connection.writer.write(bytes([byte]))
                    await asyncio.sleep(0)
            else:
                connection.writer.write(stream)
            # Closed at once, though what it wanted to send may not be at its end.
            with contextlib.suppress(ConnectionError):
                assert await asyncio.wait_for(connection.reader.read(), 3) == b""
            peer = await served.peer()
            peer.transport.sendto(stream)
            if token is None:
                assert (await peer.next())[2] == "bad_request"
            assert await peer.silent(0.05)
            assert not served.jobs.all

    asyncio.run(scene())
    assert "refused connections that are not OSC (1); the last from 127.0.0.1" in caplog.messages


def test_after_an_osc_packet_what_is_none_is_an_error_and_the_end(serve: Serve) -> None:
    async def scene() -> None:
        async with serve(token=TOKEN) as served:
            connection = await connect(served.port)
            connection.writer.write(after_length(build_msg("/umtn/token", [TOKEN]).dgram))
            assert await connection.next() == Received("/umtn/token", [1])
            connection.writer.write(after_length(b"POST / HTTP/1.1\r\n") + after_length(RENDER))
            error = await connection.next()
            assert error.arguments[1] == "bad_request"
            assert "OSC packets and nothing else" in error.arguments[2]
            assert await connection.at_end()
            assert not served.jobs.all

    asyncio.run(scene())


@pytest.mark.parametrize("hangs_up", [False, True])
@pytest.mark.parametrize(
    "begun",
    [
        b"\0\0\0\x14/umtn",
        slip.END + b"/umtn/ping",
        PING,  # in no framing at all: it never ends
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
            error = await read()
            assert "The end of a packet did not come" in error.arguments[2]
            assert await connection.at_end()
            # Between packets a client may be silent for as long as it likes.
            idle.writer.write(after_length(PING))
            assert (await idle.next()).address == "/umtn/pong"

    asyncio.run(scene())


def test_a_length_after_slip_is_no_frame(serve: Serve) -> None:
    async def scene() -> None:
        async with serve() as served:
            connection = await connect(served.port)
            connection.writer.write(slip.encode(PING) + after_length(PING))
            assert (await connection.next_slip()).address == "/umtn/pong"
            assert "nothing else" in (await connection.next_slip()).arguments[2]
            assert await connection.at_end()

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


async def subscribing(port: int) -> Connection:
    """A connection that asks for its place."""
    connection = await connect(port)
    connection.writer.write(after_length(build_msg("/umtn/subscribe", []).dgram))
    return connection


async def subscribed(port: int) -> Connection:
    """A connection that keeps its place."""
    connection = await subscribing(port)
    assert (await connection.next()).address == "/umtn/subscribed"
    return connection


def test_those_who_say_nothing_keep_nobody_out(serve: Serve) -> None:
    async def scene() -> None:
        async with serve(most_clients=4) as served:
            listens, speaks = await subscribed(served.port), await connect(served.port)
            speaks.writer.write(slip.encode(PING))
            assert (await speaks.next_slip()).address == "/umtn/pong"
            for _ in range(3):  # as often as one likes
                idle = [await connect(served.port) for _ in range(4)]
                newest = await connect(served.port)
                newest.writer.write(after_length(PING))
                assert (await newest.next()).address == "/umtn/pong"
                # It may be no OSC program, and is told nothing.
                with contextlib.suppress(ConnectionError):
                    assert await idle[0].at_end()
                newest.writer.close()
            # Whoever follows jobs, or spoke just now, was not asked to go.
            speaks.writer.write(slip.encode(PING))
            assert (await speaks.next_slip()).address == "/umtn/pong"
            listens.writer.write(after_length(RENDER))
            assert (await listens.next()).address == "/umtn/accepted"

    asyncio.run(scene())


def test_who_spoke_long_ago_and_follows_nothing_gives_way(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp, "_KEPT", 0.0)

    async def scene() -> None:
        async with serve(most_clients=3) as served:
            follows, *others = [await connect(served.port) for _ in range(3)]
            follows.writer.write(after_length(RENDER))
            assert (await follows.next()).address == "/umtn/accepted"
            for each in reversed(others):
                each.writer.write(after_length(PING))
                assert (await each.next()).address == "/umtn/pong"
            newest = await connect(served.port)
            newest.writer.write(after_length(PING))
            assert (await newest.next()).address == "/umtn/pong"
            # The one that was silent for the longest time, in its own framing.
            assert (await others[1].next()).arguments[1] == "busy"
            assert await others[1].at_end()
            for each in (newest, others[0], follows):
                each.writer.write(after_length(PING))
                assert (await each.next()).address == "/umtn/pong"

    asyncio.run(scene())


@pytest.mark.parametrize("framing", ["length", "slip"])
def test_one_too_many_is_told_so_in_its_own_framing(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, framing: str
) -> None:
    monkeypatch.setattr(tcp, "_PARTING", 0.3)

    async def scene() -> None:
        async with serve(most_clients=2) as served:
            inside = [await subscribed(served.port) for _ in range(2)]
            outside = await connect(served.port)
            frame = after_length if framing == "length" else slip.encode
            outside.writer.write(frame(PING) * 500)
            read = outside.next if framing == "length" else outside.next_slip
            assert (await read()).arguments[:2] == ["", "busy"]
            assert await outside.at_end()  # and no reset takes the answer back
            inside[0].writer.close()
            while len(served.server._tcp) == 2:
                await asyncio.sleep(0.01)
            assert (await subscribed(served.port)).writer

    asyncio.run(scene())


def test_few_of_those_who_are_turned_away_are_waited_for(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp, "_MOST_PARTING", 1)

    async def scene() -> None:
        async with serve(most_clients=1) as served:
            inside = await subscribed(served.port)
            first, second = await subscribing(served.port), await subscribing(served.port)
            assert (await first.next()).arguments[1] == "busy"
            assert await second.at_end()
            inside.writer.close()

    asyncio.run(scene())


@pytest.mark.parametrize("begun", [b"", b"\0\0\0\x20/umtn", slip.END + b"/umtn/to", PING])
def test_hundreds_who_say_nothing_whole_keep_out_nobody_who_has_the_token(
    serve: Serve, begun: bytes
) -> None:
    async def scene() -> None:
        async with serve(token=TOKEN, most_clients=256) as served:
            inside = await connect(served.port)
            token = after_length(build_msg("/umtn/token", [TOKEN]).dgram)
            inside.writer.write(token)
            assert await inside.next() == Received("/umtn/token", [1])
            strangers = []
            for number in range(300):
                stranger = await connect(served.port)
                stranger.writer.write(begun)
                strangers.append(stranger)
                if number % 60 == 0:
                    newcomer = await connect(served.port)
                    newcomer.writer.write(token)
                    assert await newcomer.next() == Received("/umtn/token", [1])
            await asyncio.sleep(0.05)
            assert len(served.server._tcp) <= 6 + 2 * tcp.MOST_STRANGERS
            for each in (inside, newcomer):
                each.writer.write(after_length(PING))
                assert (await each.next()).address == "/umtn/pong"
            for stranger in strangers:
                stranger.writer.close()

    asyncio.run(scene())


def test_a_crowd_that_is_let_in_and_says_nothing_more_gives_way(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp, "_KEPT", 0.0)

    async def scene() -> None:
        async with serve(token=TOKEN, most_clients=16) as served:
            token = after_length(build_msg("/umtn/token", [TOKEN]).dgram)
            for _ in range(100):
                each = await connect(served.port)
                each.writer.write(token)
                assert await each.next() == Received("/umtn/token", [1])
            each.writer.write(after_length(PING))
            assert (await each.next()).address == "/umtn/pong"
            assert len(served.server._tcp) <= 16

    asyncio.run(scene())


def test_a_few_wrong_tokens_are_the_end_of_a_connection(serve: Serve) -> None:
    async def scene() -> None:
        async with serve(token=TOKEN) as served:
            connection = await connect(served.port)
            wrong = after_length(build_msg("/umtn/token", ["a guess of sixteen"]).dgram)
            connection.writer.write(wrong * 10)
            for _ in range(tcp._MOST_WRONG):
                assert (await connection.next()).arguments[1] == "denied"
            assert await connection.at_end()

    asyncio.run(scene())


def test_a_list_waits_for_a_reader_and_not_for_ever(serve: Serve) -> None:
    async def scene() -> None:
        async with serve() as served:
            for number in range(3_000):
                await served.jobs.submit(RenderRequest(f"j{number}", "/" + "x" * 900, "flute"))
            for number in range(3_000):
                served.jobs.change(f"j{number}", output="/" + "x" * 900)
            slow = await connect(served.port)
            slow.writer.transport.pause_reading()
            slow.writer.write(after_length(build_msg("/umtn/jobs", []).dgram))
            await asyncio.sleep(0.8)
            slow.writer.transport.resume_reading()
            indexes = [(await slow.next()).arguments[6] for _ in range(3_000)]
            assert indexes == list(range(3_000))

    asyncio.run(scene())
