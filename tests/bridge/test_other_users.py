"""Other users of the machine, to whom a bridge answers nothing and shows nothing."""

from __future__ import annotations

import asyncio
import os
import pickle
import shutil
import socket
import stat
import struct
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
import psutil
import pytest

from bridge.client import AsyncBridge, Bridge, BridgeError
from bridge.client import asynchronous as client_module
from bridge.discovery.address_file import Address, read_address, write_address
from bridge.protocol import REQUESTS
from bridge.server.packets import read_packet, request
from tests.bridge.conftest import RealBridge
from umtn_core.audio.write import write_audio

T = TypeVar("T")

pytestmark = pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can become other users"
)

#: A user who means no good, and one of whom nothing is to be known; neither need exist.
OTHER, USER = 54_321, 54_322


def as_user(uid: int, work: Callable[[], T]) -> T:
    """Do something in a process of another user, and return or raise what came of it."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            answer: tuple[bool, Any] = (True, work())
        except BaseException as error:
            answer = (False, error)
        os.write(writing, pickle.dumps(answer))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        contents = pipe.read()
    os.waitpid(child, 0)
    done, what = pickle.loads(contents)
    if not done:
        raise what
    result: T = what
    return result


@pytest.fixture(scope="module")
def shared() -> Iterator[Path]:
    """A folder that everybody may look into, unlike those of tests."""
    folder = Path(tempfile.mkdtemp(prefix="umtn-users-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def everyones(shared: Path) -> Iterator[Path]:
    """One that everybody may write to as well, as /tmp is."""
    folder = shared / "tmp"
    folder.mkdir()
    folder.chmod(0o1777)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def bridge(shared: Path, tiny_models: Path) -> Iterator[RealBridge]:
    """A bridge that has rendered something and still remembers it."""
    bridge = RealBridge(shared / "bridge", tiny_models)
    # The bridge is to make it.
    bridge.session.rmdir()
    bridge.start()
    try:
        with Bridge("127.0.0.1", bridge.port, token=bridge.token) as client:
            source = bridge.session / "secret-song.wav"
            write_audio(source, np.full((1, 800), 0.1, np.float32), 16_000)
            client.render(source, "flute", id="secret-job", model="tiny")
            assert client.follow("secret-job").state == "done"
        yield bridge
    finally:
        bridge.stop()


def told(bridge: RealBridge, contents: bytes) -> list[bytes]:
    """Return what of the user's is in what somebody was sent."""
    secrets = (b"secret", str(bridge.session).encode(), bridge.token.encode(), b"tiny")
    return [secret for secret in secrets if secret in contents]


#: All that a bridge can be asked, about the job that there is.
ASKED = [
    request("/umtn/ping", ()),
    request("/umtn/models", ()),
    request("/umtn/jobs", ()),
    request("/umtn/subscribe", ()),
    request("/umtn/status", ("secret-job",)),
    request("/umtn/cancel", ("secret-job",)),
    request("/umtn/render", ("theirs", "secret-song.wav", "flute", "", "model", "tiny")),
    request("/umtn/render", ("theirs", "/etc/passwd", "flute")),
    request("/umtn/preview", ("theirs", "tiny", "flute")),
    request("/umtn/convert", ("theirs", "secret-song.wav", "theirs.wav")),
    request("/umtn/token", ("0123456789abcdef",)),
    request("/umtn/ping", ()),
]


def answers_over_udp(port: int, packets: list[bytes], bound: int = 0) -> list[bytes]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.bind(("127.0.0.1", bound))
        asking.settimeout(0.5)
        for packet in packets:
            asking.sendto(packet, ("127.0.0.1", port))
        heard = []
        try:
            while True:
                heard.append(asking.recv(65_536))
        except TimeoutError:
            return heard


