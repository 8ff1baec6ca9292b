from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest
from pythonosc import slip
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import build_msg

from bridge.protocol import VERSION
from bridge.server import clients
from tests.bridge.conftest import Peer
from tests.bridge.server.test_listening import has_ipv6

Serve = Callable[..., Any]

RENDER = ("/umtn/render", "a", "/in.wav", "flute")
TOKEN = "0123456789abcdef"


def test_a_ping_says_who_and_where(serve: Serve) -> None:
    async def scene() -> None:
        async with serve() as served:
            peer = await served.peer()
            assert await peer.ask("/umtn/ping") == ("/umtn/pong", "1.2.3", VERSION, "/sessions")

    asyncio.run(scene())


def test_a_job_from_its_acceptance_to_its_end(serve: Serve) -> None:
    async def scene() -> None:
        async with serve() as served:
            peer = await served.peer()
            assert await peer.ask(*RENDER) == ("/umtn/accepted", "a", "queued", "", "")
            served.jobs.change("a", state="running", fraction=0.25)
            assert await peer.next() == ("/umtn/progress", "a", 0.25, -1.0, "running")
            await asyncio.sleep(0.06)
            served.jobs.change("a", fraction=0.5, seconds_left=2.0, note="Too low.", offer="octave")
            assert await peer.next() == ("/umtn/progress", "a", 0.5, 2.0, "running")
            assert await peer.ask("/umtn/status", "a") == (
                "/umtn/job", "a", "running", 0.5, 2.0, "/a.wav", "", 0, 1, "Too low.", "octave",
            )  # fmt: skip
            served.jobs.change("a", state="done", fraction=1.0)
            assert await peer.next() == ("/umtn/done", "a", "/a.wav")
            served.jobs.change("a", state="done")
            assert await peer.silent()

    asyncio.run(scene())


def test_a_second_identical_request_hears_how_far_the_first_is(serve: Serve) -> None:
    async def scene() -> None:
        async with serve() as served:
            first, second = await served.peer(), await served.peer()
            await first.ask(*RENDER)
            assert await second.ask(*RENDER) == ("/umtn/accepted", "a", "queued", "", "")
            served.jobs.change("a", state="running")
            assert (await first.next())[0] == (await second.next())[0] == "/umtn/progress"
            assert await first.ask(*RENDER) == ("/umtn/accepted", "a", "running", "", "")
            assert (await first.next())[0] == "/umtn/progress"
            served.jobs.change("a", state="failed", code="audio", message="Too loud.")
            error = ("/umtn/error", "a", "audio", "Too loud.")
            assert await first.next() == await second.next() == error
            assert await second.ask(*RENDER) == ("/umtn/accepted", "a", "failed", "", "")
            assert await second.next() == error
            assert len(served.jobs.submitted) == 1
            other = await second.ask(*RENDER, "seed", 1)
            assert other[:3] == ("/umtn/error", "a", "id_in_use")

    asyncio.run(scene())


def test_requests_about_one_job_are_done_in_order(serve: Serve) -> None:
    async def scene() -> None:
        async with serve() as served:
            peer = await served.peer()
            builder = OscBundleBuilder(IMMEDIATELY)
            builder.add_content(build_msg(RENDER[0], RENDER[1:]))
            builder.add_content(build_msg("/umtn/cancel", ["a"]))
            peer.transport.sendto(builder.build().dgram)
            assert await peer.next() == ("/umtn/accepted", "a", "queued", "", "")
            assert await peer.next() == ("/umtn/cancelled", "a")
            assert await peer.ask("/umtn/cancel", "a") == ("/umtn/cancelled", "a")
            assert (await peer.ask("/umtn/cancel", "b"))[:3] == ("/umtn/error", "b", "unknown_id")

    asyncio.run(scene())


def test_cancelling_what_is_done_says_so_again(serve: Serve) -> None:
    async def scene() -> None:
        async with serve() as served:
            peer = await served.peer()
            await peer.ask(*RENDER)
            served.jobs.change("a", state="done")
            assert (await peer.next())[0] == "/umtn/done"
            assert await peer.ask("/umtn/cancel", "a") == ("/umtn/done", "a", "/a.wav")

    asyncio.run(scene())


