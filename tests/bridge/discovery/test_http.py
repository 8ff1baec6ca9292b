from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from bridge.discovery.http import HttpServer
from bridge.protocol import REPLIES, REQUESTS
from bridge.server.access import Access
from bridge.server.metrics import Metrics
from tests.bridge.server.test_listening import has_ipv6
from umtn_core.errors import UmtnError

TOKEN = "0123456789abcdef"


@asynccontextmanager
async def serving(
    token: str | None = None, port: int = 0, host: str = "localhost"
) -> AsyncIterator[HttpServer]:
    server = HttpServer(
        host,
        port,
        osc_port=9471,
        name="a bridge",
        values=lambda: {"/umtn/pong": ["1.2.3", 1, "/sessions"]},
        access=Access(token),
        metrics=Metrics(),
    )
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def get(
    server: HttpServer, path: str, host: str = "127.0.0.1", **headers: str
) -> tuple[int, Any]:
    url = f"http://{host}:{server.port}{path}"
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        is_json = answer.content_type == "application/json"
        return answer.status, await (answer.json() if is_json else answer.text())


def test_the_whole_namespace_has_every_message_once() -> None:
    async def scene() -> None:
        async with serving() as server:
            status, root = await get(server, "/")
            assert status == 200
            assert root["FULL_PATH"] == "/"
            nodes = root["CONTENTS"]["umtn"]["CONTENTS"]
            addresses = {m.address for m in (*REQUESTS, *REPLIES)}
            assert {node["FULL_PATH"] for node in nodes.values()} == addresses
            for name, node in nodes.items():
                assert node["FULL_PATH"].endswith(name)
                assert node["DESCRIPTION"]
                for variant in (node, *node.get("OVERLOADS", [])):
                    count = len(variant.get("TYPE", ""))
                    assert len(variant.get("RANGE", [])) == count
                    assert len(variant.get("CLIPMODE", [])) == count
            assert nodes["render"]["TYPE"] == "sss"
            mixes = [o for o in nodes["render"]["OVERLOADS"] if o["EXTENDED_TYPE"][-1] == "mix"]
            assert mixes[0]["TYPE"] == "ssssf"
            assert mixes[0]["RANGE"][-1] == {"MIN": 0, "MAX": 1}

    asyncio.run(scene())


def test_one_node_or_one_attribute_can_be_asked_for() -> None:
    async def scene() -> None:
        async with serving() as server:
            assert (await get(server, "/umtn/cancel"))[1]["TYPE"] == "s"
            assert await get(server, "/umtn/cancel?TYPE") == (200, {"TYPE": "s"})
            assert await get(server, "/umtn/pong?VALUE") == (
                200, {"VALUE": ["1.2.3", 1, "/sessions"]},
            )  # fmt: skip
            # As the specification has it: nothing to read, not known, no such node.
            assert (await get(server, "/umtn/cancel?VALUE"))[0] == 204
            assert (await get(server, "/umtn/cancel?COLOUR"))[0] == 400
            assert (await get(server, "/umtn/rendr"))[0] == 404

    asyncio.run(scene())


def test_host_info_says_where_osc_goes_and_what_is_supported() -> None:
    async def scene() -> None:
        async with serving() as server:
            status, info = await get(server, "/?HOST_INFO")
            assert status == 200
            assert (info["OSC_PORT"], info["OSC_TRANSPORT"]) == (9471, "UDP")
            assert info["EXTENSIONS"]["RANGE"] is True
            assert info["EXTENSIONS"]["LISTEN"] is False

    asyncio.run(scene())


def test_it_is_at_both_addresses_of_the_machine_and_says_which_osc_has() -> None:
    async def scene() -> None:
        async with serving() as server:
            for host in ("127.0.0.1", "localhost", *(["[::1]"] if has_ipv6() else [])):
                status, info = await get(server, "/?HOST_INFO", host)
                assert (status, info["OSC_IP"]) == (200, "127.0.0.1")
        async with serving(TOKEN, host="::") as server:
            for host in ("127.0.0.1", *(["[::1]"] if has_ipv6() else [])):
                # That of the page, as the specification has it.
                assert "OSC_IP" not in (await get(server, "/?HOST_INFO", host))[1]

    asyncio.run(scene())


def test_metrics_are_in_prometheus_format() -> None:
    async def scene() -> None:
        from prometheus_client.parser import text_string_to_metric_families

        async with serving() as server:
            status, text = await get(server, "/metrics")
            assert status == 200
            names = {family.name for family in text_string_to_metric_families(text)}
            assert {"umtn_requests", "umtn_refused", "umtn_answer_seconds"} <= names

    asyncio.run(scene())