def answers_over_tcp(port: int, packets: list[bytes]) -> list[bytes]:
    with socket.create_connection(("127.0.0.1", port)) as asking:
        asking.settimeout(0.5)
        for packet in packets:
            asking.sendall(struct.pack(">I", len(packet)) + packet)
        heard = b""
        try:
            while block := asking.recv(65_536):
                heard += block
        except TimeoutError:
            pass
    answers = []
    while heard:
        (length,) = struct.unpack(">I", heard[:4])
        answers.append(heard[4 : 4 + length])
        heard = heard[4 + length :]
    return answers


def test_all_that_can_be_asked_is_asked() -> None:
    asked = {message.address for packet in ASKED for message in read_packet(packet)}
    left = {"/umtn/unsubscribe", "/umtn/reply_port", "/umtn/leave"}
    assert asked | left == {message.address for message in REQUESTS}


@pytest.mark.parametrize("ask", [answers_over_udp, answers_over_tcp])
def test_whoever_asks_without_the_token_is_told_nothing(
    bridge: RealBridge, ask: Callable[[int, list[bytes]], list[bytes]]
) -> None:
    heard = as_user(OTHER, lambda: ask(bridge.port, ASKED))
    assert heard and not told(bridge, b"".join(heard).replace(b"secret-job", b""))
    messages = [message for packet in heard for message in read_packet(packet)]
    assert {message.address for message in messages} == {"/umtn/error"}
    assert {message.arguments[1] for message in messages} == {"token", "denied"}
    with Bridge("127.0.0.1", bridge.port, token=bridge.token) as client:
        assert {job.id: job.state for job in client.jobs()}["secret-job"] == "done"


def test_who_subscribed_without_the_token_hears_of_no_job(bridge: RealBridge) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(0.5)
        port = listening.getsockname()[1]
        packets = [request("/umtn/subscribe", (port,)), request("/umtn/reply_port", (port,))]
        as_user(OTHER, lambda: answers_over_udp(bridge.port, packets))
        with Bridge("127.0.0.1", bridge.port, token=bridge.token) as client:
            source = bridge.session / "secret-song.wav"
            client.render(source, "violin", id="secret-job-2", model="tiny")
            client.follow("secret-job-2")
        heard = b""
        try:
            while True:
                heard += listening.recv(65_536)
        except TimeoutError:
            pass
        assert not told(bridge, heard)


def test_over_http_nothing_that_happens_is_shown(bridge: RealBridge) -> None:
    def get(path: str) -> tuple[int, bytes]:
        try:
            with opener.open(f"http://127.0.0.1:{bridge.address['http_port']}{path}") as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for path in ("/", "/?HOST_INFO", "/umtn/pong?VALUE", "/metrics", "/metrics?token=guess"):
        status, body = as_user(OTHER, lambda path=path: get(path))
        assert not told(bridge, body), path
        # The list of messages is no secret.
        assert (status == 200) == (path in ("/", "/?HOST_INFO"))


def test_a_port_that_a_client_has_left_lets_nobody_in(bridge: RealBridge) -> None:
    async def scene() -> int:
        async with AsyncBridge("127.0.0.1", bridge.port, token=bridge.token) as client:
            await client.ping()
            (own,) = client._link._sockets
            port: int = own._transport.get_extra_info("sockname")[1]  # type: ignore[union-attr]
            return port

    port = asyncio.run(scene())
    heard = as_user(OTHER, lambda: answers_over_udp(bridge.port, ASKED[:3], port))
    assert heard and not told(bridge, b"".join(heard))


def test_no_file_of_the_bridge_can_be_looked_at(bridge: RealBridge) -> None:
    store, log = bridge.folder / "store", bridge.log
    inside = [*bridge.session.iterdir(), *store.rglob("*")]
    assert {path.name for path in inside} >= {"jobs.sqlite", "jobs.journal", "worker-cpu-0.log"}
    assert any(path.suffix == ".wav" for path in inside)

    def look(path: Path) -> str:
        return str(list(path.iterdir()) if path.is_dir() else path.read_bytes())

    for path in (bridge.folder / "bridge.json", log, bridge.session, store, *inside):
        with pytest.raises(PermissionError):
            as_user(OTHER, lambda path=path: look(path))
        if path.name != "secret-song.wav":
            # Also were somebody to open the folders.
            assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