def test_answers_go_where_a_sender_says(serve: Serve) -> None:
    async def scene() -> None:
        async with serve() as served:
            peer, listener, other = (
                await served.peer(), await served.listener(), await served.listener(),
            )  # fmt: skip
            peer.send("/umtn/reply_port", float(listener.port))
            assert await listener.next() == ("/umtn/reply_port", listener.port)
            peer.send("/umtn/ping")
            assert (await listener.next())[0] == "/umtn/pong"
            peer.send("/umtn/ping", other.port)
            assert (await other.next())[0] == "/umtn/pong"
            peer.send(*RENDER, "reply_port", other.port)
            assert (await other.next())[0] == "/umtn/accepted"
            served.jobs.change("a", state="done")
            assert (await other.next())[0] == "/umtn/done"
            assert await peer.silent() and await listener.silent(0.01)
            assert (await peer.ask("/umtn/reply_port", 0)) == ("/umtn/reply_port", 0)

    asyncio.run(scene())


def test_a_bridge_that_is_told_to_answer_itself_soon_falls_silent(serve: Serve) -> None:
    async def scene() -> None:
        # Each of its own answers would be one of the messages that this machine may send.
        async with serve(most_messages=10.0) as served:
            (await served.peer()).send("/umtn/reply_port", served.port)
            await asyncio.sleep(0.2)
            assert (await (await served.peer()).ask("/umtn/ping"))[0] == "/umtn/pong"

    asyncio.run(scene())


def test_a_reply_port_is_one_of_the_address_that_asks(serve: Serve) -> None:
    if not has_ipv6():
        pytest.skip("needs the address ::1")

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        async with serve() as served:
            _, peer = await loop.create_datagram_endpoint(Peer, remote_addr=("::1", served.port))
            _, there = await loop.create_datagram_endpoint(Peer, local_addr=("::1", 0))
            try:
                assert (await peer.ask(*RENDER))[0] == "/umtn/accepted"
                peer.send("/umtn/subscribe", there.port)
                assert await there.next() == ("/umtn/subscribed", 1)
                served.jobs.change("a", state="done")
                assert await peer.next() == await there.next() == ("/umtn/done", "a", "/a.wav")
            finally:
                peer.transport.close()
                there.transport.close()

    asyncio.run(scene())


def test_refusals_go_where_a_request_says_too(serve: Serve) -> None:
    """A sender such as oscsend, with another port for each message, hears of nothing else."""

    async def scene() -> None:
        async with serve() as served:
            peer, listener = await served.peer(), await served.listener()
            for message in (
                (*RENDER, "mix", 7.5, "reply_port", listener.port),
                (*RENDER, "reply_port", listener.port, "seed", "many"),
                (*RENDER, "reply_port", listener.port, "seed", True),
                ("/umtn/status", 5, listener.port),
                ("/umtn/status", "a", "b", float(listener.port)),
            ):
                peer.send(*message)
                assert (await listener.next())[2] == "bad_request"
            for port in (0, 70_000, -1, float("nan"), "x"):
                assert (await peer.ask(*RENDER, "reply_port", port))[2] == "bad_request"
            assert await listener.silent()

    asyncio.run(scene())


def test_subscribers_hear_of_everybodys_jobs(serve: Serve) -> None:
    async def scene() -> None:
        async with serve() as served:
            peer, panel = await served.peer(), await served.peer()
            assert await panel.ask("/umtn/subscribe") == ("/umtn/subscribed", 1)
            await peer.ask(*RENDER)
            served.jobs.change("a", state="running")
            assert (await panel.next())[0] == "/umtn/progress"
            assert await panel.ask("/umtn/unsubscribe") == ("/umtn/subscribed", 0)
            served.jobs.change("a", state="cancelled")
            assert await panel.silent()

    asyncio.run(scene())


def test_lists_come_one_message_for_each(serve: Serve) -> None:
    async def scene() -> None:
        async with serve() as served:
            peer = await served.peer()
            empty = await peer.ask("/umtn/jobs")
            assert empty[1] == "" and empty[7:] == (-1, 0, "", "")
            for number in range(100):
                await peer.ask("/umtn/render", f"j{number}", "/in.wav", "flute")
            peer.send("/umtn/jobs")
            listed = [await peer.next() for _ in range(100)]
            assert {m[1] for m in listed} == {f"j{number}" for number in range(100)}
            assert [m[7:9] for m in listed] == [(number, 100) for number in range(100)]

    asyncio.run(scene())


