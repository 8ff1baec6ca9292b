"""Many packets, right and wrong, at a real bridge."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from pythonosc import slip

from bridge.protocol import LARGEST_PACKET, REPLIES, REQUESTS
from bridge.server.packets import request
from tests.bridge.conftest import Peer

MakeRecording = Callable[..., Path]


async def connected(port: int) -> Peer:
    loop = asyncio.get_running_loop()
    _, peer = await loop.create_datagram_endpoint(Peer, remote_addr=("127.0.0.1", port))
    return peer


@pytest.mark.parametrize(
    ("jobs", "times"), [(500, 20), pytest.param(10_000, 1, marks=pytest.mark.long)]
)
def test_ten_thousand_requests_at_once(
    open_bridge: Any, recording: MakeRecording, jobs: int, times: int
) -> None:
    """None is lost that was acknowledged, and none is done twice."""
    source = str(recording("bridge/sessions/tone.wav", seconds=0.01))
    # Mixed dry only, a render takes no decoding: it is the requests that are tried here.
    packets = {
        f"j{number}": request(
            "/umtn/render",
            (f"j{number}", source, "flute", "", "model", "tiny", "mix", 0.0, "seed", number),
        )
        for number in range(jobs)
    }

    async def scene() -> None:
        peer = await connected(open_bridge.port)
        burst = list(packets) * times
        random.Random(0).shuffle(burst)
        for id in burst:
            peer.transport.sendto(packets[id])
        accepted: set[str] = set()
        ended: dict[str, str] = {}
        while len(ended) < jobs:
            try:
                address, *values = await peer.next(3.0)
            except asyncio.TimeoutError:
                # What the socket had no room for, on either way: ask again, as clients do.
                for id in list(packets.keys() - ended.keys())[:200]:
                    peer.transport.sendto(packets[id])
                continue
            if address == "/umtn/accepted":
                accepted.add(values[0])
            elif address == "/umtn/done":
                ended[values[0]] = values[1]
            elif address == "/umtn/error":
                assert values[1] == "busy", values
            else:
                assert address == "/umtn/progress", (address, values)
        assert accepted >= ended.keys() == packets.keys()
        assert len(set(ended.values())) == jobs
        assert all(Path(output).exists() for output in ended.values())
        peer.transport.close()

    asyncio.run(scene())
    assert len(list(open_bridge.session.iterdir())) == jobs + 1
    logs = sorted(open_bridge.folder.glob("log.jsonl*"))
    lines = [line for log in logs for line in log.read_text().splitlines()]
    states = Counter(
        (entry["job"], entry["state"]) for entry in map(json.loads, lines) if "state" in entry
    )
    assert states == Counter(
        (id, state) for id in packets for state in ("queued", "running", "done")
    )


def valid_packets(source: str) -> list[bytes]:
    """Every message, with arguments that it may have; and bundles of them."""
    packets = []
    for message in REQUESTS:
        values = [_example(argument) for argument in message.arguments]
        packets.append(request(message.address, values))
        for argument in message.optional:
            packets.append(request(message.address, [*values, _example(argument)]))
        for key in message.keys:
            if key.name != "reply_port":
                packets.append(request(message.address, [*values, key.name, _example(key)]))
    packets += [b"".join((m.address.encode(), b"\0" * 4, b",sis\0\0\0\0")) for m in REPLIES]
    packets.append(request("/umtn/render", ["real", source, "flute", "", "model", "tiny"]))
    return packets


def _example(argument: Any) -> Any:
    if argument.name == "reply_port" or argument.name == "port":
        return 0  # nothing need be sent to strangers' ports
    if "s" in argument.types:
        return argument.choices[0] if argument.choices else "an example"
    return 1


def fuzzed(packets: list[bytes], seed: int) -> Iterator[bytes]:
    """Make random packets, and valid ones with something wrong."""
    chance = random.Random(seed)
    while True:
        packet = bytearray(chance.choice(packets))
        for _ in range(chance.choice((0, 1, 1, 2, 5))):
            place = chance.randrange(len(packet) + 1)
            kind = chance.randrange(9)
            if kind == 0:
                packet[place : place + 1] = bytes([chance.randrange(256)])
            elif kind == 1:
                del packet[place : place + chance.randrange(9)]
            elif kind == 2:
                packet[place:place] = chance.randbytes(chance.randrange(9))
            elif kind == 3:
                packet = packet[:place]
            elif kind == 4:
                packet += chance.choice(packets)
            elif kind == 5:
                extreme = chance.choice((-1, -4, 0, 2**31 - 1, -(2**31), 4, 2**16))
                packet[place & ~3 : (place & ~3) + 4] = struct.pack(">i", extreme)
            elif kind == 6:
                size = chance.choice((len(packet), len(packet), -4, 0, 3, 2**30))
                packet = bytearray(b"#bundle\0" + chance.randbytes(8))
                packet += struct.pack(">i", size) + chance.choice(packets)
            elif kind == 7:
                packet = bytearray(chance.randbytes(chance.randrange(300)))
            else:
                tags = packet.find(b",")
                if 0 <= tags < len(packet) - 1:
                    packet[tags + 1] = chance.choice(b"ifsbhdTFNItcrm[]\xff")
        yield bytes(packet)[:9_000]


def streams(packets: list[bytes], seed: int) -> Iterator[bytes]:
    """Make what a TCP client might send: in either framing, and broken in some way."""
    chance = random.Random(seed)
    source = fuzzed(packets, seed)
    while True:
        parts = []
        for _ in range(chance.randrange(1, 6)):
            packet = next(source)
            size = chance.choice((len(packet), len(packet), len(packet), 0, -1, 2**31 - 1, 99))
            parts.append(
                chance.choice((slip.encode(packet), struct.pack(">i", size) + packet, packet))
            )
        if chance.randrange(2):
            # In one framing from beginning to end, but for a piece that is missing.
            kind = chance.randrange(2)
            parts = [
                struct.pack(">i", len(part)) + part if kind else slip.encode(part) for part in parts
            ]
        stream = b"".join(parts)
        place = chance.randrange(len(stream) + 1)
        yield stream[:place] + stream[place + chance.choice((0, 0, 1, 5)) :]


@pytest.mark.parametrize("count", [300, pytest.param(20_000, marks=pytest.mark.long)])
def test_random_streams_over_tcp(open_bridge: Any, recording: MakeRecording, count: int) -> None:
    """No connection holds the bridge up, and none keeps its memory."""
    source_of_streams = streams(
        valid_packets(str(recording("bridge/sessions/tone.wav", seconds=0.01))), count
    )
    process = psutil.Process(open_bridge.process.pid)
    sizes: list[int] = []

    async def one(stream: bytes, slowly: bool) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", open_bridge.port)
        size = 50 if slowly else LARGEST_PACKET
        with contextlib.suppress(ConnectionError):
            for place in range(0, len(stream), size):
                writer.write(stream[place : place + size])
                await writer.drain()
            with contextlib.suppress(OSError):  # closed already, since it is no OSC
                writer.write_eof()
            # Whoever is at the end of a stream is let go.
            while await asyncio.wait_for(reader.read(1 << 16), 10):
                pass
        writer.close()

    async def scene() -> None:
        asking = await connected(open_bridge.port)
        for _ in range(0, count, 20):
            chunk = [next(source_of_streams) for _ in range(20)]
            await asyncio.gather(
                *(one(stream, place % 2 == 0) for place, stream in enumerate(chunk))
            )
            assert (await asking.ask("/umtn/ping"))[0] == "/umtn/pong"
            sizes.append(process.memory_info().rss)
        # One that says that much is coming, and sends it, is not listened to.
        _, writer = await asyncio.open_connection("127.0.0.1", open_bridge.port)
        writer.write(struct.pack(">i", 2**24 - 1))
        with contextlib.suppress(ConnectionError):
            for _ in range(200):
                writer.write(bytes(1 << 20))
                await asyncio.wait_for(writer.drain(), 10)
        writer.close()
        assert (await asking.ask("/umtn/ping"))[0] == "/umtn/pong"
        sizes.append(process.memory_info().rss)
        asking.transport.close()

    asyncio.run(scene())
    grown = (max(sizes[len(sizes) // 4 :]) - sizes[len(sizes) // 4]) / 2**20
    assert grown < 16, sizes
    assert "Traceback" not in open_bridge.stderr
    assert "traceback" not in open_bridge.log.read_text()


@pytest.mark.parametrize("count", [20_000, pytest.param(1_000_000, marks=pytest.mark.long)])
def test_random_and_mutated_packets(open_bridge: Any, recording: MakeRecording, count: int) -> None:
    """The bridge lives, its memory stays flat, and the next request is answered."""
    source = str(recording("bridge/sessions/tone.wav", seconds=0.01))
    packets = valid_packets(source)
    process = psutil.Process(open_bridge.process.pid)
    sizes: list[int] = []

    async def scene() -> None:
        peer, asking = await connected(open_bridge.port), await connected(open_bridge.port)
        source_of_packets = fuzzed(packets, count)
        for sent in range(count):
            peer.transport.sendto(next(source_of_packets))
            if sent % 200 == 199:
                # So that none is lost in the socket, which would be too easy.
                assert (await asking.ask("/umtn/ping"))[0] == "/umtn/pong"
                while not peer.inbox.empty():
                    peer.inbox.get_nowait()
            if sent % (count // 20) == count // 20 - 1:
                sizes.append(process.memory_info().rss)
        assert (await asking.ask("/umtn/ping"))[0] == "/umtn/pong"
        peer.transport.close()
        asking.transport.close()

    asyncio.run(scene())
    grown = (sizes[-1] - sizes[len(sizes) // 4]) / 2**20
    print(f"\n{count} packets; resident memory in MiB: {[s >> 20 for s in sizes]}")
    assert grown < 16, sizes
    sent = open_bridge.umtn("send", source, "--to", "violin", "--model", "tiny")
    assert sent.exit_code == 0, sent.stderr
    assert "Traceback" not in open_bridge.stderr
    assert "traceback" not in open_bridge.log.read_text()
