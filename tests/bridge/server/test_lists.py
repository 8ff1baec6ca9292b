"""Many long lists at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pythonosc.osc_message_builder import build_msg

from bridge.server import lists
from bridge.server.lists import MOST_LISTS, Lists

Serve = Callable[..., Any]


class Place:
    """Somewhere that a list goes."""

    def __init__(self, unsent: int = 0) -> None:
        self.heard: list[bytes] = []
        self.unsent = unsent

    def send(self, packet: bytes) -> None:
        self.heard.append(packet)


def test_few_are_under_way_and_all_come_whole() -> None:
    under_way: set[int] = set()
    most = 0

    def make(number: int) -> Iterator[bytes]:
        nonlocal most
        under_way.add(number)
        for packet in range(100):
            most = max(most, len(under_way))
            yield bytes([packet])
        under_way.discard(number)

    async def scene() -> None:
        sending, places = Lists(), [Place() for _ in range(20)]
        await asyncio.gather(
            *(
                sending.send(place, "/umtn/jobs", lambda number=number: make(number))
                for number, place in enumerate(places)
            )
        )
        assert all(place.heard == [bytes([n]) for n in range(100)] for place in places)

    asyncio.run(scene())
    assert most == 2


def test_who_asks_again_while_it_waits_gets_it_once() -> None:
    async def scene() -> None:
        sending, place, others = Lists(), Place(), [Place(), Place()]
        long = [b""] * 200
        tasks = [sending.send(each, "/umtn/jobs", lambda: long) for each in others]
        tasks += [sending.send(place, "/umtn/jobs", lambda: [b"a"]) for _ in range(5)]
        await asyncio.gather(*tasks)
        assert place.heard == [b"a"]

    asyncio.run(scene())


def test_who_reads_nothing_is_sent_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "_PATIENCE", 0.05)

    async def scene() -> None:
        stuck = Place(1 << 20)
        await Lists().send(stuck, "/umtn/jobs", lambda: [b""] * 10_000)
        assert len(stuck.heard) < 100

    asyncio.run(scene())


def test_many_who_ask_for_thousands_of_jobs_keep_nobody_waiting(serve: Serve) -> None:
    async def scene() -> None:
        async with serve() as served:
            asking = await served.peer()
            await asking.ask("/umtn/render", "j0", "/in.wav", "flute")
            for number in range(1, 2_000):
                served.jobs.all[f"j{number}"] = served.jobs.all["j0"]
            loop = asyncio.get_running_loop()
            crowd, _ = await loop.create_datagram_endpoint(
                asyncio.DatagramProtocol, remote_addr=("127.0.0.1", served.port)
            )
            # Fewer refusals than one machine is sent in a second: beyond them none is answered.
            for port in range(20_000, 20_000 + MOST_LISTS + 100):
                crowd.sendto(build_msg("/umtn/jobs", [port]).dgram)
            while not served.server.requests._listing:
                await asyncio.sleep(0)
            # The first of all these lists is not at its end when others are answered.
            for _ in range(10):
                assert (await asking.ask("/umtn/ping"))[0] == "/umtn/pong"
            assert served.server.requests._listing == MOST_LISTS
            assert (await asking.ask("/umtn/jobs"))[:3] == ("/umtn/error", "", "busy")
            crowd.close()
            for task in list(served.server.requests._tasks):
                task.cancel()

    asyncio.run(scene())