@pytest.mark.usefixtures("models_folder")
def test_models_are_listed_with_what_they_play(serve: Serve) -> None:
    async def scene() -> None:
        async with serve() as served:
            peer = await served.peer()
            first = await peer.ask("/umtn/models")
            found = [first] + [await peer.next() for _ in range(first[2] - 1)]
            (tiny,) = (model for model in found if model[3] == "tiny")
            assert tiny[4:6] == ("flute,violin", "CC0-1.0")
            assert "onnx" in tiny[6].split(",")

    asyncio.run(scene())


def test_wrong_requests_are_answered_and_answers_are_not(serve: Serve) -> None:
    async def scene() -> None:
        async with serve() as served:
            peer = await served.peer()
            error = await peer.ask("/umtn/render", "a", "/in.wav", "flute", "seed", "many")
            assert error[:3] == ("/umtn/error", "a", "bad_request") and "i:seed" in error[3]
            assert (await peer.ask("/umtn/rendr"))[2] == "bad_request"
            assert (await peer.ask("/umtn/*"))[2] == "bad_request"
            peer.transport.sendto(b"not osc")
            assert (await peer.next())[2] == "bad_request"
            # Two bridges must not answer each other's errors for ever.
            peer.send("/umtn/error", "", "bad_request", "no")
            peer.send("/umtn/pong", "1", 1, "")
            assert await peer.silent()

    asyncio.run(scene())


def test_a_type_without_use_is_refused_under_the_jobs_id_and_the_next_is_answered(
    serve: Serve,
) -> None:
    async def scene() -> None:
        async with serve() as served:
            peer = await served.peer()
            await peer.ask(*RENDER)
            for tags, rest in (("sT", b""), ("sc", bytes(4)), ("s[i]", bytes(4)), ("sQ", b"")):
                types = f",{tags}".encode().ljust((len(tags) + 5) & ~3, b"\0")
                peer.transport.sendto(b"/umtn/status\0\0\0\0" + types + b"a\0\0\0" + rest)
                answer = await peer.next()
                assert answer[:3] == ("/umtn/error", "a", "bad_request")
                assert answer[3].startswith("The bridge cannot read this /umtn/status: ")
                assert f"of type {tags[1]!a}" in answer[3]
            peer.transport.sendto(b"/umtn/status\0\0\0\0,S\0\0a\0\0\0")
            assert (await peer.next())[:2] == ("/umtn/job", "a")
            # Nor is a faulty answer answered: it may be another bridge's.
            peer.transport.sendto(b"/umtn/pong\0\0,T\0\0")
            assert await peer.silent()

    asyncio.run(scene())


def test_each_broken_message_gets_one_error(serve: Serve) -> None:
    status = b"/umtn/status\0\0\0\0"
    broken = [
        b"\0",
        b"/umtn/status",
        b"/umtn/status\0x\0\0",
        status + b"a\0\0\0",  # no types
        status + b",s\0",
        status + b",sss",
        status + b",s\0\0a",
        status + b",s\0\0a\0\0x",
        status + b",si\0a\0\0\0\0\0",
        status + b",sb\0a\0\0\0\xff\xff\xff\xff",
        status + b",sb\0a\0\0\0\x7f\xff\xff\xff",
        status + b",s\0\0\xe4\0\0\0",
        status + b",s\0\0a\0\0\0b\0\0\0",
        b"/umtn/st\xe4tus\0\0\0,\0\0\0",
        b"#bundle\0" + bytes(8) + b"\xff\xff\xff\xff",
        b"#bundle\0" + bytes(8) + b"\0\0\0\x14" + status + b",T\0\0",
    ]

    async def scene() -> None:
        async with serve() as served:
            peer = await served.peer()
            for packet in broken:
                peer.transport.sendto(packet)
                error = await peer.next()
                assert (error[0], error[2]) == ("/umtn/error", "bad_request")
                assert error[3].endswith(".")
            assert await peer.silent()
            assert (await peer.ask("/umtn/ping"))[0] == "/umtn/pong"

    asyncio.run(scene())


