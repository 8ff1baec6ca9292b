"""Web pages that attack the bridge: in a real browser, and with the bytes that browsers send."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
from pythonosc import slip
from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.client import Bridge
from tests.bridge.conftest import RealBridge, Served

PAGE = Path(__file__).with_name("hostile_page.html")

#: A name of the attacker's, and one whose address changes to this machine's.
EVIL, REBOUND = "evil.example", "rebound.example"

TOKEN = "0123456789abcdef"


def message(address: str, *values: object) -> bytes:
    builder = OscMessageBuilder(address)
    for value in values:
        builder.add_arg(value)
    packet: bytes = builder.build().dgram
    return packet


def requests_of_a_page(id: str, victim: str) -> list[bytes]:
    return [
        message("/umtn/token", "a guess of the page's"),
        message("/umtn/render", id, "in.wav", "flute", f"{id}.wav", "model", "tiny"),
        message("/umtn/cancel", victim),
    ]


def bodies(id: str, victim: str) -> list[bytes]:
    """The requests in both framings, behind what makes the head a frame of its own."""
    packets = requests_of_a_page(id, victim)
    framed = b"".join(map(slip.encode, packets))
    counted = b"".join(struct.pack(">i", len(packet)) + packet for packet in packets)
    return [framed, slip.END + counted + framed]


# With the bytes alone.

HEADS = {
    "form": b"POST / HTTP/1.1\r\nHost: 127.0.0.1:9470\r\nOrigin: http://evil.example\r\n"
    b"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\na=",
    "fetch": b"POST /\xc3\x80 HTTP/1.1\r\nHost: 127.0.0.1:9470\r\nContent-Length: %d\r\n\r\n",
    "preflight": b"OPTIONS / HTTP/1.1\r\nHost: 127.0.0.1:9470\r\nX: %d\r\n\r\n",
    "websocket": b"GET / HTTP/1.1\r\nHost: 127.0.0.1:9470\r\nUpgrade: websocket\r\nX: %d\r\n\r\n",
    "put": b"PUT / HTTP/1.1\r\nHost: 127.0.0.1:9470\r\nContent-Length: %d\r\n\r\n",
    "http/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n%d",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03%d",
}


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("token", [None, TOKEN], ids=["open", "with a token"])
@pytest.mark.parametrize("at_once", [True, False], ids=["one piece", "two pieces"])
def test_of_a_stream_that_begins_with_no_frame_nothing_is_obeyed(
    head: str, token: str | None, at_once: bool, serve: Callable[..., Any]
) -> None:
    async def attacked(served: Served, body: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        first = HEADS[head] % len(body)
        with contextlib.suppress(ConnectionError):
            writer.write(first + body if at_once else first)
            if not at_once:
                await asyncio.sleep(0.05)
                writer.write(body)
            # The connection is closed, and soon.
            await asyncio.wait_for(reader.read(), 5)
        writer.close()

    async def scene() -> None:
        async with serve(token=token) as served:
            for body in bodies("stolen", "mine"):
                await attacked(served, body)
            assert not served.jobs.all
            # The same bytes without the head are what the bridge does obey.
            if token is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
                writer.write(bodies("stolen", "mine")[0])
                await asyncio.wait_for(reader.read(1), 5)
                await asyncio.sleep(0.1)
                assert list(served.jobs.all) == ["stolen"]
                writer.close()

    asyncio.run(scene())


# With a browser.


class Accepting:
    """Something that listens, with a thread for each connection."""

    def __init__(self, host: str, port: int = 0):
        self._listening = socket.create_server((host, port))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        raise NotImplementedError


class Naive(Accepting):
    """What a page can attack: obeys every frame on a connection, and answers each with a page."""

    def __init__(self) -> None:
        self.obeyed: list[bytes] = []
        super().__init__("127.0.0.1")

    def _serve(self, connection: socket.socket) -> None:
        answer = (
            b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 6\r\n"
            b"Access-Control-Allow-Methods: *\r\nConnection: close\r\n\r\nsecret"
        )
        read = b""
        with connection, contextlib.suppress(OSError):
            connection.settimeout(1)
            connection.sendall(answer)
            connection.shutdown(socket.SHUT_WR)
            with contextlib.suppress(TimeoutError):
                while chunk := connection.recv(1 << 16):
                    read += chunk
        self.obeyed += [
            frame for frame in read.split(slip.END) if frame.startswith(b"/umtn/render\0")
        ]


class Forwarding(Accepting):
    """An address of the attacker's that becomes another one's: first a page, then that.

    For who is asked, this is what a name is that changes its address between two requests.
    """

    def __init__(self, port: int, page: int):
        self._page = page
        # Loopback has many addresses, and the bridge only the first.
        super().__init__("127.0.0.2", port)

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            first = connection.recv(1 << 16)
            if not first:
                return
            own = first.split(b" ", 2)[1].startswith((b"/page", b"/config"))
            with socket.create_connection(("127.0.0.1", self._page if own else self.port)) as on:
                on.sendall(first)
                back = threading.Thread(target=_pump, args=(on, connection), daemon=True)
                back.start()
                _pump(connection, on)
                back.join(5)


def _pump(source: socket.socket, drain: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(1 << 16):
            drain.sendall(chunk)
        drain.shutdown(socket.SHUT_WR)


class Attacker(ThreadingHTTPServer):
    """Serves the page to each origin, and remembers what it reports."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Attacking)
        self.port: int = self.server_address[1]
        self.origins: list[str] = []
        self.targets: list[list[dict[str, str]]] = []
        self.bodies: list[str] = []
        self.read: dict[str, list[dict[str, str]]] = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Attacking(BaseHTTPRequestHandler):
    server: Attacker

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/page":
            self._answer("text/html", PAGE.read_bytes())
        elif url.path == "/config":
            targets = self.server.targets[int(url.query)]
            # Not where the page is from: its connections may lead to the target by now.
            report = f"http://{EVIL}:{self.server.port}/report?{url.query}"
            config = {"targets": targets, "bodies": self.server.bodies, "report": report}
            self._answer("application/json", json.dumps(config).encode())
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        number = int(urlsplit(self.path).query)
        read = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer("text/plain", b"")
        self.server.read[self.server.origins[number]] = read

    def _answer(self, kind: str, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def browsing(url: str, folder: Path) -> Iterator[None]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("there is no Chromium")
    folder.mkdir()
    process = subprocess.Popen(
        [
            program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            f"--user-data-dir={folder / 'profile'}", "--remote-debugging-port=0",
            f"--host-resolver-rules=MAP {EVIL} 127.0.0.1, MAP {REBOUND} 127.0.0.2, "
            "EXCLUDE 127.0.0.1, EXCLUDE localhost, MAP * ~NOTFOUND",
            url,
        ],
        stdout=subprocess.DEVNULL, stderr=(folder / "chromium").open("wb"),
    )  # fmt: skip
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.long
def test_no_page_of_any_site_starts_cancels_or_reads_anything(
    tiny_models: Path, tmp_path: Path, recording: Callable[..., Path]
) -> None:
    bridges = {
        "open": RealBridge(tmp_path / "open", tiny_models, "--no-token"),
        "token": RealBridge(tmp_path / "token", tiny_models),
    }
    naive, attacker = Naive(), Attacker()
    with contextlib.ExitStack() as stack:
        stack.callback(attacker.shutdown)
        stack.callback(naive.close)
        targets = [{"name": "naive", "url": f"http://127.0.0.1:{naive.port}"}]
        origins = [f"http://{host}:{attacker.port}" for host in (EVIL, "127.0.0.1", "localhost")]
        rebound = [naive.port]
        for name, bridge in bridges.items():
            recording(f"{name}/sessions/in.wav")
            recording(f"{name}/sessions/long.wav", seconds=500)
            bridge.start()
            stack.callback(bridge.stop)
            host, http_port = bridge.address["host"], bridge.address["http_port"]
            for port, kind in ((bridge.port, "osc"), (http_port, "http")):
                targets.append({"name": f"{name} {kind}", "url": f"http://{host}:{port}"})
                targets.append({"name": f"{name} {kind}", "url": f"http://localhost:{port}"})
                rebound.append(port)
        for port in rebound:
            stack.callback(Forwarding(port, attacker.port).close)
        attacker.origins = [*origins, *(f"http://{REBOUND}:{port}" for port in rebound)]
        names = {str(urlsplit(target["url"]).port): target["name"] for target in targets}
        attacker.targets = [targets] * len(origins) + [
            [{"name": f"{names[str(port)]} rebound", "url": f"http://{REBOUND}:{port}"}]
            for port in rebound
        ]
        attacker.bodies = [body.hex() for body in bodies("stolen", "mine")]
        clients = {
            name: stack.enter_context(
                Bridge(bridge.address["host"], bridge.port, token=bridge.token or None)
            )
            for name, bridge in bridges.items()
        }
        for name, client in clients.items():
            # A worker that stands still: what waits behind its job is there to be cancelled.
            client.render(bridges[name].session / "long.wav", "flute", id="first", model="tiny")
            for worker in psutil.Process(bridges[name].process.pid).children(recursive=True):
                worker.suspend()
                stack.callback(worker.resume)
            client.render(
                bridges[name].session / "long.wav", "flute",
                bridges[name].session / "mine.wav", id="mine", model="tiny", temperature=0.5,
            )  # fmt: skip

        for number, origin in enumerate(attacker.origins):
            with browsing(f"{origin}/page?{number}", tmp_path / f"browser{number}"):
                until = time.monotonic() + 60
                while origin not in attacker.read:
                    assert time.monotonic() < until, f"no report from {number}: {origin}"
                    time.sleep(0.1)

        # The attack is one: what obeys and answers everybody obeyed and was read.
        read = [each for report in attacker.read.values() for each in report]
        by_naive = {each["how"] for each in read if each["target"] == "naive"}
        assert {"fetch cors", "xhr"} <= by_naive
        assert [how for how in by_naive if how.startswith("fetch get")]
        assert "fetch cors" in {each["how"] for each in read if each["target"] == "naive rebound"}
        # From each of the three origins and the name, with more ways than one of each body.
        assert len(naive.obeyed) > 4 * len(attacker.bodies)

        secrets = [each for each in read if not each["target"].startswith("naive")]
        assert [each for each in secrets if not _is_refusal(each)] == []
        for name, client in clients.items():
            assert [job.id for job in client.jobs()] == ["first", "mine"]
            assert client.status("mine").state == "queued"
            assert not (bridges[name].session / "stolen.wav").exists()
            assert "Traceback" not in bridges[name].stderr
        # And the requests are such as the bridge does obey from who belongs.
        with socket.create_connection(("127.0.0.1", bridges["open"].port)) as own:
            own.sendall(bodies("stolen", "mine")[0])
            until = time.monotonic() + 20
            while clients["open"].status("mine").state != "cancelled":
                assert time.monotonic() < until
                time.sleep(0.1)
        assert {job.id for job in clients["open"].jobs()} == {"first", "mine", "stolen"}


def _is_refusal(read: dict[str, str]) -> bool:
    """Whether all that a page could read is that it gets nothing.

    Under a name of its own it may read that, and no more, since it is the same origin.
    """
    refusals = ("403 Ask by address", "403 Web pages get nothing", "405 ", "405: Method Not")
    return read["target"].endswith("http rebound") and (
        read["text"].startswith(refusals) or read["how"].startswith(("xhr", "form", "iframe"))
    )