def test_with_a_token_what_happens_is_shown_to_those_who_have_it() -> None:
    async def scene() -> None:
        async with serving(TOKEN) as server:
            assert (await get(server, "/metrics"))[0] == 401
            assert (await get(server, "/metrics", Authorization=f"Bearer {TOKEN}"))[0] == 200
            assert (await get(server, f"/metrics?token={TOKEN}"))[0] == 200
            assert (await get(server, "/umtn/pong?VALUE"))[0] == 204
            assert (await get(server, f"/umtn/pong?VALUE&token={TOKEN}"))[0] == 200
            # What the protocol is, is no secret.
            assert (await get(server, "/"))[0] == 200
            assert (await get(server, "/metrics?token=guess"))[0] == 403
            assert (await get(server, f"/metrics?token={TOKEN}"))[0] == 200

    asyncio.run(scene())


def test_a_web_page_cannot_read_it_under_its_own_name() -> None:
    async def scene() -> None:
        async with serving() as server:
            assert (await get(server, "/", Host="evil.example"))[0] == 403
            assert (await get(server, "/", Host=f"localhost:{server.port}"))[0] == 200

    asyncio.run(scene())


async def said(server: HttpServer, request: bytes, seconds: float = 5.0) -> bytes:
    """Send these bytes, and return all that comes back before the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request.replace(b"PORT", b"%d" % server.port))
    try:
        return await asyncio.wait_for(reader.read(), seconds)
    finally:
        writer.close()


def head_of(answer: bytes) -> tuple[int, dict[str, str]]:
    head, *lines = answer.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    return int(head.split()[1]), {
        name.lower(): value for name, _, value in (line.partition(": ") for line in lines)
    }


@pytest.mark.parametrize(
    ("hosts", "status"),
    [
        ([b"localhost:PORT"], 200),
        ([b"LocalHost.:PORT"], 200),
        ([b"127.0.0.1:PORT"], 200),
        ([b"[::1]:PORT"], 200),
        # Elsewhere than where we are, so for somebody else.
        ([b"localhost"], 403),
        ([b"127.0.0.1:1"], 403),
        ([b"evil.example:PORT"], 403),
        ([b"127.0.0.1.evil.example:PORT"], 403),
        ([b"0x7f.1:PORT"], 403),
        # No host at all.
        ([], 400),
        ([b""], 400),
        ([b"localhost:PORT", b"localhost:PORT"], 400),
        ([b"localhost:PORT", b"evil.example:PORT"], 400),
        ([b"127.0.0.1:99999"], 400),
        ([b"a:b:c"], 400),
        ([b"[::1"], 400),
        ([b"::1"], 400),
        ([b"[]:PORT"], 400),
        ([b"[::1]:x"], 400),
        ([b"[x]:PORT"], 400),
        ([b":PORT"], 400),
        ([b"local host:PORT"], 400),
        ([b"local\thost:PORT"], 400),
        ([b"localhost:PORT/path"], 400),
        ([b"user@localhost:PORT"], 400),
        ([b"user:secret@localhost:PORT"], 400),
        ([b"localhost@evil.example"], 400),
        ([b"localhost,localhost:PORT"], 400),
        ([b"\xff"], 400),
        (["\N{FULLWIDTH LATIN SMALL LETTER L}ocalhost:PORT".encode()], 400),
        ([b"localhost:\xd9\xa1"], 400),
        ([b"a" * 300], 400),
        ([b"a" * 65_536], 400),
        ([b"1" * 5_000 + b":PORT"], 400),
        ([b"localhost:" + b"1" * 5_000], 400),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_host_is_here_or_refused_and_never_a_fault_of_ours(
    hosts: list[bytes], status: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        lines = b"".join(b"Host: " + host + b"\r\n" for host in hosts)
        async with serving() as server:
            request = b"GET /?HOST_INFO HTTP/1.1\r\nConnection: close\r\n" + lines + b"\r\n"
            assert head_of(await said(server, request))[0] == status

    asyncio.run(scene())
    assert not caplog.records


def test_who_shows_the_token_may_ask_by_any_name() -> None:
    async def scene() -> None:
        shown = {"Authorization": f"Bearer {TOKEN}"}
        for host in ("localhost", "::"):
            async with serving(TOKEN, host=host) as server:
                for name in ("studio.example", f"studio.example:{server.port}"):
                    assert (await get(server, "/", Host=name))[0] == 403
                    assert (await get(server, "/", Host=name, **shown))[0] == 200

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://127.0.0.1:PORT"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "http://localhost:PORT"}, 403),
        ({"Origin": "https://127.0.0.1:PORT"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "Cross-Site"}, 403),
        ({"Origin": "http://127.0.0.1:PORT", "Sec-Fetch-Site": "same-site"}, 403),
    ],
    ids=lambda value: "; ".join(map(": ".join, value.items())) if isinstance(value, dict) else "",
)
def test_web_pages_get_nothing_even_with_the_token(headers: dict[str, str], status: int) -> None:
    async def scene() -> None:
        for token in (None, TOKEN):
            async with serving(token) as server:
                mine = {
                    name: value.replace("PORT", str(server.port)) for name, value in headers.items()
                }
                for path in ("/", "/?HOST_INFO", f"/metrics?token={TOKEN}", "/none"):
                    expected = 404 if (path, status) == ("/none", 200) else status
                    assert (await get(server, path, **mine))[0] == expected

    asyncio.run(scene())


def test_no_answer_is_for_other_pages_or_to_be_kept_or_guessed_at() -> None:
    async def scene() -> None:
        async with serving(TOKEN) as server:
            for request in (
                b"GET /?HOST_INFO",
                b"GET /none",
                b"GET /metrics",
                b"POST /",
                b"HEAD /",
            ):
                for origin in (b"", b"Origin: http://evil.example\r\n"):
                    lines = b" HTTP/1.1\r\nHost: localhost:PORT\r\nConnection: close\r\n"
                    _, headers = head_of(await said(server, request + lines + origin + b"\r\n"))
                    assert headers["x-content-type-options"] == "nosniff"
                    assert headers["cross-origin-resource-policy"] == "same-origin"
                    assert headers["cache-control"] == "no-store"
                    assert headers["referrer-policy"] == "no-referrer"
                    assert "default-src 'none'" in headers["content-security-policy"]
                    assert not [name for name in headers if name.startswith("access-control-")]

    asyncio.run(scene())


def test_nothing_but_asking_is_possible() -> None:
    async def scene() -> None:
        async with serving() as server:
            for method in (b"POST", b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"TRACE"):
                request = method + b" /umtn/render HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n"
                # The connection is closed: nothing is read any more.
                status, headers = head_of(await said(server, request + request))
                assert (status, headers["connection"]) == (405, "close")
                assert set(headers["allow"].split(",")) == {"GET", "HEAD"}
            answer = await said(
                server, b"HEAD / HTTP/1.1\r\nHost: localhost:PORT\r\nConnection: close\r\n\r\n"
            )
            assert head_of(answer)[0] == 200
            assert answer.endswith(b"\r\n\r\n")

    asyncio.run(scene())


@pytest.mark.parametrize("method", [b"POST", b"GET"])
@pytest.mark.parametrize("sent", [0, 1_000, 1 << 24])
def test_a_body_is_not_waited_for_and_no_more_of_it_is_read_than_a_little(
    method: bytes, sent: int
) -> None:
    async def scene() -> None:
        async with serving() as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(
                method + b" / HTTP/1.1\r\nHost: localhost:%d\r\n" % server.port
                + b"Content-Length: 1000000000\r\n\r\n" + bytes(sent)
            )  # fmt: skip
            line = await asyncio.wait_for(reader.readline(), 5)
            assert line.split()[1] == (b"200" if method == b"GET" else b"405")
            try:
                await asyncio.wait_for(reader.read(), 5)
            except ConnectionError:
                assert sent > 1_000  # what was not read is thrown back
            writer.close()

    asyncio.run(scene())


@pytest.mark.parametrize(
    "request_",
    [
        b"\0\xff nonsense\r\n\r\n" + b"x" * 100_000,
        b"GET\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
        b"GET //[ HTTP/1.1\r\nHost: localhost:PORT\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: localhost:PORT\r\n\r\n",
        b"GET /" + b"a" * 65_536 + b" HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost:PORT\r\n" + b"A: b\r\n" * 10_000 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost:PORT\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT localhost:PORT HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500) + b"\r\n\r\n",
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_no_request_is_the_senders_fault_and_written_down_nowhere(
    request_: bytes, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    async def scene() -> None:
        async with serving() as server:
            try:
                answer = await said(server, request_)
            except ConnectionError:
                answer = b""  # closed on what it had sent beyond that
            assert answer == b"" or head_of(answer)[0] in (400, 404, 405)
            assert (await get(server, "/?HOST_INFO"))[0] == 200

    asyncio.run(scene())
    assert not caplog.records
    assert capfd.readouterr() == ("", "")


def test_a_fault_of_ours_is_written_down(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        async with serving() as server:
            server._values = lambda: {}["missing"]
            assert (await get(server, "/"))[0] == 500

    asyncio.run(scene())
    assert "KeyError: 'missing'" in caplog.text


def test_a_flood_without_the_token_keeps_nobody_with_it_out() -> None:
    async def scene() -> None:
        async with serving(TOKEN) as server, aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{server.port}/metrics"

            async def status(**headers: str) -> int:
                async with session.get(url, headers=headers) as answer:
                    return answer.status

            wrong = [await status(Authorization=f"Bearer wrong{n}") for n in range(100)]
            assert set(wrong) == {403}
            assert 429 in [await status() for _ in range(300)]
            assert await status(Authorization=f"Bearer {TOKEN}") == 200

    asyncio.run(scene())


def test_a_port_that_is_taken_is_one_sentence() -> None:
    async def scene() -> None:
        async with serving() as server:
            with pytest.raises(UmtnError, match="choose another one with --http-port"):
                async with serving(port=server.port):
                    pass

    asyncio.run(scene())