def test_a_fault_behind_a_request_is_an_answer(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        async with serve() as served:
            peer = await served.peer()

            async def fails(_: object) -> None:
                raise RuntimeError("a fault")

            monkeypatch.setattr(served.jobs, "submit", fails)
            assert (await peer.ask(*RENDER))[:3] == ("/umtn/error", "a", "internal")
            assert (await peer.ask("/umtn/ping"))[0] == "/umtn/pong"

    asyncio.run(scene())


def test_with_a_token_nothing_goes_without_it(serve: Serve) -> None:
    async def scene() -> None:
        async with serve(token=TOKEN) as served:
            peer, other = await served.peer(), await served.peer()
            assert (await peer.ask("/umtn/ping"))[2] == "token"
            assert (await peer.ask(*RENDER))[:3] == ("/umtn/error", "a", "token")
            assert await peer.ask("/umtn/token", TOKEN) == ("/umtn/token", 1)
            assert (await peer.ask("/umtn/ping"))[0] == "/umtn/pong"
            assert (await other.ask("/umtn/ping"))[2] == "token"
            assert not served.jobs.submitted

    asyncio.run(scene())


def test_the_right_token_is_let_in_whatever_others_send(serve: Serve) -> None:
    """Thousands of wrong ones and of other messages from as many ports, and the bucket is empty."""

    async def scene() -> None:
        async with serve(token=TOKEN, most_messages=50.0, most_clients=8) as served:
            inside, stranger = await served.peer(), await served.peer()
            assert await inside.ask("/umtn/token", TOKEN) == ("/umtn/token", 1)
            assert await inside.ask("/umtn/reply_port", 0) == ("/umtn/reply_port", 0)
            for number in range(300):
                if number % 20 == 0:
                    stranger = await served.peer()
                stranger.send("/umtn/token", f"guess {number} of sixteen")
                stranger.send("/umtn/ping")
            newcomer = await served.peer()
            builder = OscBundleBuilder(IMMEDIATELY)
            builder.add_content(build_msg("/umtn/token", [TOKEN]))
            builder.add_content(build_msg("/umtn/ping", []))
            newcomer.transport.sendto(builder.build().dgram)
            assert await newcomer.next() == ("/umtn/token", 1)
            assert (await newcomer.next())[0] == "/umtn/pong"
            assert (await inside.ask("/umtn/ping"))[0] == "/umtn/pong"
            # The programs of this machine that may come in have used up what they may send.
            for _ in range(150):
                inside.send("/umtn/ping")
            while (await inside.next())[2] != "rate":
                pass
            assert await (await served.peer()).ask("/umtn/token", TOKEN) == ("/umtn/token", 1)
            # Who is in stays in, whatever it sends itself.
            assert (await newcomer.ask("/umtn/token", "an old one"))[2] in ("denied", "rate")
            await asyncio.sleep(0.1)
            assert (await newcomer.ask("/umtn/ping"))[0] == "/umtn/pong"

    asyncio.run(scene())


def test_strangers_are_answered_less_than_they_send(serve: Serve) -> None:
    """So that nobody can have the bridge flood the owner of an address that he invents."""

    async def scene() -> None:
        async with serve(token=TOKEN) as served:
            stranger = await served.peer()
            for _ in range(500):
                stranger.send("/umtn/ping")
                stranger.send("/umtn/token", "a guess of sixteen")
                stranger.transport.sendto(b"no OSC at all")
                await asyncio.sleep(0)
            await asyncio.sleep(0.3)
            assert 20 <= stranger.inbox.qsize() <= 60
            codes = {stranger.inbox.get_nowait().arguments[1] for _ in range(20)}
            assert codes == {"token", "denied"}

    asyncio.run(scene())


def test_strangers_cost_one_line_of_the_log(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        async with serve(token=TOKEN) as served:
            peer = await served.peer()
            for number in range(100):
                peer.send("/umtn/render", f"forged\numtn: line {number}", "/in.wav", "flute")
                peer.send("/umtn/token", f"a guess of sixteen\r\n{number}")
                peer.send(f"/no/request/{number}")
                peer.transport.sendto(b"no OSC\n")
            await asyncio.sleep(0.2)
            assert len(caplog.messages) == 1

    asyncio.run(scene())
    first, rest = caplog.messages
    assert first == "refused messages without the token (1); the last from 127.0.0.1"
    assert rest == (
        "refused wrong tokens (100), messages without the token (199), "
        "packets that are not OSC (100); the last from 127.0.0.1"
    )


def test_who_leaves_is_forgotten_and_so_is_who_says_nothing(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "SILENCE", 0.3)

    async def scene() -> None:
        async with serve(token=TOKEN) as served:
            peer, listener = await served.peer(), await served.listener()
            other = await served.peer()
            await other.ask("/umtn/token", TOKEN)
            await peer.ask("/umtn/token", TOKEN)
            assert await peer.ask("/umtn/subscribe") == ("/umtn/subscribed", 1)
            assert (await peer.ask(*RENDER))[0] == "/umtn/accepted"
            peer.send("/umtn/subscribe", listener.port)
            assert await listener.next() == ("/umtn/subscribed", 1)
            peer.send("/umtn/reply_port", listener.port)
            assert await listener.next() == ("/umtn/reply_port", listener.port)
            peer.send("/umtn/leave")
            # Whoever has the port now is a stranger, and hears nothing of jobs.
            assert (await peer.ask("/umtn/ping"))[2] == "token"
            served.jobs.change("a", state="running")
            assert await peer.silent() and await listener.silent(0.01)
            # Subscriptions outlast silence, the right to ask does not.
            assert await peer.ask("/umtn/token", TOKEN) == ("/umtn/token", 1)
            assert await peer.ask("/umtn/subscribe") == ("/umtn/subscribed", 1)
            await asyncio.sleep(0.4)
            served.jobs.change("a", state="done")
            assert (await peer.next())[0] == "/umtn/done"
            assert (await peer.ask("/umtn/ping"))[2] == "token"
            assert await peer.ask("/umtn/token", TOKEN) == ("/umtn/token", 1)
            assert (await peer.ask("/umtn/ping"))[0] == "/umtn/pong"

    asyncio.run(scene())


def test_too_many_messages_are_refused_and_others_are_not_held_up(serve: Serve) -> None:
    async def scene() -> None:
        async with serve(most_messages=50.0) as served:
            peer = await served.peer()
            for _ in range(150):
                peer.send("/umtn/ping")
            answers = [await peer.next() for _ in range(150)]
            assert sum(a[0] == "/umtn/pong" for a in answers) in range(100, 115)
            assert {a[2] for a in answers if a[0] == "/umtn/error"} == {"rate"}
            await asyncio.sleep(0.1)
            assert (await peer.ask("/umtn/ping"))[0] == "/umtn/pong"

    asyncio.run(scene())


def test_tcp_frames_may_come_in_pieces_and_together(serve: Serve) -> None:
    async def scene() -> None:
        async with serve() as served:
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            ping = build_msg("/umtn/ping", []).dgram
            for byte in slip.encode(ping):
                writer.write(bytes([byte]))
                await asyncio.sleep(0.001)
            # One END between frames, as many senders have it; and an odd message among them.
            writer.write(slip.END.join([b"", ping, b"/odd\0\0\0\0,T\0\0", ping, b""]))
            received = b""
            while received.count(b"/umtn/pong") < 3 or received.count(b"/umtn/error") < 1:
                chunk = await asyncio.wait_for(reader.read(4096), 5)
                assert chunk
                received += chunk
            frames = [f for f in received.split(slip.END) if f]
            assert OscMessage(slip.decode(frames[0])).params[0] == "1.2.3"
            writer.close()

    asyncio.run(scene())


def test_a_tcp_sender_that_is_too_fast_waits_and_loses_nothing(serve: Serve) -> None:
    async def scene() -> None:
        async with serve(most_messages=200.0) as served:
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            ping = slip.encode(build_msg("/umtn/ping", []).dgram)
            began = asyncio.get_running_loop().time()
            writer.write(ping * 500)
            received = b""
            while received.count(b"/umtn/pong") < 500:
                received += await asyncio.wait_for(reader.read(4096), 5)
            assert b"/umtn/error" not in received
            assert asyncio.get_running_loop().time() - began > 0.3
            writer.close()

    asyncio.run(scene())


def test_connections_and_packets_are_limited(serve: Serve) -> None:
    async def scene() -> None:
        async with serve(most_clients=2) as served:
            open_ = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(3)]
            assert not await asyncio.wait_for(open_[0][0].read(), 5)
            # A frame without an end is not gathered for ever.
            open_[1][1].write(b"/" * 40_000)
            assert b"16384 bytes" in await asyncio.wait_for(open_[1][0].read(), 5)
            peer = await served.peer()
            peer.transport.sendto(b"/umtn/ping\0\0,\0\0\0" + b"\0" * 20_000)
            assert "16384 bytes" in (await peer.next())[3]
            for _, writer in open_:
                writer.close()

    asyncio.run(scene())


def test_a_reader_who_does_not_read_is_given_up(serve: Serve) -> None:
    async def scene() -> None:
        async with serve() as served:
            idle = socket.create_connection(("127.0.0.1", served.port))
            idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            idle.sendall(slip.encode(build_msg("/umtn/subscribe", []).dgram))
            peer = await served.peer()
            await peer.ask(*RENDER)
            while not served.server.followers.subscribers:
                await asyncio.sleep(0.01)
            for number in range(200_000):
                # Each a change of state, which is never left out.
                served.jobs.change("a", state=("running", "queued")[number % 2])
                if number % 500 == 0:
                    await asyncio.sleep(0)
                    if not served.server.followers.subscribers:
                        break
            assert not served.server.followers.subscribers
            idle.close()

    asyncio.run(scene())


def test_a_port_that_is_taken_is_one_sentence(serve: Serve) -> None:
    from umtn_core.errors import UmtnError

    async def scene() -> None:
        async with serve() as served:
            with pytest.raises(UmtnError, match="choose another one with --port"):
                async with serve(port=served.port):
                    pass

    asyncio.run(scene())


def test_what_is_asked_right_behind_a_render_knows_of_it(serve: Serve) -> None:
    async def scene() -> None:
        async with serve() as served:
            peer = await served.peer()
            for number in range(20):
                id = f"j{number}"
                peer.send("/umtn/render", id, "/in.wav", "flute")
                peer.send("/umtn/status", id)
                peer.send("/umtn/cancel", id)
                peer.send("/umtn/status", id)
                peer.send("/umtn/jobs")
                answers = [await peer.next() for _ in range(4)]
                assert [(a[0], a[1]) for a in answers] == [
                    ("/umtn/accepted", id), ("/umtn/job", id),
                    ("/umtn/cancelled", id), ("/umtn/job", id),
                ]  # fmt: skip
                assert [answers[1][2], answers[3][2]] == ["queued", "cancelled"]
                listed = [await peer.next() for _ in range(number + 1)]
                assert listed[-1][:3] == ("/umtn/job", id, "cancelled")
            assert await peer.silent()

    asyncio.run(scene())


#: As long as an id may be, of letters of one, two, three and four bytes, and odd ones.
LONG_IDS = [letter * (512 // len(letter.encode())) for letter in "aé♫𝄞"]
ODD_IDS = ["é" * 128, "𝄞" * 128, " ", "..", "'\"", "\u202e\u2028", "e\u0301", "7", "/umtn/x", "-1"]


@pytest.mark.parametrize("id", [*LONG_IDS, *ODD_IDS], ids=lambda id: ascii(id[:8]))
def test_every_answer_holds_the_id_whole(serve: Serve, id: str) -> None:
    async def scene() -> None:
        async with serve() as served:
            peer = await served.peer()
            asked = ("/umtn/render", id, "/in.wav", "flute")
            for answer in (
                await peer.ask("/umtn/status", id),
                await peer.ask(*asked, "seed", "many"),
                await peer.ask(*asked),
                await peer.ask(*asked, "seed", 3),
                await peer.ask("/umtn/status", id),
                await peer.ask("/umtn/jobs"),
            ):
                assert answer[1] == id
            output, message = "/" + "x" * 4_000, "é" * 300
            served.jobs.change(id, state="running")
            assert (await peer.next())[:2] == ("/umtn/progress", id)
            served.jobs.change(id, state="failed", code="audio", message=message, output=output)
            assert (await peer.next())[:3] == ("/umtn/error", id, "audio")
            for state in ("failed", "done", "cancelled"):
                served.jobs.change(id, state=state)
                assert (await peer.ask("/umtn/cancel", id))[1] == id
                assert (await peer.ask("/umtn/status", id))[1:3] == (id, state)

    asyncio.run(scene())


@pytest.mark.parametrize("id", ["a" * 513, "é" * 257, "♫" * 171, "𝄞" * 129, "x" * 8_000], ids=len)
def test_an_id_that_cannot_be_sent_back_is_answered_as_none(serve: Serve, id: str) -> None:
    async def scene() -> None:
        async with serve() as served:
            peer = await served.peer()
            for message in (("/umtn/status", id), ("/umtn/render", id, "/in.wav", "flute")):
                error = await peer.ask(*message)
                assert error[:3] == ("/umtn/error", "", "bad_request")
                assert "1 to 512 bytes of UTF-8" in error[3]
            assert (await peer.ask("/umtn/status", ""))[:3] == ("/umtn/error", "", "bad_request")

    asyncio.run(scene())


@pytest.mark.parametrize("host", ["localhost", "0.0.0.0", "::"])
def test_the_bridge_answers_neither_itself_nor_at_its_own_port(serve: Serve, host: str) -> None:
    if host != "0.0.0.0" and not has_ipv6():
        pytest.skip("needs the address ::1")

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        async with serve(host=host, token=TOKEN) as served:
            for there in ("127.0.0.1", "::1")[: 1 if host == "0.0.0.0" else 2]:
                _, peer = await loop.create_datagram_endpoint(
                    Peer, remote_addr=(there, served.port)
                )
                assert await peer.ask("/umtn/token", TOKEN) == ("/umtn/token", 1)
                for message in (
                    ("/umtn/reply_port", served.port),
                    ("/umtn/ping", served.port),
                    ("/umtn/subscribe", float(served.port)),
                    (*RENDER, "reply_port", served.port),
                    ("/umtn/status", "a", served.port),
                    ("/umtn/render", "a", "/in.wav", "flute", "seed", "many", "reply_port",
                     served.port),
                ):  # fmt: skip
                    error = await peer.ask(*message)
                    assert error[2] == "bad_request", message
                    assert f"itself listens on port {served.port}" in error[3] or "seed" in error[3]
                assert not served.jobs.all and not served.server.followers.subscribers
                peer.transport.close()
            # What comes from there, say by way of a program that sends everything back, is nothing.
            udp = served.server._udp[0]
            heard = served.server._metrics.text()
            _, port, *rest = udp.get_extra_info("sockname")
            here = "::1" if rest else "127.0.0.1"
            udp.sendto(build_msg("/umtn/ping", []).dgram, (here, port, *rest))
            await asyncio.sleep(0.1)
            assert served.server._metrics.text().count(b"umtn_refused") == heard.count(
                b"umtn_refused"
            )

    asyncio.run(scene())


@pytest.mark.parametrize("token", [None, TOKEN])
def test_two_bridges_that_are_told_to_answer_each_other_fall_silent(
    serve: Serve, token: str | None
) -> None:
    async def scene() -> None:
        async with serve(token=token) as one, serve(token=token) as other:
            sent = []
            for served in (one, other):
                udp = served.server._udp[0]
                sendto = udp.sendto
                udp.sendto = lambda *a, sendto=sendto: sent.append(a) or sendto(*a)
            for here, there in ((one, other), (other, one)):
                peer = await here.peer()
                if token is not None:
                    await peer.ask("/umtn/token", token)
                for message in (
                    ("/umtn/ping", there.port),
                    ("/umtn/subscribe", there.port),
                    ("/umtn/models", there.port),
                    ("/umtn/reply_port", there.port),
                    ("/umtn/ping",),
                    ("/umtn/token", TOKEN),
                    ("/no/request",),
                    RENDER,
                    ("/umtn/jobs",),
                ):
                    peer.send(*message)
                await asyncio.sleep(0.3)
            count = len(sent)
            await asyncio.sleep(1.0)
            assert len(sent) == count < 60

    asyncio.run(scene())