def test_the_token_is_written_nowhere_else(bridge: RealBridge) -> None:
    processes = psutil.Process(bridge.process.pid)
    for process in (processes, *processes.children(recursive=True)):
        assert bridge.token not in " ".join(process.cmdline())
        with pytest.raises(PermissionError):
            as_user(OTHER, lambda pid=process.pid: Path(f"/proc/{pid}/environ").read_bytes())
    said = bridge.umtn("send", "--ping", "--json")
    assert said.exit_code == 0 and bridge.token not in said.output
    assert len(bridge.token) >= 32
    written = [bridge.folder / "stderr", bridge.log, *(bridge.folder / "store").rglob("*")]
    for path in filter(Path.is_file, written):
        assert bridge.token.encode() not in path.read_bytes(), path
    assert "your own programs, which find the token in" in bridge.stderr


def address(port: int = 9471) -> Address:
    return Address(1, "1", os.getpid(), "127.0.0.1", port, 9472, "/s", "now", "secret" * 4)


@pytest.mark.parametrize("what", ["a file", "a link", "a folder", "a pipe"])
def test_what_is_put_in_the_way_of_the_address_file_gets_no_token(
    everyones: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    place, theirs = everyones / "bridge.json", everyones / "theirs"
    monkeypatch.setenv("UMTN_BRIDGE_FILE", str(place))

    def put() -> None:
        if what == "a file":
            place.touch(mode=0o666)
        elif what == "a link":
            theirs.touch(mode=0o666)
            place.symlink_to(theirs)
        elif what == "a folder":
            place.mkdir()
        else:
            os.mkfifo(place, 0o666)

    as_user(OTHER, put)
    with pytest.raises(Exception, match="UMTN_BRIDGE_FILE"):
        as_user(USER, lambda: write_address(address()))
    assert as_user(USER, read_address) is None
    assert not theirs.exists() or not theirs.read_bytes()
    assert len(list(everyones.iterdir())) == (2 if what == "a link" else 1)


def test_a_run_time_folder_that_another_user_made_gets_no_token(
    everyones: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("UMTN_BRIDGE_FILE", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TMPDIR", str(everyones))
    monkeypatch.setattr(tempfile, "tempdir", None)
    theirs = everyones / f"runtime-{USER}"

    def put() -> None:
        theirs.mkdir()
        theirs.chmod(0o777)

    as_user(OTHER, put)
    with pytest.raises(Exception, match="UMTN_BRIDGE_FILE"):
        as_user(USER, lambda: write_address(address()))
    assert not list(theirs.rglob("*.json"))


def test_who_listens_where_a_bridge_could_be_hears_nothing(
    everyones: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither before there is a bridge, nor in the place of one that was killed."""
    monkeypatch.setenv("UMTN_BRIDGE_FILE", str(everyones / "bridge.json"))
    gone = subprocess.Popen(["true"])
    gone.wait()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(0.2)
        port = listening.getsockname()[1]
        monkeypatch.setattr(client_module, "PORT", port)

        async def render() -> None:
            async with AsyncBridge(timeout=0.5) as bridge:
                await bridge.render("/music/secret-song.wav", "flute")

        for left in (None, address(port)):
            if left is not None:
                write_address(msgspec.structs.replace(left, pid=gone.pid))
            with pytest.raises(BridgeError, match="start one with `umtn bridge`"):
                asyncio.run(render())
            with pytest.raises(TimeoutError):
                listening.recv(65_536)


def test_a_port_that_another_user_has_taken_is_one_sentence(
    bridge: RealBridge, shared: Path
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        second = subprocess.run(
            bridge.command("--port", port, "--data-folder", str(shared / "second")),
            env={**bridge.environment, "UMTN_BRIDGE_FILE": str(shared / "second.json")},
            cwd=shared,
            capture_output=True,
            text=True,
        )
    assert second.returncode == 1 and len(second.stderr.splitlines()) == 1
    assert f"port {port} (address already in use)" in second.stderr
    assert not (shared / "second.json").exists()
