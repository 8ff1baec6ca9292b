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
            assert (await get(server, f"/metrics?token={TOKEN}"))[0] == 403

    asyncio.run(scene())


def test_a_web_page_cannot_read_it_under_its_own_name() -> None:
    async def scene() -> None:
        async with serving() as server:
            assert (await get(server, "/", Host="evil.example"))[0] == 403
            assert (await get(server, "/", Host=f"localhost:{server.port}"))[0] == 200

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("host", "status"),
    [
        (b"localhost.:80", 200),
        (b"127.0.0.1:99999", 400),
        (b"[::1]:x", 400),
        (b"\xff", 400),
        (b"localhost@evil.com", 403),
        (b"127.0.0.1.evil.com", 403),
    ],
)
def test_a_host_that_is_none_is_no_fault_of_ours(host: bytes, status: int) -> None:
    async def scene() -> None:
        async with serving() as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"GET /?HOST_INFO HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
            assert (await asyncio.wait_for(reader.readline(), 5)).split()[1] == b"%d" % status
            writer.close()

    asyncio.run(scene())


def test_nothing_but_asking_is_possible() -> None:
    async def scene() -> None:
        url = "http://127.0.0.1:{}/umtn/render"
        async with serving() as server, aiohttp.ClientSession() as session:
            for method in ("POST", "PUT", "DELETE", "PATCH"):
                async with session.request(method, url.format(server.port)) as answer:
                    assert answer.status == 405
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"\0\xff nonsense\r\n\r\n" + b"x" * 100_000)
            await asyncio.wait_for(reader.read(), 10)
            writer.close()
            assert (await get(server, "/?HOST_INFO"))[0] == 200

    asyncio.run(scene())


def test_a_port_that_is_taken_is_one_sentence() -> None:
    async def scene() -> None:
        async with serving() as server:
            with pytest.raises(UmtnError, match="choose another one with --http-port"):
                async with serving(port=server.port):
                    pass

    asyncio.run(scene())
