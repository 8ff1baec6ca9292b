"""The client against a real server: asking until answered, following jobs, losing packets."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bridge.client import AsyncBridge, Bridge, BridgeError, JobStatus
from bridge.discovery.address_file import Address, address_file, write_address
from bridge.server.packets import reply
from bridge.server.requests import Requests
from tests.bridge.conftest import Peer
from tests.bridge.server.test_listening import has_ipv6

Serve = Callable[..., Any]
TOKEN = "0123456789abcdef"
#: Answers that end in a note, which older bridges do not send.
OLDER = ("/umtn/accepted", "/umtn/job")


@pytest.fixture(autouse=True)
def no_address_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UMTN_BRIDGE_FILE", str(tmp_path / "bridge.json"))


def test_a_job_is_followed_to_its_end(serve: Serve) -> None:
    async def scene() -> None:
        async with serve() as served, AsyncBridge(port=served.port) as bridge:
            assert (await bridge.ping()).session_folder == "/sessions"
            job = await bridge.render("/in.wav", "flute", seed=3, mix=0.5)
            assert job.state == "queued"
            (request,) = served.jobs.submitted
            assert (request.input, request.seed, request.mix) == ("/in.wav", 3, 0.5)
            seen: list[JobStatus] = []

            async def progress() -> None:
                for percent in range(0, 100, 10):
                    served.jobs.change(job.id, state="running", fraction=percent / 100)
                    await asyncio.sleep(0.06)
                served.jobs.change(job.id, state="done", fraction=1.0)

            playing = asyncio.create_task(progress())
            end = await bridge.follow(job.id, seen.append)
            await playing
            assert (end.state, end.output, end.fraction) == ("done", f"/{job.id}.wav", 1.0)
            assert len(seen) > 8
            assert [s.fraction for s in seen] == sorted(s.fraction for s in seen)

    asyncio.run(scene())


def test_a_note_comes_with_the_job_and_in_lists(serve: Serve) -> None:
    async def scene() -> None:
        async with serve() as served, AsyncBridge(port=served.port) as bridge:
            await bridge.render("/in.wav", "flute", id="a")
            served.jobs.change("a", note="All of it lies below.", offer="octave")
            again = await bridge.render("/in.wav", "flute", id="a")
            listed = await bridge.jobs()
            notes = {(job.note, job.offer) for job in (again, await bridge.status("a"), *listed)}
            assert notes == {("All of it lies below.", "octave")}

    asyncio.run(scene())


@pytest.mark.parametrize("missing", [1, 2])
def test_a_bridge_that_knows_no_notes_or_offers_is_understood(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, missing: int
) -> None:
    from bridge.server import requests

    def older(address: str, *values: Any) -> bytes:
        return reply(address, *(values[:-missing] if address in OLDER else values))

    monkeypatch.setattr(requests, "reply", older)

    async def scene() -> None:
        async with serve() as served, AsyncBridge(port=served.port) as bridge:
            assert (await bridge.render("/in.wav", "flute", id="a")).note == ""
            (job,) = await bridge.jobs()
            assert (job.id, job.state, job.note, job.offer) == ("a", "queued", "", "")

    asyncio.run(scene())


def test_lost_packets_are_sent_again(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        async with serve() as served, AsyncBridge(port=served.port) as bridge:
            count = 0
            taken = Requests.packet

            def lossy(self: Requests, client: Any, packet: bytes) -> None:
                nonlocal count
                count += 1
                if count % 3 == 0:
                    taken(self, client, packet)

            monkeypatch.setattr(Requests, "packet", lossy)
            job = await bridge.render("/in.wav", "flute")
            assert (await bridge.status(job.id)).state == "queued"
            assert (await bridge.cancel(job.id)).state == "cancelled"
            assert (await bridge.follow(job.id)).state == "cancelled"
            assert len(served.jobs.submitted) == 1

    asyncio.run(scene())


def test_an_end_that_nobody_heard_of_is_found_out(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        async with serve() as served, AsyncBridge(port=served.port) as bridge:
            job = await bridge.render("/in.wav", "flute")
            following = asyncio.create_task(bridge.follow(job.id))
            await asyncio.sleep(0.2)
            monkeypatch.setattr(served.server.followers, "tell", lambda job: None)
            served.jobs.change(job.id, state="done")
            assert (await asyncio.wait_for(following, 5)).state == "done"

    asyncio.run(scene())


def test_lists_are_whole_even_where_parts_get_lost(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bridge.server.clients import UdpTarget

    async def scene() -> None:
        async with serve() as served, AsyncBridge(port=served.port) as bridge:
            assert await bridge.jobs() == []
            for number in range(50):
                await bridge.render("/in.wav", "flute", id=f"j{number}")
            count = 0
            sent = UdpTarget.send

            def lossy(self: UdpTarget, packet: bytes) -> None:
                nonlocal count
                count += 1
                if count % 7:
                    sent(self, packet)

            monkeypatch.setattr(UdpTarget, "send", lossy)
            assert {job.id for job in await bridge.jobs()} == {f"j{n}" for n in range(50)}

    asyncio.run(scene())


def test_what_the_bridge_refuses_is_an_error_with_its_code(serve: Serve) -> None:
    async def scene() -> None:
        async with serve() as served, AsyncBridge(port=served.port) as bridge:
            await bridge.render("/in.wav", "flute", id="a")
            for code, work in (
                ("id_in_use", bridge.render("/in.wav", "violin", id="a")),
                ("bad_request", bridge.render("/in.wav", "flute", mix=3.0)),
                ("unknown_id", bridge.status("b")),
                # Its answers would go elsewhere, and it would seem that there is no bridge.
                ("bad_request", bridge.render("/in.wav", "flute", reply_port=9)),
            ):
                with pytest.raises(BridgeError) as caught:
                    await work
                assert caught.value.code == code

    asyncio.run(scene())


def test_a_token_is_sent_by_itself_also_after_it_was_forgotten(serve: Serve) -> None:
    async def scene() -> None:
        async with serve(token=TOKEN, most_clients=2) as served:
            async with AsyncBridge(port=served.port, token=TOKEN) as bridge:
                await bridge.ping()
                for _ in range(3):
                    await (await served.peer()).ask("/umtn/token", TOKEN)
                assert (await bridge.render("/in.wav", "flute")).state == "queued"
            async with AsyncBridge(port=served.port) as bridge:
                with pytest.raises(BridgeError, match="--token"):
                    await bridge.ping()
            async with AsyncBridge("localhost", served.port, token="x" * 16, timeout=1) as bridge:
                with pytest.raises(BridgeError, match="The token is wrong") as caught:
                    await bridge.ping()
                assert caught.value.code == "denied"

    asyncio.run(scene())


def written(port: int, token: str, hosts: tuple[str, ...] = ("127.0.0.1", "::1")) -> None:
    """Write the address file of a bridge in this process."""
    write_address(
        Address(1, "1", os.getpid(), hosts[0], port, 9472, "/sessions", "now", token, hosts)
    )


@pytest.mark.parametrize("where", ["nowhere", "port", "name"])
def test_the_token_of_the_address_file_is_shown_by_itself(serve: Serve, where: str) -> None:
    async def scene() -> None:
        async with serve(token=TOKEN) as served:
            written(served.port, TOKEN)
            places: dict[str, tuple[Any, ...]] = {
                "nowhere": (),
                "port": (None, served.port),
                "name": ("localhost", served.port),
            }
            async with AsyncBridge(*places[where]) as bridge:
                assert (await bridge.ping()).session_folder == "/sessions"
                assert await bridge.jobs() == []

    asyncio.run(scene())


def test_a_client_that_outlives_its_bridge_reads_the_file_again(serve: Serve) -> None:
    async def scene() -> None:
        async with serve(token=TOKEN) as served:
            port = served.port
            written(port, TOKEN)
            bridge = AsyncBridge()
            await bridge.__aenter__()
            await bridge.ping()
        address_file().unlink()
        # asyncio closes sockets in its next round.
        await asyncio.sleep(0.05)
        async with serve(token="another" * 4, port=port):
            # A bridge listens a moment before it writes its file.
            asking = asyncio.create_task(bridge.ping())
            await asyncio.sleep(0.3)
            written(port, "another" * 4)
            assert (await asking).version == "1.2.3"
            await bridge.__aexit__()

    asyncio.run(scene())


@pytest.mark.parametrize("away", [0.1, 1.1])
def test_a_bridge_that_is_long_in_writing_its_file_is_waited_for(serve: Serve, away: float) -> None:
    """However long the client has waited by then, between two requests too."""

    async def scene() -> None:
        async with serve(token=TOKEN) as served:
            port = served.port
            written(port, TOKEN)
            bridge = AsyncBridge(timeout=10)
            await bridge.__aenter__()
            await bridge.ping()
        address_file().unlink()
        asking = [asyncio.create_task(ask()) for ask in (bridge.ping, bridge.jobs)]
        await asyncio.sleep(away)
        async with serve(token="another" * 4, port=port):
            await asyncio.sleep(1.5)
            written(port, "another" * 4)
            await asyncio.gather(*asking)
            await bridge.__aexit__()

    asyncio.run(scene())


def test_no_token_is_shown_where_the_bridge_of_the_file_does_not_listen(serve: Serve) -> None:
    async def scene() -> None:
        async with serve(token=TOKEN) as served:
            written(served.port + 1, TOKEN)
            async with AsyncBridge(port=served.port) as bridge:
                with pytest.raises(BridgeError, match="give it with --token") as caught:
                    await bridge.ping()
                assert caught.value.code == "token"

    asyncio.run(scene())


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")
def test_of_the_addresses_of_localhost_only_the_bridges_own_are_asked(serve: Serve) -> None:
    """Another user may listen on the other one."""

    async def scene() -> None:
        async with serve(token=TOKEN, host="127.0.0.1") as served:
            written(served.port, TOKEN, ("127.0.0.1",))
            loop = asyncio.get_running_loop()
            _, other = await loop.create_datagram_endpoint(Peer, local_addr=("::1", served.port))
            async with AsyncBridge("localhost", served.port) as bridge:
                await bridge.ping()
            assert await other.silent()
            other.transport.close()

    asyncio.run(scene())


def test_a_bridge_is_told_when_its_client_leaves(serve: Serve) -> None:
    async def scene() -> None:
        async with serve(token=TOKEN) as served:
            async with AsyncBridge("127.0.0.1", served.port, token=TOKEN) as bridge:
                await bridge.ping()
                (own,) = bridge._link._sockets
                assert own._transport is not None
                port = own._transport.get_extra_info("sockname")[1]
            await asyncio.sleep(0.05)
            peer = await served.peer(port)
            assert (await peer.ask("/umtn/ping"))[:3] == ("/umtn/error", "", "token")

    asyncio.run(scene())


def test_without_an_address_file_nobody_is_asked() -> None:
    async def scene() -> None:
        began = time.monotonic()
        with pytest.raises(BridgeError, match=r"No bridge of yours .* start one") as caught:
            async with AsyncBridge():
                pass
        assert caught.value.code == "unreachable"
        assert time.monotonic() - began < 1

    asyncio.run(scene())


def test_without_a_bridge_there_is_one_sentence(unused_port: int) -> None:
    async def scene() -> None:
        for host in (None, "127.0.0.1", *(["::1"] if has_ipv6() else [])):
            began = time.monotonic()
            with pytest.raises(BridgeError, match="start one with `umtn bridge`") as caught:
                async with AsyncBridge(host, unused_port, timeout=20) as bridge:
                    await bridge.ping()
            assert caught.value.code == "unreachable"
            # The system says that nobody listens there, and nobody need wait for more.
            assert time.monotonic() - began < 5

    asyncio.run(scene())


def test_a_bridge_that_was_there_may_come_again(serve: Serve) -> None:
    async def scene() -> None:
        async with serve() as served:
            bridge = await AsyncBridge(port=served.port, timeout=20).__aenter__()
            await bridge.ping()
        for ask in (bridge.ping, bridge.jobs):
            asking = asyncio.create_task(ask())
            await asyncio.wait({asking}, timeout=0.7)
            assert not asking.done()
            async with serve(port=served.port):
                await asking
        await bridge.__aexit__()

    asyncio.run(scene())


def test_a_bridge_that_has_gone_is_not_said_never_to_have_been(serve: Serve) -> None:
    async def scene() -> None:
        async with serve() as served:
            bridge = await AsyncBridge(port=served.port, timeout=0.5).__aenter__()
            await bridge.ping()
        with pytest.raises(BridgeError, match="does not answer this any more"):
            await bridge.ping()
        await bridge.__aexit__()

    asyncio.run(scene())


def test_a_port_alone_is_looked_for_at_both_addresses(serve: Serve) -> None:
    if not has_ipv6():
        pytest.skip("needs the address ::1")

    async def scene() -> None:
        async with serve(host="::1") as served, AsyncBridge(port=served.port) as bridge:
            assert (await bridge.ping()).version == "1.2.3"

    asyncio.run(scene())


@pytest.mark.parametrize("listens_on", ["localhost", "127.0.0.1", "::1"])
def test_localhost_is_found_at_whichever_address_answers(serve: Serve, listens_on: str) -> None:
    if listens_on == "::1" and not has_ipv6():
        pytest.skip("needs the address ::1")

    async def scene() -> None:
        async with serve(host=listens_on) as served:
            async with AsyncBridge("localhost", served.port) as bridge:
                assert (await bridge.ping()).version == "1.2.3"
                assert (await bridge.render("/in.wav", "flute", id="a")).state == "queued"
                assert [job.id for job in await bridge.jobs()] == ["a"]
            assert len(served.jobs.submitted) == 1

    asyncio.run(scene())


def test_of_two_bridges_at_one_port_one_is_asked_for_renders(serve: Serve) -> None:
    if not has_ipv6():
        pytest.skip("needs the address ::1")

    async def scene() -> None:
        async with (
            serve(host="127.0.0.1", token=TOKEN) as one,
            serve(host="::1", token=TOKEN, port=one.port) as other,
        ):
            async with AsyncBridge("localhost", one.port, token=TOKEN) as bridge:
                for number in range(5):
                    assert (await bridge.render("/in.wav", "flute", id=str(number))).id
            counts = sorted(len(served.jobs.submitted) for served in (one, other))
            assert counts == [0, 5]

    asyncio.run(scene())


def test_a_host_with_several_addresses_and_no_bridge_is_one_sentence(unused_port: int) -> None:
    async def scene() -> None:
        with pytest.raises(BridgeError, match=r"no bridge at localhost .* start one") as caught:
            async with AsyncBridge("localhost", unused_port, timeout=0.5):
                pass
        assert caught.value.code == "unreachable"
        with pytest.raises(BridgeError, match=r"no such machine as a\.\.b"):
            async with AsyncBridge("a..b", unused_port):
                pass

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (("nope.invalid", 9471), "no such machine as nope.invalid"),
        (
            ("127.0.0.1:9471", 9471),
            "no such machine as 127.0.0.1:9471 .*alone, and its port by itself",
        ),
        (("", 9471), "no such machine as ''"),
        (("a\nb", 9471), r"no such machine as a\\nb"),
        (("255.255.255.255", 9471), r"no way to 255.255.255.255 \("),
        (("127.0.0.1", 70_000), "whole number from 1 to 65535, not 70000"),
        (("127.0.0.1", 0), "whole number from 1 to 65535, not 0"),
    ],
)
def test_where_no_bridge_can_be_is_said(where: tuple[str, int], said: str) -> None:
    async def scene() -> None:
        with pytest.raises(BridgeError, match=said) as caught:
            async with AsyncBridge(*where, timeout=0.5):
                pass
        assert caught.value.code == "unreachable"

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (None, "no answer in 0.2 s"),
        (ConnectionRefusedError(111, "Connection refused"), "nobody listens there"),
        (OSError(101, "Network is unreachable"), "network is unreachable"),
    ],
)
def test_why_there_is_no_answer_is_not_made_up(
    unused_port: int, monkeypatch: pytest.MonkeyPatch, error: OSError | None, said: str
) -> None:
    from bridge.client.link import _Socket

    def send(self: _Socket, packet: bytes) -> None:
        if error is not None:
            self.error_received(error)

    monkeypatch.setattr(_Socket, "send", send)

    async def scene() -> None:
        async with AsyncBridge("127.0.0.1", unused_port, timeout=0.2) as bridge:
            with pytest.raises(BridgeError, match=rf"\({said}\); start one"):
                await bridge.ping()

    asyncio.run(scene())


@pytest.mark.parametrize("code", ["rate", "busy"])
def test_a_bridge_that_only_refuses_is_there(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    def refuse(self: Requests, client: Any, packet: bytes) -> None:
        client.answers().send(reply("/umtn/error", "", code, "Come again later."))

    monkeypatch.setattr(Requests, "packet", refuse)

    async def scene() -> None:
        async with serve() as served, AsyncBridge(port=served.port, timeout=0.4) as bridge:
            for work in (bridge.ping(), bridge.models(), bridge.status("a")):
                with pytest.raises(BridgeError, match="Come again later") as caught:
                    await work
                assert caught.value.code == code

    asyncio.run(scene())


def test_a_job_ends_with_an_error_and_that_is_how_it_is(serve: Serve) -> None:
    async def scene() -> None:
        async with serve() as served, AsyncBridge(port=served.port) as bridge:
            await bridge.render("/in.wav", "flute", id="a")
            following = asyncio.create_task(bridge.follow("a"))
            await asyncio.sleep(0.1)
            served.jobs.change("a", state="failed", code="bad_request", message="No music.")
            for status in (await following, await bridge.status("a"), await bridge.cancel("a")):
                assert (status.state, status.message) == ("failed", "No music.")

    asyncio.run(scene())


def test_it_works_without_asyncio_too(serve: Serve) -> None:
    served_at: list[Any] = []
    ready, end = threading.Event(), threading.Event()

    async def scene() -> None:
        async with serve() as served:
            served_at.append((served, asyncio.get_running_loop()))
            ready.set()
            while not end.is_set():
                await asyncio.sleep(0.01)

    thread = threading.Thread(target=lambda: asyncio.run(scene()))
    thread.start()
    try:
        ready.wait()
        served, loop = served_at[0]
        with Bridge(port=served.port) as bridge:
            assert bridge.ping().version == "1.2.3"
            assert bridge.render("/in.wav", "flute", id="a").state == "queued"
            loop.call_soon_threadsafe(lambda: served.jobs.change("a", state="done"))
            assert bridge.follow("a").state == "done"
            assert [job.id for job in bridge.jobs()] == ["a"]
            with pytest.raises(BridgeError):
                bridge.cancel("b")
    finally:
        end.set()
        thread.join()
